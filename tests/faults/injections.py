"""Faults of the network, of a strict or contended database, of people who restart things, and of disks that are full."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from ops.supervisor import WORKERS
from tests.faults.town import Town

Heal = Callable[[], object]
A_WHILE = 6.0
"""Seconds that a fault lasts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` puts it to the town and gives what heals it, `lasts` seconds later."""

    name: str
    inject: Callable[[Town], Heal]
    lasts: float = A_WHILE
    is_long: bool = False
    """Half a minute and more goes by until all is well again: not for the short half."""


def nothing() -> None:
    """It is over by itself."""


# the network


def commits_unheard(here: Town) -> Heal:
    """PostgreSQL has committed, and the client is cut off before it hears of it."""
    here.to_database.commits_to_lose = 25
    return lambda: setattr(here.to_database, "commits_to_lose", 0)


def database_cut_in_two(here: Town) -> Heal:
    """What was under way comes late; then everybody is cut off."""
    here.to_database.hold_up()

    def heal() -> None:
        here.to_database.flow()
        here.to_database.cut()

    return heal


def broker_half_open(here: Town) -> Heal:
    """Whoever is connected has a connection that is dead for ever and does not say so."""
    here.to_broker.deafen()
    return here.to_broker.hear


def broker_cut_in_two(here: Town) -> Heal:
    here.to_broker.hold_up()
    return here.to_broker.flow


# the database


def strict(here: Town) -> Heal:
    """Every transaction is serializable: what overlaps fails with 40001, at any statement or at its commit."""

    def isolate(level: bytes) -> None:
        with here.servers.postgres.as_admin() as admin:
            admin.execute(b"ALTER DATABASE kk2 SET default_transaction_isolation = " + level)
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'kk2'")

    isolate(b"'serializable'")
    return lambda: isolate(b"DEFAULT")


def deadlocks(here: Town) -> Heal:
    """Somebody locks rows in the other order than we do, over and over; his patience is the longer one, so ours fails."""
    over = threading.Event()
    address = here.servers.postgres.url_of("kk2").replace("postgresql+psycopg://", "postgresql://")

    def lock_and_let_go() -> None:
        while not over.is_set():
            with (
                suppress(psycopg.Error),
                psycopg.connect(address, user="postgres", connect_timeout=2) as other,
            ):
                other.execute("SET deadlock_timeout = '20s'; SET lock_timeout = '5s'")
                for table in (b"bank_file", b"payment", b"kk2_case", b"work"):
                    other.execute(b"SELECT FROM " + table + b" ORDER BY id DESC LIMIT 50 FOR UPDATE")
                    over.wait(0.2)
                other.rollback()

    thread = threading.Thread(target=lock_and_let_go, daemon=True)
    thread.start()

    def heal() -> None:
        over.set()
        thread.join(30)

    return heal


# people restart things


def asked_to_end(how: signal.Signals) -> Callable[[Town], Heal]:
    """Each worker, beat, relay and watcher is asked to end in the midst of its work, and again when it is back."""

    def inject(here: Town) -> Heal:
        for _ in range(2):
            for name in (*(worker.name for worker in WORKERS), "beat", "relay", "watch"):
                here.signal(name, how)
        return nothing

    return inject


def visma_restarted(here: Town) -> Heal:
    here.signal("visma", signal.SIGTERM)
    return nothing


# disks


def may_mount() -> bool:
    """Whether this user may make a small disk."""
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True
    ).returncode == 0  # fmt: skip


@contextmanager
def disks_of_their_own(*folders: tuple[Path, int]) -> Iterator[None]:
    """Each folder is a disk of so many megabytes."""
    with ExitStack() as mounted:
        for folder, megabytes in folders:
            folder.mkdir(parents=True, exist_ok=True)
            size = f"size={megabytes}m,mode=0711"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "kk2-test", str(folder)], check=True)
            mounted.callback(subprocess.run, ["umount", "-l", str(folder)], check=True)
        yield


def filled(where: str) -> Callable[[Town], Heal]:
    """The disk of a folder of the town has no byte left."""

    def inject(here: Town) -> Heal:
        ballast = here.folder / where / "ballast"
        with ballast.open("wb", buffering=0) as stream:
            for piece in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        stream.write(b"\0" * piece)
        return ballast.unlink

    return inject
