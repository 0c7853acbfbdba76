"""A short run of kills over the whole demo, held against its own oracle; `make demo-kill` is the long one."""

import pytest

from ops.demo import kill

SEED, KILLS, SECONDS = 11, 6, 150  # the seed meets both servers, a worker and a process of a pool


@pytest.mark.faults
@pytest.mark.timeout(2 * SECONDS)
def test_killed_processes_lose_no_payment_and_book_none_twice() -> None:
    """Each difference from the oracle, each promise broken and each process left running stands in the output."""
    assert kill.run(SEED, KILLS, SECONDS) == 0
