"""Pages of transactions in any order, cut anywhere, told again: what is applied in the end is what Visma has."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from schemas.money import kr
from schemas.transfer import LedgerTransaction, TransactionKind
from tests.site import Site, site, until
from workers.shell.moving import decide_again, take_in
from workers.store import setup as setup_store

DAY = date(2026, 3, 16)
CASES = 3


@dataclass(slots=True)
class Ledger:
    """Visma's side: what stands, and the log of what was told, each entry as it was told then."""

    stands: dict[str, LedgerTransaction]
    log: list[LedgerTransaction]


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """A few transactions on three invoices and one unknown, some corrected under their id, some replaced."""
    ledger = Ledger({}, [])
    for number in range(draw(st.integers(1, 6))):
        invoice = f"F{draw(st.integers(1, CASES + 1))}-1"
        registrar = draw(st.sampled_from(("KARI", "WS-Inf", "")))
        amount = draw(st.integers(-500, 500))
        kind = draw(st.sampled_from(TransactionKind))
        told = LedgerTransaction(
            f"T{number}", str(900 + number), 1, "BI", registrar, "", DAY, amount, kind, invoice, ""
        )
        ledger.log.append(told)
        ledger.stands[told.transaction_id] = told
    for step in range(draw(st.integers(0, 4))):
        old = ledger.stands.pop(draw(st.sampled_from(sorted(ledger.stands))))
        new_id = f"N{step}" if draw(st.booleans()) else old.transaction_id
        new = replace(old, transaction_id=new_id, amount=draw(st.integers(-500, 500)))
        ledger.log.append(new)
        ledger.stands[new_id] = new
    return ledger


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        for number in range(1, CASES + 1):
            made.case(number, kr(1000), DAY)
        yield made


def tell(town: Site, page: Sequence[LedgerTransaction]) -> None:
    with town.engine.begin() as connection:
        take_in(connection, "100", page, setup_store.current(connection), stage="fetch")


def empty(owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE ledger_transaction DISABLE TRIGGER never_deleted"))
        connection.execute(text("DELETE FROM ledger_transaction"))
        connection.execute(text("DELETE FROM work"))
        connection.execute(text("ALTER TABLE ledger_transaction ENABLE TRIGGER never_deleted"))


def live(town: Site) -> set[tuple[object, ...]]:
    return set(
        town.all(
            "SELECT transaction_id, amount, state, case_id FROM ledger_transaction WHERE state <> 'superseded'"
        )
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ledger=ledgers(), data=st.data())
def test_any_cut_and_any_repetition_of_what_was_told_ends_in_what_visma_has(
    town: Site, owner: Engine, ledger: Ledger, data: st.DataObject
) -> None:
    empty(owner)
    begun = 0
    for _ in range(
        data.draw(st.integers(0, 3))
    ):  # cut on the way: the next begins at the old cursor, or before
        end = data.draw(st.integers(begun, len(ledger.log)))
        tell(town, ledger.log[begun:end])
        begun = data.draw(st.integers(0, begun))
    page = data.draw(st.integers(1, 4))
    for first in range(0, len(ledger.log), page):
        tell(town, ledger.log[first : first + page])

    found = live(town)

    assert {(row[0], row[1]) for row in found} == {
        (t.transaction_id, t.amount) for t in ledger.stands.values()
    }
    for transaction_id, _, state, case_id in found:
        stands = ledger.stands[str(transaction_id)]
        known = stands.invoice_no != f"F{CASES + 1}-1"
        applied = known and stands.registrar != "WS-Inf"
        assert state == ("applied" if applied else "parked")
        assert (case_id is not None) == applied
    parked = town.all("SELECT transaction_id FROM work WHERE state = 'parked' ORDER BY 1")
    assert parked == town.all("SELECT id FROM ledger_transaction WHERE state = 'parked' ORDER BY 1")
    before = live(town)
    with town.engine.begin() as connection:
        decide_again(connection, "100", setup_store.current(connection), after=0, most=1000)
    assert live(town) == before


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ledger=ledgers(), data=st.data())
def test_what_stands_may_be_told_in_any_order(
    town: Site, owner: Engine, ledger: Ledger, data: st.DataObject
) -> None:
    told = list(ledger.stands.values())
    empty(owner)
    tell(town, told)
    straight = live(town)

    empty(owner)
    shuffled = data.draw(st.permutations(told + told))
    for first in range(0, len(shuffled), 3):
        tell(town, shuffled[first : first + 3])

    assert live(town) == straight


def test_a_correction_marks_the_case_to_which_a_merge_took_the_movement_meanwhile(town: Site) -> None:
    one = LedgerTransaction(
        "T1", "900", 1, "BI", "KARI", "", DAY, -kr(100), TransactionKind.PAYMENT, "F1-1", ""
    )
    tell(town, [one])
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE kk2_case SET dirty = false"))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

    with ThreadPoolExecutor(1) as workers:
        with town.engine.begin() as merge:
            merge.execute(text("SELECT FROM kk2_case WHERE id = 1 FOR UPDATE"))
            corrected = workers.submit(tell, town, [replace(one, invoice_no="F3-1")])
            until(lambda: town.one(waits) == (1,))
            merge.execute(
                text(
                    "UPDATE ledger_transaction SET case_id = 2, item_id = (SELECT id FROM item WHERE case_id = 2)"
                )
            )
        corrected.result()

    assert {row[3] for row in live(town)} == {3}
    assert town.all("SELECT id FROM kk2_case WHERE dirty ORDER BY id") == [(2,), (3,)]


def test_lines_that_move_down_for_a_new_one_replace_nothing(town: Site) -> None:
    one = LedgerTransaction(
        "T1", "900", 1, "BI", "KARI", "", DAY, -kr(100), TransactionKind.PAYMENT, "F1-1", ""
    )
    two = replace(one, transaction_id="T2", line=2, amount=-kr(200))
    tell(town, [one, two])
    new = replace(one, transaction_id="T3", amount=-kr(300))

    tell(town, [new, replace(one, line=2), replace(two, line=3)])

    assert {row[:3] for row in live(town)} == {
        ("T1", -kr(100), "applied"),
        ("T2", -kr(200), "applied"),
        ("T3", -kr(300), "applied"),
    }
    tell(town, [replace(new, transaction_id="T4", amount=-kr(50)), replace(one, line=2)])
    assert {row[0] for row in live(town)} == {"T1", "T2", "T4"}
