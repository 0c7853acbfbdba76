"""The whole stack as real processes on free ports of the loopback, with the invented municipality set up in it."""

import os
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import psutil
from sqlalchemy import Engine, create_engine

from ops import case_file, embedded, migrations, setup_file
from ops.demo import records
from ops.demo.town import Town
from ops.embedded import HOST, Servers, free_port
from ops.supervisor import Supervisor, read_status, standard_processes

ACTOR = "demo"
_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs. `visma`: address of the simulated Visma; `environment`: what `kk2` needs to work on all this."""

    folder: Path
    servers: Servers
    supervisor: Supervisor
    engine: Engine
    visma: str
    flower: str
    console: str
    environment: Mapping[str, str]

    @property
    def inbox(self) -> Path:
        """Where bank files are dropped."""
        return self.folder / "inbox"

    def drop(self, name: str, content: bytes) -> None:
        """Drop a bank file as a bank client does: under a temporary name until it is whole."""
        written = self.inbox / f"{name}.part"
        written.write_bytes(content)
        written.rename(self.inbox / name)

    def answers(self) -> bool:
        """Whether the simulated Visma answers."""
        with suppress(OSError), urllib.request.urlopen(f"{self.visma}/health", timeout=_SECONDS):  # noqa: S310 - loopback
            return True
        return False


@contextmanager
def running(
    folder: Path, town: Town, settings: Mapping[str, str], *, operation_timeout: int, faults: str
) -> Iterator[Stack]:
    """Start servers, migrate, apply setup and cases, start all processes; stop every one of them in the end.

    Call it from the main thread. `settings`: more environment, over the demo's own. `faults`: of the simulated Visma.
    """
    visma_port, flower_port, console_port = free_port(), free_port(), free_port()
    visma, flower, console = (f"http://{HOST}:{port}" for port in (visma_port, flower_port, console_port))
    with embedded.start(folder) as servers:
        environment = {
            "KK2_DATABASE_URL": servers.database_url,
            "KK2_BROKER_URL": servers.broker_url,
            "KK2_FOLDER": str(folder),
            "PYTHONDONTWRITEBYTECODE": "",  # ten processes start at once: what one has compiled the others need not
            "KK2_SCAN_INTERVAL": "2",
            "KK2_RELAY_INTERVAL": "1",
            "KK2_BEAT_INTERVAL": "5",
            "KK2_RING_AGAIN_AFTER": "3",  # nobody rings for the cases, applied before there is a worker: the relay does
            "KK2_TRAINING": "true",
            "KK2_FLOWER_URL": flower,
            **({"KK2_SHOWN_AT": os.environ["KK2_SHOWN_AT"]} if "KK2_SHOWN_AT" in os.environ else {}),
            **settings,
        }
        engine = create_engine(servers.database_url, pool_pre_ping=True)
        migrate(servers)
        set_up(engine, folder, town, f"{visma}/wsinkasso", operation_timeout)
        processes = standard_processes(
            environment,
            servers=servers,
            visma=(
                "--port",
                str(visma_port),
                "--folder",
                str(folder / "visma"),
                "--faults",
                faults,
                "--no-proposals",
            ),
            flower=("--port", str(flower_port)),
            console=("--port", str(console_port)),
        )
        (folder / "inbox").mkdir(exist_ok=True)
        supervisor = Supervisor(processes, folder)
        try:
            with supervisor:
                yield Stack(folder, servers, supervisor, engine, visma, flower, console, environment)
        finally:
            engine.dispose()


def children() -> frozenset[int]:
    """The processes below this one: what stands before a run (a test's own servers) is not the run's."""
    return frozenset(child.pid for child in psutil.Process().children(recursive=True))


def left_running(folder: Path, before: frozenset[int]) -> list[str]:
    """Processes of the run that still live after all were stopped, in words; there should be none."""
    status = read_status(folder)
    left = [
        f"{one.name} ({one.pid})"
        for one in status.processes
        if one.pid is not None and psutil.pid_exists(one.pid)
    ]
    for pid in sorted(children() - before):
        with suppress(psutil.Error):
            child = psutil.Process(pid)
            left.append(f"{' '.join(child.cmdline()[:6])} ({child.pid})")
    return left


def migrate(servers: Servers) -> None:
    """Migrate as who owns the tables; the processes get their rights."""
    owner = create_engine(servers.owner_url)
    migrations.migrate(owner, servers.database_url)
    owner.dispose()


def set_up(engine: Engine, folder: Path, town: Town, endpoint: str, operation_timeout: int) -> None:
    """Apply the setup and the cases as a person would."""
    written = files("ops.demo").joinpath("municipality.toml").read_text("utf-8")
    for was, now in (
        ('"http://127.0.0.1:8088/wsinkasso"', f'"{endpoint}"'),
        ("inquiry_pause = 180", "inquiry_pause = 2"),
        ("operation_timeout = 60", f"operation_timeout = {operation_timeout}"),
    ):
        if written.count(was) != 1:
            raise AssertionError(f"the demo's setup does not say {was} once")
        written = written.replace(was, now)
    setup_file.apply_text(engine, written, name="municipality.toml", actor=ACTOR, dry_run=False)
    cases = folder / "cases.jsonl"
    cases.write_text(records.lines(town.cases), "utf-8")
    case_file.apply(engine, cases, actor=ACTOR, dry_run=False)
