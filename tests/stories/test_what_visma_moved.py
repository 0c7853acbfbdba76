"""Payments, corrections and reversals of Visma's own people, fetched over HTTP, and what they move here."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.repairs import Refusal, transactions
from ops.simulator import Fault, FaultKind, Habits
from schemas.events import FetchDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.site import DAY, Site, kid_of, paid, site, until
from workers.shell import fetching
from workers.store import setup as setup_store

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


def test_people_who_take_back_our_voucher_make_the_invoice_owed_again(town: Site) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    town.come(paid(kid_of(1), kr(400)))
    (ours,) = (v for v in town.simulator.vouchers("100") if v.reference)
    town.simulator.reverse("100", ours.year, ours.number, DAY)

    fetch(town)

    assert town.all(APPLIED) == [("reversal", kr(400), 1)]
    assert owed(town, case_id) == (kr(1000), "open")
    town.prove()


def test_a_reversal_to_which_visma_copied_our_reference_is_not_taken_for_ours(town: Site) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    town.come(paid(kid_of(1), kr(400)))
    town.come(paid(kid_of(1), kr(400), kind=18, back=True, ref="0106100002"))
    town.come(paid(kid_of(1), kr(300), ref="0106100003"))
    (reference,) = town.one("SELECT reference FROM voucher WHERE statement_ref = '0106100003'")
    town.simulator.transact(
        "100", TransactionKind.REVERSAL, DAY, [("F1-1", kr(300))], reference=str(reference)
    )

    fetch(town)

    assert town.all("SELECT kind, amount, state FROM ledger_transaction ORDER BY id") == [
        ("payment", -kr(400), "ours"),
        ("reversal", kr(400), "ours"),
        ("payment", -kr(300), "ours"),
        ("reversal", kr(300), "applied"),
    ]
    assert owed(town, case_id) == (kr(1000), "open")


@pytest.mark.parametrize("habits", [Habits(tells_registrar=False), Habits(tells_reference=False)])
def test_ours_are_known_by_what_the_installation_does_tell(town: Site, habits: Habits) -> None:
    town.simulator.set_habits(habits)
    case_id = town.with_us(1, kr(1000), DUE)
    town.come(paid(kid_of(1), kr(400)))

    fetch(town)

    assert town.all("SELECT state FROM ledger_transaction") == [("ours",)]
    assert owed(town, case_id) == (kr(600), "open")


@pytest.mark.parametrize(
    "habits", [Habits(tells_reference=False), Habits(tells_reference=False, tells_registrar=False)]
)
def test_a_line_of_a_voucher_in_doubt_is_evidence_and_moves_nothing(town: Site, habits: Habits) -> None:
    town.simulator.set_habits(habits)
    case_id = town.with_us(1, kr(1000), DUE)
    town.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))
    town.come(paid(kid_of(1), kr(400)), but=("inquire",))
    town.happen(FetchDue("100"))

    town.drain(but=("inquire",))

    assert town.parked() == ["voucher_under_way"]
    assert owed(town, case_id) == (kr(600), "open")
    town.drain()
    fetch(town)
    assert town.parked() == []
    assert town.all("SELECT state FROM ledger_transaction") == [("ours",)]
    town.prove()


def test_a_transaction_on_an_unknown_invoice_waits_until_the_case_comes(town: Site) -> None:
    town.with_us(1, kr(1000), DUE)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE item SET invoice_no = 'elsewhere'"))
    town.moves(TransactionKind.PAYMENT, -kr(400), 1)
    fetch(town)
    assert town.parked() == ["unknown_invoice"]
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE item SET invoice_no = 'F1-1'"))

    fetch(town)

    assert town.parked() == []
    assert town.all(APPLIED) == [("payment", -kr(400), 1)]
    town.prove()


def test_what_has_half_of_our_signs_waits_for_a_person(town: Site) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    town.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", -kr(400))], registrar="WS-Inf")

    fetch(town)

    assert town.parked() == ["half_ours"]
    ((row_id,),) = town.all("SELECT id FROM ledger_transaction")
    town.act(transactions.apply, row_id, None)
    assert owed(town, case_id) == (kr(600), "open")
    town.prove()
    town.act(transactions.set_aside, row_id)
    assert owed(town, case_id) == (kr(1000), "open")
    fetch(town)
    assert town.all("SELECT state FROM ledger_transaction") == [("set_aside",)]
    town.prove()


def test_trouble_in_a_later_page_keeps_what_came_and_begins_at_the_old_cursor(town: Site) -> None:
    town.with_us(1, kr(1000), DUE)
    many = [("F1-1", -n) for n in range(1, 1_501)]
    town.simulator.transact("100", TransactionKind.PAYMENT, DAY, many)
    town.simulator.fault(Fault(FaultKind.SLOW, "GetTransactions", times=1, seconds=0.0))
    town.simulator.fault(Fault(FaultKind.HTTP_500, "GetTransactions", times=1))
    town.happen(FetchDue("100"))

    for work_id, stage in town.due():
        town.work(work_id, stage)

    assert town.one("SELECT count(*), sum(amount) FROM ledger_transaction") == (1_000, -500_500)
    assert town.all("SELECT cursor FROM ledger_cursor") == [("",)]
    town.drain()
    assert town.one("SELECT count(*), sum(amount) FROM ledger_transaction WHERE state = 'applied'") == (
        1_500,
        sum(amount for _, amount in many),
    )
    town.prove()


def test_a_cursor_that_visma_does_not_know_begins_anew_and_is_told(town: Site) -> None:
    town.with_us(1, kr(1000), DUE)
    town.moves(TransactionKind.PAYMENT, -kr(400), 1)
    fetch(town)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_cursor SET cursor = 'of another Visma'"))

    fetch(town)

    assert town.one("SELECT count(*) FROM journal WHERE event = 'CursorRefused'") == (1,)
    assert town.all(APPLIED) == [("payment", -kr(400), 1)]
    assert town.one("SELECT cursor <> 'of another Visma' FROM ledger_cursor") == (True,)


def test_two_fetches_at_once_leave_the_turn_to_the_later(town: Site) -> None:
    case_id = town.with_us(1, kr(1000), DUE)
    town.moves(TransactionKind.PAYMENT, -kr(400), 1)
    town.happen(FetchDue("100"), FetchDue("100"))

    with ThreadPoolExecutor(2) as workers:
        for done in [workers.submit(town.work, work_id, stage) for work_id, stage in town.due()]:
            done.result()

    town.drain()
    assert town.all(APPLIED) == [("payment", -kr(400), 1)]
    assert owed(town, case_id) == (kr(600), "open")
    town.prove()


def test_a_page_that_was_told_before_a_correction_does_not_come_after_it(town: Site) -> None:
    town.with_us(1, kr(1000), DUE)
    first = town.moves(TransactionKind.PAYMENT, -kr(400), 1)
    town.happen(FetchDue("100"))
    slow = Fault(FaultKind.COMMIT_THEN_SLOW, "GetTransactions", times=1, seconds=2.0)
    town.simulator.fault(slow)
    ((work_id, stage),) = town.due()

    with ThreadPoolExecutor(1) as workers:
        early = workers.submit(town.work, work_id, stage)
        until(lambda: not town.simulator.faults())
        town.simulator.correct("100", first, -kr(300))
        fetch(town)
        early.result()

    town.drain()
    assert town.all(APPLIED) == [("payment", -kr(300), 1)]
    town.prove()


def test_a_visma_that_does_not_tell_transactions_is_told_to_who_asks_and_waits_for_nobody(town: Site) -> None:
    with town.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    town.set_up(replace(installation, transacts=False))

    with pytest.raises(Refusal, match="transacts = false"):
        town.act(transactions.fetch_now, "100")
    fetch(town)

    assert town.parked() == []
    assert town.one("SELECT state FROM work WHERE stage = 'fetch'") == ("done",)


def test_a_long_fetch_rests_and_goes_on_at_its_page(town: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    town.with_us(1, kr(1000), DUE)
    many = [("F1-1", -n) for n in range(1, 2_501)]
    town.simulator.transact("100", TransactionKind.PAYMENT, DAY, many)
    monkeypatch.setattr(fetching, "_REST_AFTER", -1.0)
    town.happen(FetchDue("100"))

    ((work_id, stage),) = town.due()
    town.work(work_id, stage)
    assert town.one("SELECT count(*) FROM ledger_transaction") == (1_000,)
    town.work(work_id, stage)

    assert town.one("SELECT count(*) FROM ledger_transaction") == (2_000,)
    assert town.one("SELECT cursor, page <> '' FROM ledger_cursor") == ("", True)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_cursor SET page = 'no longer known'"))
    town.drain()
    assert town.one("SELECT count(*), sum(amount) FROM ledger_transaction") == (2_500, -sum(range(2_501)))
    assert town.one("SELECT cursor <> '', page FROM ledger_cursor") == (True, "")
    assert town.one("SELECT count(*) FROM journal WHERE event = 'CursorRefused'") == (0,)
    town.prove()
