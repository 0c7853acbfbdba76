"""The status file of the supervisor: which process runs under which pid, for `kk2 up`'s neighbours and for tests."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

FILE = "processes.json"


class State(Enum):
    """Where a process stands."""

    RUNNING = "running"
    WAITING = "waiting"  # it ended; the next start is due after a pause
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process: `pid` while it lives, when it was last started, how often it was restarted, how it last ended."""

    name: str
    state: State
    pid: int | None
    started: datetime | None
    restarts: int
    last_end: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The supervisor and all its processes."""

    supervisor: int
    processes: tuple[ProcessStatus, ...]

    def of(self, name: str) -> ProcessStatus:
        """The process of that name; KeyError if there is none."""
        for process in self.processes:
            if process.name == name:
                return process
        raise KeyError(name)


def write_status(folder: Path, status: Status) -> None:
    """Replace the file as a whole: a reader sees the old or the new, never a part."""
    text = json.dumps(
        {
            "supervisor": status.supervisor,
            "processes": [
                {
                    "name": one.name,
                    "state": one.state.value,
                    "pid": one.pid,
                    "started": one.started.isoformat() if one.started else None,
                    "restarts": one.restarts,
                    "last_end": one.last_end,
                }
                for one in status.processes
            ],
        },
        indent=1,
    )
    new = folder / f"{FILE}.{os.getpid()}"
    new.write_text(text + "\n", "utf-8")
    new.replace(folder / FILE)


def read_status(folder: Path) -> Status:
    """Read what the supervisor of a folder last wrote; FileNotFoundError where none ever ran."""
    said = json.loads((folder / FILE).read_text("utf-8"))
    return Status(
        said["supervisor"],
        tuple(
            ProcessStatus(
                one["name"],
                State(one["state"]),
                one["pid"],
                datetime.fromisoformat(one["started"]) if one["started"] else None,
                one["restarts"],
                one["last_end"],
            )
            for one in said["processes"]
        ),
    )
