"""What the supervisor runs: the description of one process, and the judgement of its progress."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ops.embedded import Server


class Verdict(Enum):
    """What is known of a process that lives."""

    MOVING = "moving"  # it works, or nothing is due
    STUCK = "stuck"  # something is due and it does not move
    UNKNOWN = "unknown"  # the database cannot be asked, or nobody asks: no reason to restart anything


def judged_by_life_alone() -> Verdict:
    """For a process of which nothing but its end is looked at."""
    return Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Process:
    """One process to keep running.

    `progress` is called every few seconds from the supervisor's only thread: it answers within a second or two, by
    time limits of its own, and raises nothing. A process that is stuck for `stuck_seconds` on end is restarted.
    `longest_pause` is the longest wait before what dies at once again and again is started once more, in seconds.
    `outlives` marks what the others need until their end: it is stopped after them.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    progress: Callable[[], Verdict] = judged_by_life_alone
    stuck_seconds: float = 120.0
    longest_pause: float = 30.0
    outlives: bool = False
    server: Server | None = None

    @staticmethod
    def of(server: Server) -> "Process":
        """An embedded server, started, made ready and stopped in its own way."""
        return Process(
            server.name,
            (),
            stop_signal=server.stop_signal,
            stop_seconds=20.0,
            outlives=True,
            server=server,
        )
