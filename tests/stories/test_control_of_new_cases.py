"""Cases that came from Visma by the import, held against it: marks that are refused, taken off and written again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.repairs.invoices import Numbers, write_again
from ops.simulator import Habits
from schemas.events import ControlDue, FetchDue, ImportDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.site import Site, kid_of, paid, site
from tests.stories.controlled import mark

KINDS = "SELECT kind FROM difference WHERE state = 'open' ORDER BY kind"
INVOICE = {
    "invoice_no": "F1-1", "customer_no": "1", "original": "1000.00", "due_on": "2026-01-31", "kid": kid_of(1),
    "sub_ledger_type": "K",
}  # fmt: skip


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path, dunning_code="EWS") as made:
        made.set_up_client(case_no_pattern="0221-########")
        yield made


def clocked(here: Site, *events: object) -> list[tuple[object, ...]]:
    """What the clock asks for is done, and then the company is held against Visma: the kinds that are open."""
    for event in (*events, ControlDue("100")):
        here.happen(event)
        here.drain()
    return here.all(KINDS)


@pytest.mark.parametrize("tells_history", [True, False])
def test_a_case_agrees_with_visma_from_its_import_to_its_end(here: Site, tells_history: bool) -> None:
    here.simulator.set_habits(Habits(tells_history=tells_history))
    here.simulator.propose("100", "EWS", invoices=[INVOICE])
    assert clocked(here, ImportDue("100"), FetchDue("100")) == []

    here.moves(TransactionKind.PAYMENT, -kr(250), 1)
    here.come(paid(kid_of(1), kr(400)))
    assert clocked(here, FetchDue("100")) == []
    here.moves(TransactionKind.CREDIT_NOTE, -kr(350), 1)
    assert clocked(here, FetchDue("100")) == []

    assert here.one("SELECT state, balance FROM kk2_case") == ("closed_with_rest", 0)  # interest is left


def test_what_was_paid_before_the_mark_and_is_never_told_is_named(here: Site) -> None:
    here.simulator.set_habits(Habits(tells_history=False))
    here.simulator.propose("100", "EWS", invoices=[INVOICE])
    here.moves(TransactionKind.PAYMENT, -kr(250), 1)

    assert clocked(here, ImportDue("100"), FetchDue("100")) == [("correction_not_fetched",)]
    assert here.one("SELECT ours, theirs FROM difference") == (kr(1000), kr(750))


def test_a_number_that_visma_refused_says_why_and_is_gone_once_it_is_written(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[INVOICE])
    here.happen(ImportDue("100"))
    here.drain(but=("number",))
    here.simulator.approve("100", "P-1001", approved=False)
    assert here.one("SELECT number_state FROM invoice") == ("waiting",)
    here.happen(ControlDue("100"))
    here.drain(but=("number",))
    assert here.all(KINDS) == [("mark_missing",)]
    assert "not written yet" in str(here.one("SELECT cause FROM difference")[0])
    mark(here, 1, "0221-99999999")

    assert clocked(here) == [("other_case_number",)]
    here.simulator.unmark("100", "F1-1")
    assert clocked(here) == [("mark_missing",)]
    cause = here.one("SELECT cause FROM difference WHERE state = 'open'")[0]
    assert str(cause).startswith("Visma refused our case number (")

    here.act(write_again, Numbers("100", None, None))
    assert clocked(here) == []


def test_a_mark_that_was_taken_off_is_written_again_for_the_case_that_is_named(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[INVOICE])
    assert clocked(here, ImportDue("100")) == []
    here.simulator.unmark("100", "F1-1")
    assert clocked(here) == [("mark_missing",)]
    assert "took it off" in str(here.one("SELECT cause FROM difference WHERE state = 'open'")[0])
    (case_id,) = here.one("SELECT id FROM kk2_case")

    here.act(write_again, Numbers(None, None, int(str(case_id))))

    assert clocked(here) == []
    assert [item.case_no for item in here.simulator.invoices("100")] == ["0221-00000001"]
