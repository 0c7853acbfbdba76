"""How a drill is played: on ground that is right, with a time limit, healed in the end, and proven whatever came of it."""

import time
from contextlib import suppress
from dataclasses import dataclass

from ops.drill import proving
from ops.drill.bank import NotPlayedError
from ops.drill.ground import Ground, TooLateError
from ops.drill.proving import Check
from ops.drill.table import Drill

_HEAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Result:
    """How a drill ended. `seconds`: from the file's drop until all work had ended."""

    drill: str
    passed: bool
    seconds: float
    checks: tuple[Check, ...]
    look: str


def play(ground: Ground, drill: Drill) -> Result:
    """Play one drill; raises `NotPlayedError` before anything is struck, where it can't be played."""
    ground.stand()
    if drill.kills:
        ground.processes()
    wrong = [f"{check.what}: {check.found}" for check in proving.of_the_site(ground) if not check.holds]
    if wrong:
        raise NotPlayedError(f"the site is not right before anything was struck: {'; '.join(wrong)}")
    ground.began = time.monotonic()
    checks: list[Check] = []
    try:
        checks += drill.play(ground)
        brought = ground.brought
        if brought is not None:
            ground.until(lambda: ground.is_quiet(brought), "all work has ended")
    except TooLateError as late:
        checks.append(Check("all work ends in time", holds=False, found=str(late)))
    finally:
        _heal(ground)
    seconds = time.monotonic() - ground.began
    ground.say("all work has ended" if all(check.holds for check in checks) else "it is given up")
    if ground.brought is not None:
        checks += proving.all_of_it(ground, ground.brought)
    return Result(drill.name, all(check.holds for check in checks), seconds, tuple(checks), drill.look)


def _heal(ground: Ground) -> None:
    """Leave no fault on; Visma itself may be just being started again."""
    until = time.monotonic() + _HEAL_SECONDS
    while time.monotonic() < until:
        with suppress(OSError):
            ground.heal()
            return
        time.sleep(0.5)
