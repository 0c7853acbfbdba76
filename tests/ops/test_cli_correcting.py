"""A clerk corrects a case at the command line: what it says, what it refuses, and what `kk2 case show` tells of it."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.queries.ageing import ageing
from pipeline.rates import limitation_day
from schemas.money import kr
from tests.ops.acting import Kk2
from tests.site import DAY, Site, kid_of, paid, site

FIRST, MAIN = "0221-00000001", "0221-00000002"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        made.case(1, kr(1000), DAY, fee=kr(38))
        yield made


def test_a_fee_is_added_shown_with_its_name_and_taken_back(town: Site, kk2: Kk2) -> None:
    add = ("case", "add-cost", FIRST, "--kind", "fee", "--amount", "113", "--due", "2026-03-20")
    assert kk2(*add)[0] == 1
    assert kk2(*add, "--reason", "demand", "--dry-run")[1].startswith(
        "dry run, nothing is changed: case 0221-00000001 owes"
    )
    status, said, _ = kk2(*add, "--reason", "demand")
    assert (status, said.strip()) == (0, f"case {FIRST} owes fee of 113,00 kr, due on 2026-03-20 more")
    town.drain()

    (claim,) = json.loads(kk2("case", "show", FIRST, "--json")[1])["corrections"]["claims"][2:]
    assert (claim["kind"], claim["amount"], claim["origin"], claim["by"]) == ("fee", 11_300, "person", "kari")
    shown = kk2("case", "show", FIRST)[1]
    assert "add cost" in shown
    assert "demand" in shown
    item = str(claim["id"])
    assert kk2("case", "withdraw", FIRST, "--item", item, "--reason", "sent twice")[0] == 0
    town.drain()
    assert "withdrawn already" in kk2("case", "withdraw", FIRST, "--item", item, "--reason", "sent twice")[2]
    town.prove()


def test_a_waiver_is_given_and_taken_back(town: Site, kk2: Kk2, today: date) -> None:
    fee = json.loads(kk2("case", "show", FIRST, "--json")[1])["balance"]["claims"][1]["item_id"]
    waive = ("case", "waive", FIRST, "--item", str(fee), "--part", "fee", "--reason", "goodwill")
    assert "owes 38,00 kr of fee of item" in kk2(*waive, "--amount", "40")[2]
    assert kk2(*waive, "--amount", "forty")[0] == 2
    assert kk2(*waive)[1].startswith("38,00 kr fee of item")
    town.drain()
    (waiver,) = json.loads(kk2("case", "show", FIRST, "--json")[1])["corrections"]["waivers"]
    (told,) = [
        json.loads(line) for line in kk2("case", "export", "--since", str(today), "--json")[1].splitlines()
    ]
    assert (told["record"], told["kind"], told["amount"], told["id"]) == (
        "waived",
        "fee",
        3_800,
        waiver["kk2_id"],
    )
    assert (waiver["by"], waiver["reason"], waiver["amount"]) == ("kari", "goodwill", 3_800)

    again = ("case", "withdraw-waiver", FIRST, "--waiver", str(waiver["id"]), "--reason", "not kept")
    assert [kk2(*again)[0], kk2(*again)[0]] == [0, 1]
    town.drain()
    town.prove()


def test_a_case_is_merged_parted_closed_and_opened_again(town: Site, kk2: Kk2, today: date) -> None:
    town.case(2, kr(500), DAY)
    town.change("UPDATE kk2_case SET customer_no = '1' WHERE id = :case", 2)
    town.drain()
    why = ("--reason", "one debtor")
    assert "owes 1 038,00 kr of it" in kk2("case", "merge", FIRST, "--into", MAIN, *why)[1]
    town.drain()
    assert [row["origin"] for row in json.loads(kk2("case", "show", MAIN, "--json")[1])["corrections"]["claims"]] == [
        "kk2", "merge", "merge",
    ]  # fmt: skip
    assert kk2("case", "unmerge", FIRST, *why)[0] == 0
    town.drain()
    assert "without the interest" in kk2("case", "close", FIRST, *why)[1]
    town.drain()
    assert "closed_with_rest" in kk2("case", "list", "--state", "closed_with_rest")[1]
    assert kk2("case", "reopen", FIRST, *why)[0] == 0
    town.drain()
    told = [
        json.loads(line) for line in kk2("case", "export", "--since", str(today), "--json")[1].splitlines()
    ]
    assert [(row["record"], row["id"]) for row in told] == [
        ("unmerged", None), ("reopened", None), ("merged", MAIN), ("closed_by_a_person", None),
    ]  # fmt: skip
    assert kk2("case", "list", "--debtor", "nobody")[1].splitlines()[1:] == ["(none)"]
    town.prove()


def test_claims_near_their_limitation_are_listed_by_what_is_open_of_the_oldest_invoice(
    town: Site, kk2: Kk2, today: date
) -> None:
    def due(days: int) -> date:
        """The due date of a claim that is barred in so many days."""
        day = today + timedelta(days=days)
        return day.replace(year=day.year - 3, day=28 if (day.month, day.day) == (2, 29) else day.day)

    town.case(3, kr(100), due(10), more=[(kr(500), due(100))])
    town.case(4, kr(100), due(200))
    town.case(5, kr(100), due(-5))
    town.come(paid(kid_of(3), kr(100)))

    found = [json.loads(line) for line in kk2("case", "ageing", "--within", "150", "--json")[1].splitlines()]

    assert [(row["case_no"], row["invoice_no"], row["open"]) for row in found] == [
        ("0221-00000005", "F5-1", 10_000),
        ("0221-00000003", "F3-2", 50_000),
    ]
    assert [(row["barred_on"], row["days"]) for row in found] == [
        (str(limitation_day(due(days))), days) for days in (-5, 100)
    ]
    assert "0221-00000005" in kk2("case", "ageing")[1]
    with town.engine.connect() as connection:
        assert len(ageing(connection, company="100", client="KOM", within=365, most=10)) == 3
        assert ageing(connection, company="999", client=None, within=365, most=10) == ()
