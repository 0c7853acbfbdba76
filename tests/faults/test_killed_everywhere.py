"""SIGKILL of each process at every crash point, in a town of real processes; after each round all is right by itself."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ops.supervisor import SERVICES, kk2
from tests.faults import rounds
from tests.faults.oracle import settled
from tests.faults.town import SEED, Town, answered, town
from tests.points import KILLED, crash_points
from tests.site import kid_of, paid

AT_START = [
    point for point in crash_points() if point.startswith(("epoch.", "archive.epoch.", "archive.key."))
]
"""What happens once in the life of a site, or when a process starts."""
ELSEWHERE = (
    "file.",
    "import.lost_page.",
    "import.not_offered.",
    "import.turn.",
    "quarantine.link.",
    "visma.GetInstallation.",
)
"""What a round does not come by: `test_rare_points.py` and the tests of the voucher files kill there."""
BY_A_PERSON = [point for point in crash_points() if point.startswith("add.")]
IN_A_ROUND = [
    point
    for point in crash_points()
    if point not in AT_START and point not in BY_A_PERSON and not point.startswith(ELSEWHERE)
]
PROCESSES = (
    "postgres", "broker", "visma", *(each.name for each in SERVICES if each.name not in ("flower", "console")),
)  # fmt: skip
"""All that run in a town: each is killed from outside, too."""
_AT_ONCE = (
    6  # points of a round: more deaths than that over one row, and it would be parked as one that kills
)


@pytest.fixture
def chance() -> Random:
    return Random(SEED)


def in_files(name: str) -> Iterator[str]:
    """The processes in the order in which they are killed from outside."""
    while True:
        yield from Random(name).sample(PROCESSES, len(PROCESSES))


def how(chance: Random) -> str:
    return "group" if chance.random() < 0.3 else "process"


def a_round(here: Town, killed: str) -> None:
    """A round with what is armed, and one process killed from outside in the midst of it."""
    here.until(lambda: answered(here), "database, broker and Visma answer")
    rounds.begin(here)
    here.signal(killed, signal.SIGKILL)
    settled(here)
    here.until(lambda: answered(here), "database, broker and Visma answer")
    if rounds.retry_what_was_refused(here):
        settled(here)


@pytest.mark.faults
@pytest.mark.timeout(3_600)
def test_each_process_dies_at_every_crash_point(tmp_path: Path, chance: Random) -> None:
    victims = in_files(str(SEED))
    left = chance.sample(IN_A_ROUND, len(IN_A_ROUND))
    with town(tmp_path, armed=dict.fromkeys(AT_START, "process")) as here:
        added(here)
        while left or here.armed():
            for point in left[:_AT_ONCE]:
                here.arm(point, how(chance))
            del left[:_AT_ONCE]
            a_round(here, next(victims))
            assert here.rounds < len(IN_A_ROUND) / _AT_ONCE + 12, f"nobody comes by {sorted(here.armed())}"
        KILLED.update(here.died())


def added(here: Town) -> None:
    """A person adds a file by command, whose process dies before and after its commit, and does it again."""
    here.until(lambda: answered(here), "database, broker and Visma answer")
    here.site.case(5, 100_00, rounds.DUE)
    content = here.site.file(paid(kid_of(5), 100_00, ref="0000000005"))
    path = here.folder / "added.dat"
    path.write_bytes(content)
    ends = []
    for point in BY_A_PERSON:
        here.arm(point)
        ends.append(_add(here, path))
    assert ends == [-signal.SIGKILL] * len(BY_A_PERSON)
    assert _add(here, path) != -signal.SIGKILL
    here.remember(content, 100_00)


def _add(here: Town, path: Path) -> int:
    command = kk2("file", "add", str(path))
    return subprocess.run(
        command, env=os.environ | dict(here.environment), check=False, capture_output=True
    ).returncode
