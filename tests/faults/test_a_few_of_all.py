"""The short half of the suite, drawn from the seed: a few crash points and a line of the table, in one round."""

from pathlib import Path
from random import Random

from tests.faults.test_everything_else import FAULTS, put
from tests.faults.test_killed_everywhere import AT_START, IN_A_ROUND, how
from tests.faults.town import SEED, town


def test_the_town_comes_to_rest_and_all_is_right(tmp_path: Path) -> None:
    """The message of a failure names the seed; KK2_FAULT_SEED repeats it."""
    chance = Random(SEED)
    points = chance.sample(IN_A_ROUND, 4) + chance.sample(AT_START, 1)
    with town(tmp_path, armed={point: how(chance) for point in points}) as here:
        put(here, chance.choice([fault for fault in FAULTS if not fault.is_long]))
        assert here.died()
