"""Visma stands still for a long while and hundreds of vouchers wait; then each is there once, and nobody did a thing."""

import os
import signal
import time
from pathlib import Path

import pytest

from schemas.money import kr
from tests.faults.oracle import settled
from tests.faults.rounds import DUE
from tests.faults.town import answered, town
from tests.site import kid_of, paid

PAYMENTS, VOUCHERS, LONG = 900, 300, 60.0


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_hundreds_wait_for_a_visma_that_stands_still(tmp_path: Path) -> None:
    with town(tmp_path) as here:
        here.until(lambda: answered(here), "database, broker and Visma answer")
        pid = here.signal("visma", signal.SIGSTOP)
        here.site.case(1, kr(1_000_000), DUE)
        kid, amounts = kid_of(1), [kr(n) for n in range(1, PAYMENTS + 1)]
        here.owed[kid], here.paid[kid] = kr(1_000_000), sum(amounts)
        content = here.site.file(*(paid(kid, amount, ref="0000000001") for amount in amounts))
        here.bring("long.dat", content, *amounts)
        here.until(lambda: here.site.one("SELECT count(*) FROM voucher") == (VOUCHERS,), "all are approved")
        over = time.monotonic() + LONG
        here.until(lambda: time.monotonic() >= over, "the outage has lasted")
        os.kill(pid, signal.SIGCONT)

        settled(here, seconds=600.0)

        delivered = "SELECT state, count(*) FROM voucher GROUP BY state"
        assert here.site.all(delivered) == [("delivered", VOUCHERS)]
