"""Keep a list of processes running: restart what dies or stands still, stop all of them in order."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from ops.embedded.ground import make_folder
from ops.supervisor.child import Child
from ops.supervisor.process import Process
from ops.supervisor.status import Status, write_status

_LOOK_SECONDS = 0.1
_JUDGE_SECONDS = 10.0


class Supervisor:
    """All processes of one folder, in one thread, the main one.

    `run` is `kk2 up`; `kk2 demo` calls `start`, `step` (often: it reaps and restarts) and `stop` between its own work.
    """

    def __init__(
        self, processes: Sequence[Process], folder: Path, *, judge_seconds: float = _JUDGE_SECONDS
    ) -> None:
        """Lay out `folder/logs`, and later a `folder/tmp` for each process; nothing is started. The status file stands in `folder`."""
        self.folder = folder
        self.logs = folder / "logs"
        make_folder(self.logs, 0o750)
        self._children = [Child(process, folder) for process in processes]
        self._judge_seconds = judge_seconds
        self._judged = time.monotonic()
        self._asked: list[signal.Signals] = []

    def status(self) -> Status:
        """As the file says it."""
        return Status(os.getpid(), tuple(child.status() for child in self._children))

    def start(self) -> None:
        """Start all, in their order. A process that needs another waits or is restarted until that is there."""
        for child in self._children:
            child.start()
        self._tell()

    def step(self) -> None:
        """Look at every process once."""
        judge = time.monotonic() - self._judged >= self._judge_seconds
        if judge:
            self._judged = time.monotonic()
        changed = [child.step(judge=judge) for child in self._children]
        if judge:
            for child in self._children:
                child.trim_log()
        if any(changed):
            self._tell()

    def stop(self) -> None:
        """Ask all to finish what they do, then those that the others needed; kill what takes too long."""
        for outliving in (False, True):
            self._stop([child for child in self._children if child.process.outlives is outliving])
        self._tell()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start all and keep them running until SIGTERM, SIGINT or SIGHUP; a second one kills instead of asking."""
        kept = {
            number: signal.signal(number, self._ask)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        try:
            self.start()
            while not self._asked and not until():
                self.step()
                time.sleep(_LOOK_SECONDS)
            self.stop()
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    def __enter__(self) -> Self:
        """Itself, started."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all, whatever happened within."""
        self.stop()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._asked.append(signal.Signals(number))

    def _stop(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        began = time.monotonic()
        asked = len(self._asked)
        left = [child for child in children if not child.stop_looked_at()]
        while left:
            hurry = len(self._asked) > max(1, asked)
            for child in left:
                if hurry or time.monotonic() - began > child.process.stop_seconds:
                    child.kill()
            time.sleep(_LOOK_SECONDS)
            left = [child for child in left if not child.stop_looked_at()]

    def _tell(self) -> None:
        write_status(self.folder, self.status())
