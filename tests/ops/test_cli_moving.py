"""`kk2 payment assign, split, undo, comment` and the lists of what is to go back, at the command line on a whole site."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas.money import kr
from tests.ops.acting import Kk2
from tests.site import Site, kid_of, paid, site

DUE = date(2026, 3, 31)
FIRST, SECOND = "0221-00000001", "0221-00000002"
WHY = ("--reason", "debtor called")


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with two cases, and a payment of 1,200 kr on the first, which owed 1,000."""
    with site(engine, tmp_path) as made:
        for number in (1, 2):
            made.case(number, kr(1000), DUE)
        made.come(paid(kid_of(1), kr(1200)))
        yield made


def test_a_payment_is_shared_moved_and_taken_off(town: Site, kk2: Kk2) -> None:
    status, said, _ = kk2(
        "payment", "split", "1", "--case", f"{FIRST}=700", "--case", f"{SECOND}=500.00", *WHY
    )
    assert (status, said.strip()) == (
        0,
        f"payment 1 is shared: 700,00 kr to case {FIRST}, 500,00 kr to case {SECOND}, off case {FIRST}",
    )
    town.drain()
    town.rest()
    assert f"500,00 kr of it is case {SECOND}'s" in kk2("payment", "show", "1")[1].replace("\xa0", " ")
    status, said, _ = kk2("payment", "why", "1")
    assert (status, f"Andel på sak {SECOND}: 500,00 kr" in said) == (0, True)
    (listed,) = [
        json.loads(line) for line in kk2("payment", "list", "--case", SECOND, "--json")[1].splitlines()
    ]
    assert listed["id"] == 1

    assert kk2("payment", "assign", "1", "--case", SECOND, *WHY)[0] == 0
    town.drain()
    assert kk2("payment", "undo", "1")[0] == 1, "it needs a reason"
    assert kk2("payment", "undo", "1", *WHY, "--dry-run")[0] == 0
    assert kk2("payment", "undo", "1", *WHY)[0] == 0
    town.drain()
    town.rest()
    assert "taken_off" in kk2("payment", "parked", "--reason", "taken_off", "--json")[1]
    assert "kk2 payment release" in kk2("payment", "show", "1")[1]
    town.prove()


def test_an_overpayment_is_seen_proposed_and_said_to_be_paid_back(town: Site, kk2: Kk2) -> None:
    (row,) = [json.loads(line) for line in kk2("payment", "overpaid", "--json")[1].splitlines()]
    assert (row["payment_id"], row["case_no"], row["rest"], row["refund_id"]) == (1, FIRST, kr(200), None)

    assert kk2("payment", "refund", "1", "--amount", "200.01", *WHY)[0] == 1
    assert kk2("payment", "refund", "1", *WHY)[0] == 0
    (refund,) = [json.loads(line) for line in kk2("payment", "refunds", "--json")[1].splitlines()]
    assert (refund["payment_id"], refund["amount"], refund["left"]) == (1, kr(200), kr(200))
    status, _, said = kk2("payment", "undo", "1", *WHY)
    assert (status, "withdraw refund" in said) == (1, True)
    done = ("payment", "refunded", str(refund["id"]), "--on", "2026-03-20", "--reference", "20260320-17")
    assert kk2(*done)[0] == 0
    assert kk2(*done)[0] == 1
    assert kk2("payment", "overpaid")[1].splitlines()[-1] == "(none)"
    assert "20260320-17" in kk2("payment", "refunds", "--state", "done")[1]
    assert kk2("payment", "withdraw-refund", str(refund["id"]), *WHY)[0] == 1
    assert kk2("payment", "refunds", "--state", "paid")[0] == 2


def test_a_note_and_what_is_no_share(town: Site, kk2: Kk2) -> None:
    assert kk2("payment", "comment", "1", "for to fakturaer")[0] == 0
    assert "for to fakturaer" in kk2("payment", "show", "1")[1]
    assert "for to fakturaer" in kk2("payment", "why", "1")[1]
    assert kk2("payment", "split", "1", "--case", FIRST, *WHY)[0] == 2
    assert kk2("payment", "ageing")[0] == 0
