"""Visma tells the transactions of a voucher before anybody here says which number it has: the money counts once."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.repairs import Refusal, vouchers
from ops.simulator import Fault, FaultKind, Habits
from schemas.events import ControlDue, FetchDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.site import DAY, Site, kid_of, paid, site
from tests.stories.controlled import booked

DUE = date(2026, 3, 2)
STATES = "SELECT state FROM ledger_transaction ORDER BY id"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose Visma has invoice F1-1 of 1,000 kr with us."""
    with site(engine, tmp_path) as made:
        made.with_us(1, kr(1000), DUE)
        yield made


def after(town: Site, due: object) -> None:
    town.happen(due)
    town.drain()


def owed(town: Site) -> tuple[object, ...]:
    return town.one("SELECT balance, state FROM kk2_case")


@pytest.fixture
def posted(town: Site) -> Site:
    """Visma refused a voucher of 400 kr, its people posted it themselves, and that was fetched as theirs."""
    town.simulator.close_period("100", "2026-03")
    town.come(paid(kid_of(1), kr(400)))
    town.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", -kr(400))])
    after(town, FetchDue("100"))
    assert owed(town) == (kr(200), "closed_with_rest")
    return town


def test_a_voucher_posted_by_hand_after_its_payment_was_fetched_counts_once(posted: Site) -> None:
    posted.act(vouchers.by_hand, 1, str(booked(posted)[1]))

    assert posted.all(STATES) == [("ours",)]
    assert owed(posted) == (kr(600), "open")
    after(posted, FetchDue("100"))
    after(posted, ControlDue("100"))
    assert owed(posted) == (kr(600), "open")
    assert posted.all("SELECT kind FROM difference WHERE state = 'open'") == []


@pytest.mark.parametrize("number_first", [True, False])
def test_a_voucher_posted_by_hand_for_a_closed_year_is_known_in_the_next(
    town: Site, number_first: bool
) -> None:
    town.simulator.close_period("100", "2026-03")
    town.come(paid(kid_of(1), kr(400)))
    next_year = DAY.replace(year=DAY.year + 1)
    town.simulator.transact("100", TransactionKind.PAYMENT, next_year, [("F1-1", -kr(400))])
    number = str(booked(town)[1])

    if number_first:
        town.act(vouchers.by_hand, 1, number)
    after(town, FetchDue("100"))
    if not number_first:
        town.act(vouchers.by_hand, 1, number)

    assert town.all(STATES) == [("ours",)]
    assert owed(town) == (kr(600), "open")


def test_a_number_of_other_invoices_is_refused(posted: Site) -> None:
    posted.with_us(2, kr(500), DUE)
    posted.moves(TransactionKind.PAYMENT, -kr(100), 2)
    after(posted, FetchDue("100"))

    with pytest.raises(Refusal, match="is on invoice F2-1, which voucher 1 does not name"):
        posted.act(vouchers.by_hand, 1, str(booked(posted)[1]))

    assert posted.all(STATES) == [("applied",), ("applied",)]
    assert posted.one("SELECT state FROM voucher") == ("refused",)


def test_a_voucher_that_visma_tells_a_line_of_is_not_called_absent(town: Site) -> None:
    town.simulator.set_habits(Habits(tells_reference=False))
    town.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))
    town.come(paid(kid_of(1), kr(400)), but=("inquire",))
    town.happen(FetchDue("100"))
    town.drain(but=("inquire",))
    number = str(booked(town)[1])

    with pytest.raises(Refusal, match=f"kk2 voucher confirm 1 {number}"):
        town.act(vouchers.absent, 1)

    town.act(vouchers.confirm, 1, number)
    assert town.parked() == []
    assert town.all(STATES) == [("ours",)]
    assert owed(town) == (kr(600), "open")
    assert len(town.simulator.vouchers()) == 1
    town.prove()
