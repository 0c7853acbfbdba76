"""The disk of the database, of the broker, of the archive is full, each a small disk of its own; room comes back later."""

from collections.abc import Iterator

import pytest

from tests.faults.injections import Fault, disks_of_their_own, filled, may_mount
from tests.faults.test_everything_else import put
from tests.faults.town import Town, town

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

FULL = (
    (
        Fault("the database's disk is full", filled("servers/postgres"), lasts=45.0),
        "servers/postgres/log",
        "No space left on device",
    ),
    (
        Fault("the broker's disk is full", filled("servers/broker"), lasts=15.0),
        "servers/broker/log",
        "AOF write error",
    ),
    (
        Fault("the archive's disk is full", filled("kk2/archive"), lasts=10.0),
        "logs/watch.log",
        "can't write to the archive",
    ),
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    if not may_mount():
        pytest.skip("only root can make a small disk")
    small = disks_of_their_own(
        (folder / "servers/postgres", 400), (folder / "servers/broker", 20), (folder / "kk2/archive", 20)
    )
    with small, town(folder) as made:
        yield made


@pytest.mark.parametrize(("fault", "log", "said"), FULL, ids=[fault.name for fault, *_ in FULL])
def test_the_town_survives_a_full_disk(here: Town, fault: Fault, log: str, said: str) -> None:
    put(here, fault)

    assert said in (here.folder / log).read_text("utf-8"), "it was not full"
