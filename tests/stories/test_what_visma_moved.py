"""Payments, corrections and reversals of Visma's own people, fetched over HTTP, and what they move here."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas.events import FetchDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.site import Site, kid_of, paid, site

DUE = date(2026, 3, 2)
APPLIED = "SELECT kind, amount, version FROM ledger_transaction WHERE state = 'applied' ORDER BY id"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose Visma has two invoices of 1,000 kr with us."""
    with site(engine, tmp_path) as made:
        yield made


def fetch(town: Site) -> None:
    """The clock says that it is time, and all that is due is done."""
    town.happen(FetchDue("100"))
    town.drain()


def owed(town: Site, case_id: int) -> tuple[object, ...]:
    """What is owed on a case without interest, and its state."""
    return town.one("SELECT balance, state FROM kk2_case WHERE id = :id", id=case_id)


@pytest.mark.parametrize(
    "kind", [TransactionKind.PAYMENT, TransactionKind.CREDIT_NOTE, TransactionKind.WRITE_OFF]
)
def test_what_visma_takes_off_an_invoice_is_owed_no_more_and_no_voucher_goes_back(
    town: Site, kind: TransactionKind
) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    town.moves(kind, -kr(400), 1)

    fetch(town)

    assert owed(town, case_id) == (kr(600), "open")
    assert town.one("SELECT count(*) FROM voucher") == (0,)
    town.prove()
    fetch(town)
    assert town.all(APPLIED) == [(kind, -kr(400), 1)]


def test_a_corrected_amount_under_the_same_id_is_a_new_version(town: Site) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    first = town.moves(TransactionKind.PAYMENT, -kr(400), 1)
    fetch(town)
    town.simulator.correct("100", first, -kr(300))

    fetch(town)

    assert owed(town, case_id) == (kr(700), "open")
    assert town.all("SELECT amount, version, state FROM ledger_transaction ORDER BY id") == [
        (-kr(400), 1, "superseded"),
        (-kr(300), 2, "applied"),
    ]
    town.prove()


def test_a_replacement_under_a_new_id_takes_the_place_of_the_old_one(town: Site) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    first = town.moves(TransactionKind.PAYMENT, -kr(400), 1)
    fetch(town)
    town.simulator.correct("100", first, -kr(1000), new_id=True)

    fetch(town)

    assert owed(town, case_id)[0] == 0
    assert town.all(APPLIED) == [("payment", -kr(1000), 1)]
    town.prove()


def test_our_own_voucher_comes_back_and_moves_nothing(town: Site) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    town.come(paid(kid_of(1), kr(400)))

    fetch(town)

    assert town.all("SELECT state, amount FROM ledger_transaction") == [("ours", -kr(400))]
    assert owed(town, case_id) == (kr(600), "open")
    town.prove()
