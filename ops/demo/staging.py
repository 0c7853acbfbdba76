"""What both runs stand on: a folder that goes away, an end by signal, workers that are awaited, the money check."""

import errno
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ops.balance import BalanceReport, check, keep
from ops.demo import waiting
from ops.demo.following import TaskLog
from ops.demo.stack import Stack, children, left_running
from ops.supervisor import WORKERS
from workers.accounting import connect
from workers.secrets import resolve
from workers.store import setup as setup_store

_START_SECONDS = 90.0


@contextmanager
def a_folder(given: Path | None) -> Iterator[Path]:
    """The given folder, or one that is gone afterwards. Raises OSError for one that holds something."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        if any(given.iterdir()):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(given))
        yield given.resolve()
        return
    made = Path(tempfile.mkdtemp(prefix="kk2-demo-"))
    made.chmod(0o711)  # the servers' own user must pass through
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does: with everything stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def played(console: Console, folder: Path | None, play: Callable[[Path], list[str]], *, timed: bool) -> int:
    """Let `play` run the stack in a folder and name what was wrong; 0 if nothing was, and no process is left.

    130 after Ctrl-C. `timed`: tell how long it took.
    """
    began, before = time.monotonic(), children()
    with a_folder(folder) as place, stopped_by_sigterm():
        try:
            named = play(place)
        except waiting.NotQuietError as error:
            console.print(f"[bold red]{error}[/bold red]", highlight=False)
            return 1
        except KeyboardInterrupt:
            console.print("Stopped.")
            return 130
        left = left_running(place, before)
        if timed:
            seconds = f"{time.monotonic() - began:.0f} s"
            console.print(f"Took {seconds}, until all processes were stopped.", highlight=False)
        for process in left:
            console.print(f"still running: {process}", highlight=False, markup=False)
    return 1 if named or left else 0


def wait_for_processes(console: Console, stack: Stack, log: TaskLog) -> None:
    """Listen to the workers, and wait until all of them and Visma are there."""
    log.start()
    took = waiting.until(
        stack,
        lambda: stack.answers() and len(log.workers) >= len(WORKERS),
        seconds=_START_SECONDS,
        what="all processes are up",
    )
    count = len(stack.supervisor.status().processes)
    console.print(f"{count} processes were up after {took:.1f} s.\n", highlight=False)


def balanced(stack: Stack) -> BalanceReport:
    """Prove that the money agrees, Visma asked too, and keep what was found for the strip of the console's pages."""
    with stack.engine.connect() as connection:
        installations = setup_store.current(connection).installations
        accounting = {code: connect(rows.latest().value, resolve) for code, rows in installations.items()}
        connection.rollback()
        report = check(connection, accounting)
    with stack.engine.begin() as connection:
        keep(connection, report)
    return report
