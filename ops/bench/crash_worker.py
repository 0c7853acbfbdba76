"""The worker under test of the broker-crash bench, run by the interpreter that has the Celery to be judged."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from ops.embedded import Broker

TASKS = 1_500
_APP = Path(__file__).with_name("crash_app.py")


class Worker:
    """A Celery worker with two pool processes, in a process group of its own."""

    def __init__(self, python: Path, folder: Path, broker: Broker) -> None:
        """Lay out; nothing is started."""
        self.python, self.folder = python, folder
        self.done = folder / "done"
        self.environment = os.environ | {
            "CRASH_BROKER_URL": broker.admin_url,
            "CRASH_DONE": str(self.done),
            "PYTHONPATH": str(_APP.parent),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, without waiting."""
        argv = [
            str(self.python),
            "-m",
            "celery",
            "-A",
            "crash_app",
            "worker",
            "-c",
            "2",
            "-Q",
            "crash",
            "-l",
            "INFO",
            "-E",
        ]
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                argv, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def end(self) -> int:
        """SIGKILL to all of the group; how many were left of it besides a living main process."""
        if self.process is None:
            return 0
        orphans = len(_group(self.process.pid) - {self.process.pid}) if self.process.poll() is not None else 0
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return orphans

    def is_dead(self) -> bool:
        """Whether the main process has ended."""
        return self.process is not None and self.process.poll() is not None

    def finished(self) -> list[int]:
        """The numbers that were done, in order, repeated where they were done twice."""
        return [int(line) for line in self.done.read_text("ascii").split()] if self.done.exists() else []

    def publish(self) -> None:
        """Queue the tasks, by the Celery under test."""
        code = f"import crash_app; crash_app.publish({TASKS})"
        subprocess.run([self.python, "-c", code], env=self.environment, check=True, timeout=60)


def _group(leader: int) -> set[int]:
    members = set()
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == leader and process.info["status"] != psutil.STATUS_ZOMBIE:
                members.add(process.pid)
    return members
