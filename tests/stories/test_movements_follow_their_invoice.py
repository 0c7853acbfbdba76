"""Cases are merged, parted, and lose invoices while Visma's movements stand on them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import case_file
from schemas.events import FetchDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.site import ACCOUNT, Site, kid_of, site

DUE = date(2026, 3, 2)
STANDS = "SELECT t.state, c.case_no FROM ledger_transaction t LEFT JOIN kk2_case c ON c.id = t.case_id ORDER BY t.id"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        made.with_us(1, kr(1000), DUE)
        made.case(2, kr(500), DUE)
        made.moves(TransactionKind.PAYMENT, -kr(400), 1)
        made.happen(FetchDue("100"))
        made.drain()
        yield made


def kk2_says(town: Site, *records: dict[str, str]) -> None:
    """KK2's file comes, and all that is due is done."""
    whole = [{"company": "100", "client": "KOM", **record} for record in records]
    case_file.apply_records(
        town.engine, list(enumerate(whole, 1)), name="kk2.json", actor="kari", dry_run=False
    )
    town.drain()
    town.prove()


def invoice(case_no: str, **more: str) -> dict[str, str]:
    return {
        "record": "item", "case_no": case_no, "kind": "principal", "amount": "1000.00", "due_on": "2026-03-02",
        "invoice_no": "F1-1", **more,
    }  # fmt: skip


def balances(town: Site) -> list[tuple[object, ...]]:
    return town.all("SELECT balance, state FROM kk2_case ORDER BY case_no")


def test_a_movement_goes_with_its_invoice_to_the_main_case_and_back(town: Site) -> None:
    merge = {"record": "merge", "case_no": "0221-00000001", "into": "0221-00000002"}
    kk2_says(town, merge, invoice("0221-00000002", id="from 1"))

    assert town.all(STANDS) == [("applied", "0221-00000002")]
    assert balances(town)[1] == (kr(1100), "open")

    unmerge = {"record": "unmerge", "case_no": "0221-00000001"}
    kk2_says(town, unmerge, {"record": "withdrawn_item", "case_no": "0221-00000002", "id": "from 1"})

    assert town.all(STANDS) == [("applied", "0221-00000001")]
    assert balances(town) == [(kr(600), "open"), (kr(500), "open")]


def test_a_movement_follows_also_when_the_invoice_comes_after_the_merge(town: Site) -> None:
    kk2_says(town, {"record": "merge", "case_no": "0221-00000001", "into": "0221-00000002"})
    assert town.all(STANDS) == [("applied", "0221-00000001")]

    kk2_says(town, invoice("0221-00000002", id="from 1"))

    assert town.all(STANDS) == [("applied", "0221-00000002")]
    assert balances(town)[1] == (kr(1100), "open")


def test_a_movement_whose_invoice_is_withdrawn_waits_for_the_next_case_that_has_it(town: Site) -> None:
    kk2_says(town, {"record": "withdrawn_item", "case_no": "0221-00000001", "id": "0"})
    assert town.all(STANDS) == [("parked", None)]
    assert town.parked() == ["unknown_invoice"]
    assert balances(town)[0][0] == 0

    case = {
        "record": "case", "case_no": "0221-00000003", "account": ACCOUNT, "kid": kid_of(3), "sub_ledger_type": "K",
        "customer_no": "3", "debtor": "Ola Nordmann", "opened_on": "2026-03-02",
    }  # fmt: skip
    kk2_says(town, case, invoice("0221-00000003", id="1"))

    assert town.parked() == []
    assert town.all(STANDS) == [("applied", "0221-00000003")]
    assert balances(town)[2] == (kr(600), "open")
