"""What the fault suite says at its end: its seed, and how often a process died at each crash point."""

import os

import pytest

from tests.faults.town import SEED
from tests.points import KILLED, crash_points


def _is_whole() -> bool:
    return os.environ.get("KK2_FAULTS") == "all"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In the whole suite a point at which nothing died is a failure."""
    if _is_whole() and set(crash_points()) - set(KILLED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Point × hits, and the seed that repeats the run."""
    terminalreporter.write_line(f"faults: KK2_FAULT_SEED={SEED} repeats this run")
    if _is_whole():
        for point in crash_points():
            lacks = "" if KILLED[point] else "   <- nothing died here"
            terminalreporter.write_line(f"{KILLED[point]:4d} x {point}{lacks}")
