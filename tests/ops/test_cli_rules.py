"""`kk2 rule` and the rejection of a suggestion, at the command line on a whole site."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from schemas.money import kr
from tests.ops.acting import Kk2
from tests.site import Site, kid_of, paid, site

DUE = date(2026, 3, 31)
PAYER = "88881011128"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with a case, to which a person gave three payments of one payer."""
    with site(engine, tmp_path) as made:
        case_id = made.case(1, kr(1000), DUE)
        for number in (71, 72, 73):
            made.come(paid(kid_of(number), kr(10), debit_account=PAYER))
            made.act(repairs.assign, number - 70, case_id, original=None)
        yield made


def test_a_rule_is_seen_tried_switched_on_and_switched_off(town: Site, kk2: Kk2) -> None:
    (row,) = [json.loads(line) for line in kk2("rule", "list", "--json")[1].splitlines()]
    assert (row["id"], row["state"], row["payment_id"], row["payer"]) == (None, "proposed", 3, "…1128")
    status, said, _ = kk2("rule", "show", "--payer-of", "3", "--days", "3650")
    assert (status, said.count("agrees")) == (0, 3)

    assert kk2("rule", "on", "--payer-of", "3")[0] == 1
    assert kk2("rule", "on", "--payer-of", "3", "--reason", "no KID", "--dry-run")[0] == 0
    assert kk2("rule", "list", "--state", "on")[1].splitlines()[-1] == "(none)"
    status, said, _ = kk2("rule", "on", "--payer-of", "3", "--reason", "no KID")

    assert status == 0
    assert "goes to 0221-00000001" in said
    on = json.loads(kk2("rule", "list", "--state", "on", "--json")[1])
    assert kk2("rule", "show", str(on["id"]))[0] == 0
    assert kk2("rule", "off", str(on["id"]), "--reason", "has another case now")[0] == 0
    assert json.loads(kk2("rule", "list", "--json")[1])["state"] == "off"
    town.prove()


def test_what_waits_of_the_payer_is_released_with_the_rule_or_after(town: Site, kk2: Kk2) -> None:
    reason = ("--reason", "no KID")
    town.come(*[paid(kid_of(n), kr(10), debit_account=PAYER) for n in (88, 89)], paid(kid_of(90), kr(10)))
    town.act(repairs.propose_refund, 4, None)

    _, said, _ = kk2("rule", "on", "--payer-of", "3", "--release", *reason, "--dry-run")
    assert said.splitlines()[-1] == "1 payment of the payer waits, 10,00 kr"
    status, said, _ = kk2("rule", "on", "--payer-of", "3", "--release", *reason)
    town.drain()
    assert (status, said.splitlines()[1:]) == (
        0, ["1 payment of the payer waits, 10,00 kr", "payment 5 released: 10,00 kr goes on"],
    )  # fmt: skip
    on = str(json.loads(kk2("rule", "list", "--json")[1])["id"])
    by_rule = town.all("SELECT id, rule_id::text FROM payment WHERE id > 3 ORDER BY id")
    assert by_rule == [(4, None), (5, on), (6, None)]
    status, _, no = kk2("rule", "release", on, "--yes")
    assert (status, "nothing waits" in no) == (1, True)

    town.act(repairs.withdraw_refund, 1)
    assert kk2("rule", "release", on, "--yes")[1].splitlines()[-1] == "payment 4 released: 10,00 kr goes on"
    town.drain()
    assert kk2("rule", "release", "9", "--yes")[0] == 1
    town.prove()


def test_a_proposed_rule_is_turned_down(town: Site, kk2: Kk2) -> None:
    assert kk2("rule", "off", "--payer-of", "3", "--reason", "a lawyer who pays for many")[0] == 0

    assert json.loads(kk2("rule", "list", "--json")[1])["off_by"] == "kari"


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        (["show"], 2, "say which rule"),
        (["off", "1", "--payer-of", "3"], 2, "say which rule"),
        (["show", "9"], 1, "there is no rule 9"),
        (["show", "--payer-of", "99"], 1, "no rule is proposed for the payer of payment 99"),
        (["on", "--payer-of", "99", "--reason", "so"], 1, "none to another"),
        (["off", "9", "--reason", "so"], 1, "is not there, or is off already"),
    ],
)
def test_a_rule_that_is_not_there_is_said(
    town: Site, kk2: Kk2, line: list[str], status: int, words: str
) -> None:
    found, _, said = kk2("rule", *line)

    assert found == status
    assert words in said


def test_a_rejected_suggestion_is_not_shown_again(town: Site, kk2: Kk2) -> None:
    town.come(paid(kid_of(88), kr(10), debit_account=PAYER))

    def suggested() -> list[str]:
        found = json.loads(kk2("payment", "parked", "--json")[1])
        return [each["case_no"] for each in found["suggestions"]]

    assert suggested() == ["0221-00000001"]
    reject = ("payment", "reject-suggestion", "4", "--case", "0221-00000001")
    assert kk2(*reject)[0] == 0
    assert suggested() == []
    assert kk2(*reject)[0] == 1
    assert kk2("payment", "reject-suggestion", "3", "--case", "0221-00000001")[0] == 1
    assert kk2("payment", "reject-suggestion", "99", "--case", "0221-00000001")[0] == 1
    assert kk2("payment", "assign", "4", "--case", "0221-00000001")[0] == 0
