"""What a back-up says of itself, and whether its files are those that were written."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, text

from ops import migrations
from workers.archive import path_of
from workers.store.tables import metadata

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
TABLES: tuple[Table, ...] = tuple(t for t in metadata.sorted_tables if t.name not in {"session", "heartbeat"})
"""What is kept, in an order in which each table follows those that it names."""
_MONEY = """
SELECT 'payments ' || state, count(*), sum(amount)::bigint FROM payment GROUP BY state
UNION ALL SELECT 'vouchers ' || state, count(*), sum(total)::bigint FROM voucher GROUP BY state
UNION ALL SELECT 'live splits', count(*), coalesce(sum(amount), 0)::bigint FROM split WHERE superseded_by IS NULL
UNION ALL SELECT 'claims', count(*), coalesce(sum(amount), 0)::bigint FROM item WHERE withdrawn_at IS NULL
UNION ALL SELECT 'balances of cases', count(*), coalesce(sum(balance), 0)::bigint FROM kk2_case
ORDER BY 1
"""


class BackupError(Exception):
    """A back-up can't be taken or restored; the sentence says what was found and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a back-up holds. `rows` by table; `money` by what it is: number and sum in øre; `lacks`: sha256 of originals.

    `acts`, `audit`: how many acts of people, and the hash of the last. `key`: tells one fingerprint key from another.
    """

    made_at: str
    version: str
    migration: str
    epoch: int
    acts: int
    audit: str
    rows: Mapping[str, int]
    sequences: Mapping[str, int]
    money: Mapping[str, list[int]]
    originals: tuple[str, ...]
    lacks: tuple[str, ...]
    key: str

    def as_text(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self), indent=1)


def money(connection: Connection) -> dict[str, list[int]]:
    """Sums that must be the same on both sides, in øre."""
    return {row[0]: [row[1], row[2]] for row in connection.execute(text(_MONEY))}


def end_of_audit(connection: Connection) -> tuple[int, str]:
    """How many acts the chain has, and the hash of the last one."""
    row = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM audit), (SELECT encode(hash, 'hex') FROM audit ORDER BY id DESC LIMIT 1)"
        )
    ).one()
    return row[0], row[1] or ""


def of_key(key: bytes) -> str:
    """A few digits that tell keys apart and tell nothing of them."""
    return hashlib.sha256(b"kk2 back-up" + hashlib.sha256(key).digest()).hexdigest()[:12]


def of_table(folder: Path, table: str) -> Path:
    """Where a table's rows stand."""
    return folder / "tables" / f"{table}.gz"


def digest(file: Path) -> str:
    """A file's sha256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_of(folder: Path, manifest: Manifest) -> Iterator[Path]:
    """Every file that a back-up must have, but for the sums themselves."""
    yield folder / MANIFEST
    yield from (of_table(folder, table.name) for table in TABLES)
    yield from (path_of(folder / "originals", sha256) for sha256 in manifest.originals)


def check(folder: Path) -> Manifest:
    """Read a back-up whole and give what it says of itself; raises `BackupError` for one that is damaged or not for us."""
    if not (folder / SUMS).is_file():
        raise BackupError(
            f"{folder} is no whole back-up: it has no {SUMS}, which is written last; take another one"
        )
    lines = (folder / SUMS).read_text("utf-8", "replace").splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    _prove(folder, folder / MANIFEST, sums)
    written = json.loads((folder / MANIFEST).read_text("utf-8"))
    if written["migration"] != migrations.newest():
        raise BackupError(
            f"the back-up was made by version {written['version']}, whose database is at {written['migration']}; this version "
            f"wants {migrations.newest()}: install the version that made it, restore, then upgrade as always"
        )
    manifest = Manifest(
        **written | {name: tuple(written[name]) for name in ("originals", "lacks")},
    )
    for file in files_of(folder, manifest):
        _prove(folder, file, sums)
    return manifest


def _prove(folder: Path, file: Path, sums: Mapping[str, str]) -> None:
    name = file.relative_to(folder).as_posix()
    if not file.is_file():
        raise BackupError(f"the back-up {folder} is damaged: {name} is missing; take another one")
    found = digest(file)
    if sums.get(name) != found:
        raise BackupError(
            f"the back-up {folder} is damaged: {name} is not what was written (expected sha256 "
            f"{sums.get(name, 'none')}, found {found}); take another one"
        )
