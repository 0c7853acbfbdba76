"""What the watcher's tests share: a bank's folders, files as a bank writes them, and the watcher as a thread or a process.

Run as a module it is the process: `python -m tests.workers.watching DATABASE_URL FOLDER QUIET_TIME SCAN_INTERVAL POLLING`.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from workers.journal import Ring
from workers.relay import Ringer
from workers.watch import Watcher

LIMIT = 1024 * 1024
NOBODY = 65534
START = "NY000010000080800000001" + "00000000" + "0" * 49
END = "NY000089" + "0" * 72


def a_bank_file(number: int = 1, *, end: str = "\n") -> bytes:
    """A file that ends as a bank's does; `number` makes it another file. Only the reader looks further."""
    middle = f"NY0915300000001{number:065d}"
    return end.join([START, middle, END, ""]).encode()


def until(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Wait for a condition, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


@dataclass(slots=True)
class Bells:
    """The far end of the ring: what a broker was told."""

    heard: list[Ring] = field(default_factory=list)
    down: bool = False
    look: Callable[[Ring], object] = bool
    """What is looked at when a ring is heard."""
    seen: list[object] = field(default_factory=list)

    def __call__(self, ring: Ring) -> None:
        """Hear one ring, or be a broker that is not there."""
        if self.down:
            raise OSError("broker down")
        self.heard.append(ring)
        self.seen.append(self.look(ring))


@dataclass(slots=True)
class Site:
    """A bank's folder with what belongs to it."""

    folder: Path
    engine: Engine
    bells: Bells = field(default_factory=Bells)

    def __post_init__(self) -> None:
        for each in (self.inbox, self.archive, self.quarantine):
            each.mkdir(exist_ok=True)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine"

    def drop(self, name: str | bytes, content: bytes) -> Path:
        """Bring a file as a careful bank does: under a temporary name, then renamed."""
        path = self.inbox / os.fsdecode(name)
        part = self.inbox / f".{threading.get_ident()}.part"
        part.write_bytes(content)
        return part.rename(path)

    def watcher(
        self,
        *,
        quiet_time: float = 0.0,
        scan_interval: float = 0.2,
        polling: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> Watcher:
        return Watcher(
            inbox=self.inbox,
            archive=self.archive,
            quarantine=self.quarantine,
            engine=self.engine,
            ringer=Ringer(self.bells),
            polling=polling,
            quiet_time=quiet_time,
            scan_interval=scan_interval,
            file_limit=LIMIT,
            clock=clock,
        )

    @contextmanager
    def watching(
        self, *, quiet_time: float = 0.0, scan_interval: float = 0.2, polling: bool = False
    ) -> Iterator[Watcher]:
        """A watcher at work in a thread."""
        watcher, stop = (
            self.watcher(quiet_time=quiet_time, scan_interval=scan_interval, polling=polling),
            threading.Event(),
        )
        thread = threading.Thread(target=watcher.run, args=(stop.wait,))
        thread.start()
        try:
            yield watcher
        finally:
            stop.set()
            thread.join(20)
            assert not thread.is_alive()

    @contextmanager
    def process(
        self,
        *,
        quiet_time: float = 0.0,
        scan_interval: float = 0.2,
        crash_at: str = "",
        polling: bool = False,
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """A watcher as a process of its own, killed at the end if it lives."""
        address = self.engine.url.render_as_string(hide_password=False)
        arguments = [address, str(self.folder), str(quiet_time), str(scan_interval), str(polling)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.watching", *arguments],
            env={**os.environ, "KK2_CRASH_AT": crash_at},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait(20)

    @contextmanager
    def as_nobody(self) -> Iterator[None]:
        """This process without root's rights, still able to reach the folders."""
        self.ask("SELECT 1")  # what is loaded on first use is loaded as root
        folders = [each for each in (self.folder, *self.folder.parents) if each != Path("/")]
        modes = [each.stat().st_mode for each in folders]
        for each, mode in zip(folders, modes, strict=True):
            each.chmod(mode | 0o011)
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)
            for each, mode in zip(folders, modes, strict=True):
                each.chmod(mode)

    def ask(self, query: str, **values: object) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def files(self) -> list[tuple[object, ...]]:
        return self.ask("SELECT name, state, size FROM bank_file ORDER BY id")

    def events(self, event: str) -> int:
        return int(str(self.ask("SELECT count(*) FROM journal WHERE event = :event", event=event)[0][0]))

    def note(self) -> str:
        rows = self.ask("SELECT note FROM heartbeat WHERE name = 'watch'")
        return str(rows[0][0]) if rows else ""

    def left(self) -> list[str]:
        """All that lies in the inbox, claimed files too."""
        return sorted(path.name for path in self.inbox.iterdir())

    def originals(self) -> set[bytes]:
        return {path.read_bytes() for path in self.archive.glob("??/??/*")}


def main() -> None:
    address, folder, quiet_time, scan_interval, polling = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    site = Site(Path(folder), create_engine(address))
    site.watcher(
        quiet_time=float(quiet_time), scan_interval=float(scan_interval), polling=polling == "True"
    ).run(stop.wait)


if __name__ == "__main__":
    main()
