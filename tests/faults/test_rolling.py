"""An upgrade without a pause: processes are replaced one by one under load, beside a worker of the version before."""

import signal
from pathlib import Path

import pytest

from tests.faults import rounds
from tests.faults.oracle import settled
from tests.faults.town import town

REPLACED = ("worker-files", "worker-payments", "worker-delivery", "beat", "relay", "watch")
REFUSED = "SELECT count(*) FROM voucher WHERE state = 'refused'"


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_each_process_is_replaced_under_load_beside_an_older_one_and_nothing_is_lost(tmp_path: Path) -> None:
    with town(tmp_path, deliverers=2, older=True) as here:
        rounds.begin(here)
        settled(here)  # all of them are up
        for name in REPLACED:
            old = here.signal(name, signal.SIGTERM)
            here.rounds += 1
            rounds.payments(here, here.rounds * 10)
            here.until(lambda name=name, old=old: here.pid(name) not in (None, old), f"{name} stands again")  # type: ignore[misc]
            assert here.pid("worker-delivery-2") is not None
            assert (here.supervisor.status().of(name).last_end or "").startswith("exit status 0")
        assert here.site.one(REFUSED) != (0,)
        assert rounds.retry_what_was_refused(here), "an event that only the newer worker knows"
        settled(here)
