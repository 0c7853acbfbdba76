"""A file in the folder becomes vouchers in Visma; every payment is somewhere, and nothing is twice."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.simulator import Fault, FaultKind
from schemas.money import kr
from tests.site import Site, kid_of, paid, site
from workers.watch import SeenAgain


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with one company."""
    with site(engine, tmp_path) as made:
        yield made


def test_a_payment_reaches_visma_with_its_interest(here: Site) -> None:
    here.case(1, kr(1000), date(2026, 1, 31), fee=kr(38))

    here.drop(here.file(paid(kid_of(1), kr(1038))))
    here.drain()

    # 44 days after the due date at 12.00 %: 1000.00 x 12 % x 44 / 365 = 14.465... -> the fee before interest (KK2's order)
    assert here.all("SELECT kind, amount FROM split ORDER BY kind") == [(1, kr(1000)), (3, kr(38))]
    (voucher,) = here.simulator.vouchers("100")
    assert here.one("SELECT state, voucher_no, total FROM voucher") == (
        "delivered",
        str(voucher.number),
        kr(1038),
    )
    assert here.one("SELECT state FROM payment") == ("settled",)


def test_the_same_file_again_changes_nothing(here: Site) -> None:
    here.case(1, kr(1000), date(2026, 1, 31))
    content = here.file(paid(kid_of(1), kr(500)))
    here.drop(content)
    here.drain()

    again = here.drop(content, "COPY.DAT")
    here.drain()

    assert isinstance(again, SeenAgain)
    assert here.one("SELECT count(*) FROM payment") == (1,)
    assert len(here.simulator.vouchers("100")) == 1


def test_an_unknown_kid_stands_on_suspense_the_same_day_and_waits_for_a_person(here: Site) -> None:
    here.case(1, kr(1000), date(2026, 1, 31))

    here.drop(here.file(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(300))))
    here.drain()

    assert here.all("SELECT state FROM payment ORDER BY line") == [("settled",), ("parked",)]
    assert here.all("SELECT reason FROM work WHERE state = 'parked'") == [("unknown_kid",)]
    assert here.all("SELECT account, amount FROM voucher_line ORDER BY no") == [
        ("1920", kr(800)),
        ("1500", -kr(500)),
        ("2990", -kr(300)),
    ]


def test_messages_shuffled_and_repeated_give_the_same_money(here: Site) -> None:
    for number in range(1, 31):
        here.case(number, kr(100 * number), date(2026, 1, 31), fee=kr(38))
    payments = [paid(kid_of(n if n % 3 else n + 1000), kr(100 * n + n % 5)) for n in range(1, 31)]

    here.drop(here.file(*payments, *(paid(kid_of(n), kr(n)) for n in range(1, 31, 4))))
    here.drain(seed=7)

    assert here.one("SELECT sum(amount) FROM split WHERE superseded_by IS NULL") == here.one(
        "SELECT sum(amount) FROM payment"
    )
    assert here.all("SELECT DISTINCT state FROM voucher") == [("delivered",)]
    assert here.one("SELECT count(*), sum(total) FROM voucher") == (
        len(here.simulator.vouchers("100")),
        sum(voucher.total for voucher in here.simulator.vouchers("100")),
    )


def test_a_reversal_mirrors_a_delivered_payment_and_the_case_owes_again(here: Site) -> None:
    here.case(1, kr(1000), date(2026, 1, 31))
    here.drop(here.file(paid(kid_of(1), kr(1000), reference="000000001")))
    here.drain()
    before = here.one("SELECT state, balance FROM kk2_case")

    here.drop(here.file(paid(kid_of(1), kr(1000), kind=18, reference="000000001", ref="0106100009")))
    here.drain()

    assert before == ("closed_with_rest", 0)  # 14.47 kr of interest is under the closing threshold
    assert here.one("SELECT state, balance FROM kk2_case") == ("open", kr(1000))
    assert [v.total for v in here.simulator.vouchers("100")] == [kr(1000), kr(1000)]
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '1920'") == (0,)


def test_an_answer_that_is_lost_after_booking_is_asked_for_and_not_sent_again(here: Site) -> None:

    here.case(1, kr(1000), date(2026, 1, 31))
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))

    here.drop(here.file(paid(kid_of(1), kr(100))))
    here.drain()

    assert here.one("SELECT state, attempts FROM voucher") == ("delivered", 1)
    assert len(here.simulator.vouchers("100")) == 1
