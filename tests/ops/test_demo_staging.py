"""How both runs of the demo end: what was wrong, what was left running, and what the shell is told of it."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ops.demo.staging import played
from ops.demo.waiting import NotQuietError
from ops.supervisor import Supervisor


def ends(play_ends: BaseException | list[str], *, timed: bool = True) -> tuple[int, str]:
    """The exit status and what is said where the run itself ends so."""

    def play(place: Path) -> list[str]:
        with Supervisor((), place):
            if isinstance(play_ends, BaseException):
                raise play_ends
        return play_ends

    console = Console(width=110)
    with console.capture() as said:
        status = played(console, None, play, timed=timed)
    return status, said.get()


@pytest.mark.parametrize(
    ("play_ends", "status", "sentence"),
    [([], 0, "until all processes were stopped."), (["payment 1: lost"], 1, "Took"),
     (NotQuietError("the file is through: not within 9 s"), 1, "not within 9 s"), (KeyboardInterrupt(), 130, "Stopped.")],
)  # fmt: skip
def test_the_exit_status_says_how_it_went(
    play_ends: BaseException | list[str], status: int, sentence: str
) -> None:
    found, said = ends(play_ends)

    assert found == status
    assert sentence in said


def test_a_run_that_somebody_kept_is_not_timed() -> None:
    assert ends([], timed=False) == (0, "")


def test_a_process_that_is_left_running_is_named_and_is_no_success() -> None:
    left: list[subprocess.Popen[bytes]] = []

    def play(place: Path) -> list[str]:
        with Supervisor((), place):
            left.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        return []

    console = Console(width=110)
    try:
        with console.capture() as said:
            status = played(console, None, play, timed=True)
    finally:
        left[0].kill()
        left[0].wait()

    assert status == 1
    assert f"({left[0].pid})" in said.get().split("still running: ")[1]
