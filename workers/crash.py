"""Named crash points: where a test may kill the process, exactly there. Nothing happens unless KK2_CRASH_AT says so.

`KK2_CRASH_AT=name:n` kills this process at its n-th pass of a point. `KK2_CRASH_AT=/folder` is for a whole stack: each
point that is passed is written to `/folder/passed`, and the first process that comes by a point which lies there as a
file of its name takes it away and dies; with its whole process group where the file says `group`.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_AT = os.environ.get("KK2_CRASH_AT", "")
_FOLDER = Path(_AT) if _AT.startswith("/") else None
_NAME, _, _HIT = _AT.partition(":")
_hits = count(1)


def crash_point(name: str) -> None:
    """Die by SIGKILL here, if this point is the one that `KK2_CRASH_AT` means."""
    if _FOLDER is not None:
        _look_in(_FOLDER, name)
    elif _AT and name == _NAME and next(_hits) == int(_HIT or "1"):
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def outside(act: str) -> Iterator[None]:
    """What the block does to the world outside the database stands between two crash points: before and after it."""
    crash_point(f"{act}.before")
    yield
    crash_point(f"{act}.after")


def _look_in(folder: Path, name: str) -> None:
    with (folder / "passed").open("a", encoding="ascii") as passed:
        passed.write(f"{name}\n")
    armed, taken = folder / name, folder / f"{name}.taken"
    try:
        armed.rename(taken)  # of any number of processes one takes it
    except FileNotFoundError:
        return
    if taken.read_text("ascii") == "group":
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
