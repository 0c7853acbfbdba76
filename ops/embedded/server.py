"""One server program with its data in one folder: started on a fixed port, killed, started again, stopped."""

import os
import secrets
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path

import psutil

from ops import launch
from ops.embedded.ground import (
    NotStartedError,
    closed_to,
    folder_mode,
    free_port,
    is_free,
    kept,
    make_folder,
    need_port,
    server_identity,
    tail,
)

_POLL_SECONDS = 0.02
_STOP_SECONDS = 15.0


class Server(ABC):
    """A server program; made for one folder, it keeps port and password over restarts.

    `prepare` and `argv` are apart from `start` for a supervisor that runs the program itself.
    """

    name: str
    stop_signal: signal.Signals
    ready_seconds = 30.0

    def __init__(self, folder: Path, *, durable: bool) -> None:
        """Lay the folder out under `folder/<name>`; nothing is started."""
        self.folder = folder / self.name
        self.durable = durable
        self.identity = server_identity()
        make_folder(folder, folder_mode())
        make_folder(self.folder, folder_mode())
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.password = kept(self.folder / "password", lambda: secrets.token_urlsafe(24))
        self.port = self._own_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for a client, password included."""

    @property
    @abstractmethod
    def program(self) -> Path:
        """The server program."""

    @abstractmethod
    def arguments(self) -> list[str]:
        """The program's arguments."""

    @abstractmethod
    def make_data(self) -> None:
        """Make the data folder, if it is not there, and write the settings."""

    @abstractmethod
    def is_ready(self, pid: int) -> bool:
        """Whether the server with this pid takes clients now."""

    @abstractmethod
    def left_pid(self) -> int | None:
        """The pid that an earlier run left in its pid file."""

    def after_start(self) -> None:  # noqa: B027 - only PostgreSQL has something to do here
        """What must be so before the first client comes."""

    @property
    def pid(self) -> int:
        """The server's pid, as last started here."""
        if self._process is None:
            raise NotStartedError(f"{self.name} is not started")
        return self._process.pid

    def argv(self) -> list[str]:
        """The whole command line; it must be run by the main thread of the process that it shall not outlive."""
        return launch.command([str(self.program), *self.arguments()], self.stop_signal, self.launched_as())

    def launched_as(self) -> launch.Identity | None:
        """The user to run as: another than root, let through closed folders only if there are some."""
        if self.identity is None:
            return None
        uid, gid = self.identity
        closed = any(closed_to(path, uid, gid) for path in (self.program, self.data))
        return launch.Identity(uid, gid, through_closed=closed)

    def prepare(self) -> None:
        """Replace what an earlier run left running, make the data folder where there is none."""
        self._end_leftover()
        self.make_data()

    def spawn(self) -> subprocess.Popen[bytes]:
        """The program, started on the same port and data as before unless it runs; it may not take clients yet."""
        if self._process is None or self._process.poll() is not None:
            self.prepare()
            need_port(
                self.port,
                f"{self.name} had it; stop what has taken it, or start anew, which takes a free one",
            )
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    self.argv(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                )
        return self._process

    def start(self) -> None:
        """Start and wait until clients are taken."""
        process = self.spawn()
        deadline = time.monotonic() + self.ready_seconds
        while not self.is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise NotStartedError(f"{self.name} did not start on port {self.port}: {tail(self.log)}")
            time.sleep(_POLL_SECONDS)
        self.after_start()

    def stop(self) -> None:
        """Stop cleanly, and by force after a while; nothing to do is fine."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to the server's main process, as a fault test does it; `start` brings it back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)

    def hand(self, path: Path) -> None:
        """Give a file or folder to the user that the server runs as."""
        if self.identity is not None:
            os.chown(path, *self.identity)

    def write(self, path: Path, text: str) -> None:
        """Write a file that only the server's user may read, whole or not at all."""
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
        self.hand(new)
        new.replace(path)

    def _own_port(self) -> int:
        """The port of the last run if it is free or our own leftover's, else a free one."""
        file = self.folder / "port"
        kept = int(file.read_text("ascii")) if file.exists() else None
        if kept is not None and (is_free(kept) or self._leftover()):
            return kept
        port = free_port()
        file.write_text(str(port), "ascii")
        return port

    def _leftover(self) -> list[psutil.Process]:
        """The processes of an earlier run on this data: the one in the pid file, and children that outlived it.

        A pid alone proves nothing, it may have been given to a stranger: the process must have our data as its folder.
        """
        if self.left_pid() is None:
            return []
        data = self.data.resolve()
        return [process for process in psutil.process_iter() if _folder_of(process) == data]

    def _end_leftover(self) -> None:
        left = self.left_pid()
        for how in (self.stop_signal, signal.SIGKILL):
            found = self._leftover()
            # A clean stop is the main process's business; children are only killed.
            asked = [process for process in found if process.pid == left] if how != signal.SIGKILL else found
            for process in asked:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(how)
            deadline = time.monotonic() + _STOP_SECONDS
            # Asked again and again, not waited for: a dead child of a dead parent may stay a zombie for ever.
            while asked and self._leftover() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)


def _folder_of(process: psutil.Process) -> Path | None:
    try:
        return Path(process.cwd())
    except (psutil.Error, OSError):
        return None
