"""Conversion at the command line: a dry run, the act, the report, and what goes out to a spreadsheet."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas.money import kr
from tests.ops.acting import Kk2
from tests.site import Site, kid_of, site

DUE = date(2026, 3, 16)


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with two cases, the first of which has its invoice in Visma."""
    with site(engine, tmp_path) as made:
        for number in (1, 2):
            made.case(number, kr(1000), DUE)
        made.simulator.propose(
            "100", "EWS", approved=False,
            invoices=[{"invoice_no": "F1-1", "customer_no": "1", "original": "1000.00", "due_on": "2026-03-16"}],
        )  # fmt: skip
        yield made


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "tidligere.csv"
    rows = [f"0221-0000000{n};{n};F{n}-1;{kid_of(n)};1 000,00" for n in (1, 2)]
    path.write_text("\n".join(["Saksnr;Kundenr;Fakturanr;KID;Beløp", *rows]), "utf-8")
    return str(path)


def test_a_dry_run_says_what_would_be_and_whom_it_needs(town: Site, kk2: Kk2, file: str) -> None:
    status, said, _ = kk2("visma", "convert", file, "--company", "100", "--dry-run")

    assert status == 1  # a row needs a person
    assert said.startswith("dry run, nothing is changed\n")
    assert "would be marked     1  1 000,00" in said
    assert "Visma has no invoice F2-1" in said
    status, said, _ = kk2("visma", "convert", file, "--company", "100", "--dry-run", "--json")
    rows = [json.loads(line) for line in said.splitlines()]
    assert [row.get("outcome") for row in rows] == ["waiting", "not_found", None]
    assert rows[-1] == {"summary": {"waiting": 1, "not_found": 1}, "done": False}
    assert town.one("SELECT count(*) FROM conversion") == (0,)
    assert not town.due()


def test_a_conversion_is_begun_reported_and_begun_again(town: Site, kk2: Kk2, file: str) -> None:
    status, said, told = kk2("visma", "convert", file, "--company", "100")
    assert (status, said) == (0, "conversion 1: 2 rows to be looked at\n")
    assert "the relay will tell the workers" in told
    town.drain()

    status, said, _ = kk2("visma", "conversion", "1")
    assert status == 0
    assert "done          1  1 000,00" in said
    assert "Visma has no invoice F2-1" in said
    assert "F1-1" not in said  # all is well with it
    assert "F1-1" in kk2("visma", "conversion", "1", "--outcome", "done")[1]
    listed = json.loads(kk2("visma", "conversions", "--company", "100", "--json")[1])
    assert (listed["state"], listed["rows"], listed["made_by"]) == ("done", 2, "kari")
    assert "1 row to be looked at again" in kk2("visma", "convert", file, "--company", "100")[1]


def test_the_report_as_csv_holds_no_formula(town: Site, kk2: Kk2, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text('case,customer,invoice,kid,amount\n=1+1,@x,-2,,"1000,00"\n', "utf-8")
    kk2("visma", "convert", str(path), "--company", "100")
    town.drain()

    rows = list(csv.reader(StringIO(kk2("visma", "conversion", "1", "--csv")[1]), delimiter=";"))

    assert rows[0] == [
        "line",
        "case_no",
        "customer_no",
        "invoice_no",
        "amount",
        "open_amount",
        "outcome",
        "note",
    ]
    assert rows[1][:7] == ["2", "'=1+1", "'@x", "'-2", "1000.00", "", "not_found"]


def test_what_cannot_be_is_refused_in_a_sentence(town: Site, kk2: Kk2, file: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("Saksnr;Kundenr;Fakturanr;KID;Beløp\n1;1;1;;mye\n", "utf-8")

    for dry_run in ((), ("--dry-run",)):
        status, _, told = kk2("visma", "convert", str(bad), "--company", "100", *dry_run)
        assert (status, told.count("\n")) == (1, 1)
        assert "bad.csv:2: amount (column 5): expected kroner" in told
        status, _, told = kk2("visma", "convert", file, "--company", "200", *dry_run)
        assert (status, told) == (1, "kk2: the setup has no company 200; it has 100\n")
        assert kk2("visma", "convert", file, "--company", "100", "--client", "ZZZ", *dry_run)[0] == 1
        assert kk2("visma", "convert", str(tmp_path / "none.csv"), "--company", "100", *dry_run)[0] == 2
    assert kk2("visma", "conversion", "9")[0] == 1
    assert kk2("visma", "conversion", "1", "--outcome", "odd")[0] == 2
    assert town.one("SELECT count(*) FROM conversion") == (0,)
