"""A real PostgreSQL and a real Redis or Valkey on one machine, without installing servers: all data in one folder.

    with start(Path("data")) as servers:
        ...servers.database_url, servers.broker_url...

A folder has one user at a time (`FolderInUseError`). Servers that an earlier run left are replaced by the next start.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.embedded.binaries import EmbeddedError, NoProgramError
from ops.embedded.broker import Broker
from ops.embedded.ground import (
    HOST,
    BusyPortError,
    NotStartedError,
    folder_mode,
    free_port,
    make_folder,
    need_port,
)
from ops.embedded.postgres import Postgres
from ops.embedded.server import Server

__all__ = [
    "HOST",
    "Broker",
    "BusyPortError",
    "EmbeddedError",
    "FolderInUseError",
    "FolderLock",
    "NoProgramError",
    "NotStartedError",
    "Postgres",
    "Server",
    "Servers",
    "free_port",
    "need_port",
    "start",
]


class FolderInUseError(EmbeddedError):
    """Another supervisor that lives holds the folder."""


class FolderLock:
    """Held while this process lives: the kernel lets go of it whatever ends us."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, or say who has it."""
        make_folder(folder, folder_mode())
        file = folder / "supervisor.lock"
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 20).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise FolderInUseError(
                f"{folder} is in use by process {holder}, which runs; stop it first"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Let the next one have it."""
        os.close(self._descriptor)


class Servers:
    """Both servers of one folder, for as long as the `with` lasts."""

    def __init__(self, folder: Path, *, durable: bool, machine: bool) -> None:
        """Take the folder and lay it out; nothing is started."""
        self._lock = FolderLock(folder)
        self.postgres = Postgres(folder, durable=durable, machine=machine)
        self.broker = Broker(folder, durable=durable, machine=machine)

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the database for the product's processes, password included."""
        return self.postgres.processes_url

    @property
    def owner_url(self) -> str:
        """The same for who owns the tables: migrations and restores."""
        return self.postgres.url

    @property
    def broker_url(self) -> str:
        """Celery's address of the broker, password included."""
        return self.broker.url

    def stop(self) -> None:
        """Stop both cleanly and let go of the folder."""
        self.broker.stop()
        self.postgres.stop()
        self._lock.release()

    def __enter__(self) -> Self:
        """Itself, started."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both, whatever happened within."""
        self.stop()


def start(folder: Path, *, durable: bool = True, machine: bool = True) -> Servers:
    """Start both servers on `folder`, made if it is not there; call it from the main thread (see `ops.launch`).

    `durable=False` is for tests; `machine=False` takes the wheels' programs even where the machine has its own.
    """
    servers = Servers(folder.resolve(), durable=durable, machine=machine)
    try:
        servers.broker.start()
        servers.postgres.start()
    except BaseException:
        servers.stop()
        raise
    return servers
