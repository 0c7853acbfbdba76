"""One running process of the supervisor: started, judged, restarted with back-off, its log kept small."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ops import launch
from ops.embedded import EmbeddedError
from ops.embedded.ground import make_folder
from ops.supervisor.process import Process, Verdict
from ops.supervisor.status import ProcessStatus, State

LOG_BYTES = 20_000_000
_STEADY_SECONDS = 10.0
_FIRST_DELAY = 0.5


class Child:
    """The life of one `Process`. All methods return at once, but for `start` of an embedded server with leftovers."""

    def __init__(self, process: Process, folder: Path) -> None:
        """Nothing is started; its log and its temporary files will stand in `folder`."""
        self.process = process
        self.log = process.server.log if process.server else folder / "logs" / f"{process.name}.log"
        self.temporary = folder / "tmp" / process.name
        self.restarts = 0
        self.state = State.STOPPED
        self.last_end: str | None = None
        self.started: datetime | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._quick_deaths = 0
        self._due = 0.0
        self._stuck_since: float | None = None
        self._killed_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The pid while it lives."""
        return self._popen.pid if self._popen else None

    def status(self) -> ProcessStatus:
        """What the status file says of it."""
        return ProcessStatus(
            self.process.name, self.state, self.pid, self.started, self.restarts, self.last_end
        )

    def start(self) -> None:
        """Start; what cannot be started is tried again after a pause, with its reason in the status."""
        self._began, self.started = time.monotonic(), datetime.now(UTC)
        self._stuck_since = self._killed_at = None
        try:
            self._popen = self.process.server.spawn() if self.process.server else self._spawn()
        except (OSError, EmbeddedError) as error:
            self._ended(f"not started: {error}")
        else:
            self.state = State.RUNNING

    def _spawn(self) -> subprocess.Popen[bytes]:
        # SIGKILL, whatever the parent died of: everything here survives it by design, and a hung process no less.
        argv = launch.command(list(self.process.argv), signal.SIGKILL, None)
        # What was killed could not take its temporary files away. Its whole group is dead: nobody else has any here.
        shutil.rmtree(self.temporary, ignore_errors=True)
        make_folder(self.temporary, 0o700)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                argv,
                env=os.environ | {"TMPDIR": str(self.temporary)} | dict(self.process.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def step(self, *, judge: bool) -> bool:
        """Look once: reap, restart when due, judge when asked to. True if the status changed."""
        before = self.status()
        if self._popen is not None:
            self._look(self._popen, judge=judge)
        if self._popen is None and self.state is State.WAITING and time.monotonic() >= self._due:
            self.restarts += 1
            self.start()
        return self.status() != before

    def _look(self, popen: subprocess.Popen[bytes], *, judge: bool) -> None:
        if has_ended(popen.pid):
            self._reap(popen)
            why = "stood still, " if self._killed_at is not None else ""
            self._ended(f"{why}{how_ended(popen.returncode)} after {time.monotonic() - self._began:.1f} s")
        elif self._killed_at is not None:
            if time.monotonic() > self._killed_at:
                self.kill()
        elif judge and self._is_stuck():
            self.ask_to_stop()
            self._killed_at = time.monotonic() + self.process.stop_seconds

    def _is_stuck(self) -> bool:
        if self.process.progress() is not Verdict.STUCK:
            self._stuck_since = None
            return False
        if self._stuck_since is None:
            self._stuck_since = time.monotonic()
        return time.monotonic() - self._stuck_since >= self.process.stuck_seconds

    def ask_to_stop(self) -> None:
        """The process's own signal for a clean end, to its main process; its children are its own business."""
        if self._popen is not None:
            with suppress(ProcessLookupError):
                os.kill(self._popen.pid, self.process.stop_signal)

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        if self._popen is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)

    def stop_looked_at(self) -> bool:
        """While stopping: True once it has ended."""
        if self._popen is not None and has_ended(self._popen.pid):
            self._reap(self._popen)
            self._popen = None
        if self._popen is None:
            self.state = State.STOPPED
        return self._popen is None

    def _reap(self, popen: subprocess.Popen[bytes]) -> None:
        # Whoever is left of the group (a pool process whose parent was killed and that did not notice) goes first:
        # as long as the dead leader is not waited for, its number cannot be anyone else's.
        self.kill()
        popen.wait()

    def _ended(self, how: str) -> None:
        self._popen = None
        self.last_end = how
        steady = time.monotonic() - self._began >= _STEADY_SECONDS
        self._quick_deaths = 0 if steady else self._quick_deaths + 1
        pause = (
            0.0 if steady else min(self.process.longest_pause, _FIRST_DELAY * 2.0 ** (self._quick_deaths - 1))
        )
        self._due = time.monotonic() + pause
        self.state = State.WAITING

    def trim_log(self) -> None:
        """Keep the log and one older part, each of at most `LOG_BYTES` or a little over.

        Copied and cut rather than renamed, as the process holds it open for appending and goes on at the new end;
        lines written in between are lost, which a log of such a size can bear.
        """
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_name(self.log.name + ".1"))
            os.truncate(self.log, 0)


def has_ended(pid: int) -> bool:
    """Whether a child has ended, without waiting for it and without taking its number out of use."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except (
        ChildProcessError
    ):  # someone in this process has waited for it, a test that kills an embedded server
        return True


def how_ended(code: int) -> str:
    """A return code in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
