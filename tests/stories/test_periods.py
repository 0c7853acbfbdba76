"""The period of the booked date is closed in Visma: a person's, or a new voucher in the next one that is open."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.simulator import Fault, FaultKind
from schemas.money import kr
from schemas.setup import ClosedPeriodPolicy
from tests.site import Site, kid_of, paid, site

DUE = date(2026, 1, 31)
VOUCHERS = "SELECT state, voucher_on, booked_on, total FROM voucher ORDER BY id"
MARCH, APRIL = date(2026, 3, 16), date(2026, 4, 1)


@pytest.fixture
def moving(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site that books in the next open period."""
    with site(engine, tmp_path, closed_period_policy=ClosedPeriodPolicy.NEXT_OPEN) as made:
        made.case(1, kr(1000), DUE)
        made.simulator.close_period("100", "2026-03")
        yield made


def test_where_a_person_decides_the_voucher_waits(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.simulator.close_period("100", "2026-03")

    here.come(paid(kid_of(1), kr(100)))

    assert here.parked() == ["period_closed"]
    assert here.all(VOUCHERS) == [("refused", MARCH, MARCH, kr(100))]
    here.prove()


def test_where_policy_decides_a_new_voucher_is_dated_the_first_day_of_the_next_open_period(
    moving: Site,
) -> None:
    moving.simulator.open_period("100", "2026-04")

    moving.come(paid(kid_of(1), kr(100)), paid(kid_of(77), kr(30)))

    assert moving.all(VOUCHERS) == [("void", MARCH, MARCH, kr(130)), ("delivered", APRIL, MARCH, kr(130))]
    (booked,) = moving.simulator.vouchers("100")
    assert booked.voucher_date == APRIL
    assert "16.03.2026" in booked.text
    assert moving.one("SELECT count(DISTINCT reference) FROM voucher") == (2,)
    assert moving.parked() == ["unknown_kid"]
    moving.prove()


def test_without_a_later_period_that_is_open_a_person_decides_after_all(moving: Site) -> None:
    for year in range(2026, 2036):
        for month in range(1, 13):
            moving.simulator.close_period("100", f"{year}-{month:02}")

    moving.come(paid(kid_of(1), kr(100)))

    assert moving.parked() == ["period_closed"]
    assert moving.all(VOUCHERS) == [("refused", MARCH, MARCH, kr(100))]
    moving.prove()


def test_a_visma_that_does_not_tell_its_periods_leaves_it_to_a_person(moving: Site) -> None:
    moving.simulator.open_period("100", "2026-04")
    moving.simulator.fault(Fault(FaultKind.HTTP_500, "GetInstallation"))

    moving.come(paid(kid_of(1), kr(100)))

    assert moving.parked() == ["period_closed"]
    moving.prove()


def test_money_that_was_booked_in_the_next_period_is_taken_back_as_any_other(moving: Site) -> None:
    moving.simulator.open_period("100", "2026-04")
    moving.come(paid(kid_of(1), kr(100)))

    moving.come(paid(kid_of(1), kr(100), kind=18, ref="0106100009"))
    moving.rest()

    assert moving.one("SELECT balance FROM kk2_case") == (kr(1000),)
    assert moving.one(
        "SELECT sum(l.amount) FROM voucher_line l JOIN voucher v ON v.id = l.voucher_id WHERE v.state <> 'void' "
        "AND l.account = '1920'"
    ) == (0,)
    moving.prove()
