"""Named crash points: where a test may kill the process, exactly there. Nothing happens unless KK2_CRASH_AT says so."""

import os
import signal
from itertools import count

_AT = os.environ.get("KK2_CRASH_AT", "")
_NAME, _, _HIT = _AT.partition(":")
_hits = count(1)


def crash_point(name: str) -> None:
    """Kill this process with SIGKILL at the n-th pass of the point that `KK2_CRASH_AT=name:n` names."""
    if _AT and name == _NAME and next(_hits) == int(_HIT or "1"):
        os.kill(os.getpid(), signal.SIGKILL)
