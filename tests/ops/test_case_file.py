"""A file of cases against a real database: what is opened and changed, what is refused, and that again changes nothing."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import case_file, setup_file
from ops.case_file import Applied
from ops.case_rows import BadFileError
from schemas.kid import mod10, mod11
from tests.ops.test_setup_file import MUNICIPALITY

ACCOUNT = "97100110427"
Record = Mapping[str, object]


def own_kid(number: int) -> str:
    body = f"7{number:09d}"
    return body + mod11(body)


def invoice_kid(number: int) -> str:
    body = f"41{number:010d}"
    return body + mod10(body)


def a_case(number: int, **other: object) -> Record:
    return {
        "record": "case",
        "company": "100",
        "client": "KOM",
        "case_no": f"0221-{number:08d}",
        "account": ACCOUNT,
        "kid": own_kid(number),
        "kids": [invoice_kid(number)],
        "sub_ledger_type": "10",
        "customer_no": f"10{number:03d}",
        "debtor": "Kari Nordmann",
        "opened_on": "2026-03-02",
        **other,
    }


def about(number: int, record: str, **other: object) -> Record:
    return {"record": record, "company": "100", "client": "KOM", "case_no": f"0221-{number:08d}", **other}


def an_invoice(number: int, amount: str = "1000.00", **other: object) -> Record:
    rest = {"kind": "principal", "amount": amount, "due_on": "2026-01-15", "invoice_no": str(number)}
    return about(number, "item", id=f"F{number}", **{**rest, **other})


def a_fee(number: int, amount: str = "38.00") -> Record:
    return about(number, "item", id=f"G{number}", kind="fee", amount=amount, due_on="2026-02-15")


@pytest.fixture
def town(engine: Engine) -> Engine:
    """A database with the municipality's setup."""
    setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=False)
    return engine


def apply(engine: Engine, *records: Record, dry_run: bool = False) -> Applied:
    return case_file.apply_records(
        engine, list(enumerate(records, 1)), name="cases.json", actor="kari", dry_run=dry_run
    )


def refused(engine: Engine, *records: Record) -> list[str]:
    with pytest.raises(BadFileError) as error:
        apply(engine, *records)
    return [str(fault) for fault in error.value.faults]


def ask(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def events(engine: Engine) -> list[tuple[object, ...]]:
    return ask(engine, "SELECT event, actor FROM journal WHERE event <> 'PersonActed' ORDER BY id")


CASES = "SELECT case_no, state, balance, dirty FROM kk2_case ORDER BY case_no"


def test_cases_are_opened_with_their_claims_and_waiting_payments_are_woken(town: Engine) -> None:
    applied = apply(town, a_case(1), an_invoice(1), a_fee(1), a_case(2), an_invoice(2, "250,50"))

    assert (applied.records, applied.opened, applied.changed) == (5, 2, 0)
    assert ask(town, CASES) == [
        ("0221-00000001", "open", 103_800, False),
        ("0221-00000002", "open", 25_050, False),
    ]
    assert ask(
        town, "SELECT sub_ledger_account, case_flow FROM kk2_case WHERE case_no = '0221-00000001'"
    ) == [("1510", "EGEN")]
    assert ask(town, "SELECT count(*) FROM case_kid") == [(4,)]
    assert events(town) == [("CasesOpened", "kari")]
    assert [(ring.stage, ring.label) for ring in applied.rings] == [("resettle", "2 cases")]


def test_the_same_file_again_changes_nothing(town: Engine) -> None:
    records = (
        a_case(1), an_invoice(1), a_fee(1), a_case(2), an_invoice(2), a_case(3),
        about(1, "waiver", id="E1", item="F1", kind="principal", amount="100.00", day="2026-04-01", reason="agreed"),
        about(1, "withdrawn_item", id="G1"), about(3, "merge", into="0221-00000002"),
    )  # fmt: skip
    apply(town, *records)
    before = ask(town, CASES), events(town)
    assert ask(town, CASES)[0] == ("0221-00000001", "open", 90_000, True)

    again = apply(town, *records)

    assert (again.opened, again.changed, again.renamed, again.rings) == (0, 0, 0, ())
    assert (ask(town, CASES), events(town)) == before


def test_a_dry_run_says_what_would_happen_and_does_nothing(town: Engine) -> None:
    applied = apply(town, a_case(1), an_invoice(1), dry_run=True)

    assert (applied.opened, applied.rings) == (1, ())
    assert ask(town, "SELECT count(*) FROM kk2_case") == [(0,)]


def test_a_later_cost_a_waiver_and_a_step_deleted_change_the_balance_and_mark_the_case(town: Engine) -> None:
    apply(town, a_case(1), an_invoice(1), a_fee(1))
    cost = about(1, "item", id="O1", kind="costs", amount="500.00", due_on="2026-05-01")
    waiver = about(1, "waiver", id="E1", item="F1", kind="principal", amount="100.00", day="2026-04-01")
    no_money = about(1, "waiver", id="E2", item="F1", kind="interest", amount="5.00", day="2026-04-01")

    applied = apply(town, cost, waiver, no_money, about(1, "withdrawn_item", id="G1"))

    assert applied.changed == 1
    assert ask(town, CASES) == [("0221-00000001", "open", 140_000, True)]
    assert events(town) == [("CasesOpened", "kari"), ("CaseChanged", "kari")]


def test_a_waiver_goes_with_the_item_that_is_withdrawn(town: Engine) -> None:
    apply(town, a_case(1), an_invoice(1), a_fee(1))
    apply(town, about(1, "waiver", id="E1", item="G1", kind="fee", amount="38.00", day="2026-04-01"))

    apply(town, about(1, "withdrawn_item", id="G1"))

    assert ask(town, CASES) == [("0221-00000001", "open", 100_000, True)]


def test_a_waiver_that_is_withdrawn_is_owed_again(town: Engine) -> None:
    apply(town, a_case(1), an_invoice(1))
    apply(town, about(1, "waiver", id="E1", item="F1", kind="principal", amount="100.00", day="2026-04-01"))

    apply(town, about(1, "withdrawn_waiver", id="E1"))

    assert ask(town, "SELECT balance FROM kk2_case") == [(100_000,)]


def test_a_recalled_case_is_so_and_is_settled_again(town: Engine) -> None:
    apply(town, a_case(1), an_invoice(1))

    assert apply(town, about(1, "recalled")).changed == 1
    assert ask(town, CASES) == [("0221-00000001", "recalled", 100_000, True)]


def test_a_merge_leads_to_the_main_case_and_back(town: Engine) -> None:
    apply(town, a_case(1), a_case(2))
    apply(town, about(1, "merge", into="0221-00000002"))
    assert ask(
        town,
        "SELECT c.case_no, c.state, m.case_no FROM kk2_case c LEFT JOIN kk2_case m ON m.id = c.merged_into ORDER BY 1",
    ) == [("0221-00000001", "merged", "0221-00000002"), ("0221-00000002", "open", None)]

    applied = apply(town, about(1, "unmerge"))

    assert applied.changed == 2
    assert ask(town, "SELECT DISTINCT state, merged_into, dirty FROM kk2_case") == [("open", None, True)]


def test_a_further_kid_wakes_the_payments_that_waited_for_it(town: Engine) -> None:
    apply(town, a_case(1))

    applied = apply(town, a_case(1, kids=[invoice_kid(1), invoice_kid(901)], debtor="Kari Hansen"))

    assert (applied.opened, applied.renamed) == (0, 1)
    assert events(town) == [("CasesOpened", "kari"), ("CasesOpened", "kari")]


def test_every_row_is_checked_and_every_fault_has_its_line(town: Engine) -> None:
    found = refused(
        town,
        a_case(1, kid="70000000012"),
        a_case(2, account="12345678903"),
        a_case(3, sub_ledger_type="99"),
        a_case(4, opened_on="2.3.2026", client="KOMM"),
        an_invoice(5, amount="10"),
        {"record": "kase"},
        an_invoice(6, kind="interest", colour="red"),
        a_case(7, kid=""),
    )

    assert found == [
        "1: kid: expected a KID that passes the control of account 97100110427, found '70000000012'",
        "2: account: expected an OCR account of company 100, set up, found '12345678903'",
        "3: sub_ledger_type: expected a sub-ledger type of client 100/KOM, set up by 2026-03-02, found '99'",
        "4: client: expected a client's code of 3 characters, found 'KOMM'",
        "4: opened_on: expected a day, as 2026-01-31, found '2.3.2026'",
        "5: amount: expected kroner as text with two decimals, above 0, as 1234.50 or 1234,50, found '10'",
        (
            "6: record: expected one of case, item, waiver, withdrawn_item, withdrawn_waiver, recalled, merge, "
            "unmerge, found 'kase'"
        ),
        (
            "7: colour: expected one of the keys of item: company, client, case_no, id, kind, amount, due_on, "
            "invoice_no, found a key that is not known"
        ),
        "7: kind: expected principal, costs or fee: interest is computed, never given, found 'interest'",
        "8: kid: expected a value, found nothing",
    ]
    assert ask(town, "SELECT count(*) FROM kk2_case") == [(0,)]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([an_invoice(9)], "1: case_no: expected a case that stands, or that the file opens"),
        ([a_case(1), a_case(1)], "2: case: expected each once in a file, line 1 has it"),
        ([a_case(2, kid=own_kid(1))], "1: kid: expected a KID that no other case has as its own"),
        ([a_case(2), an_invoice(2), an_invoice(2)], "3: item: expected each once in a file"),
        ([a_case(1, opened_on="2026-03-03")], "1: account, kid and opened_on: expected those that the case was"),
        ([an_invoice(1, "999.00")], "1: amount, kind, due_on and invoice_no of an item that stands: expected the same"),
        ([about(1, "withdrawn_item", id="X")], "1: item: expected an item of the case that is not withdrawn"),
        ([about(1, "withdrawn_waiver", id="X")], "1: waiver: expected a waiver of the case"),
        (
            [about(1, "waiver", id="E", item="F1", kind="fee", amount="1.00", day="2026-04-01")],
            "1: kind of a waiver: expected its item's kind",
        ),
        (
            [about(1, "waiver", id="E", item="F1", kind="principal", amount="1000.01", day="2026-04-01")],
            "1: amount of a waiver: expected at most the item's 1 000,00 kr, found 1 000,01 kr",
        ),
        ([about(1, "merge", into="0221-00000001")], "1: into: expected another case of the client"),
        ([about(1, "merge", into="0221-00000077")], "1: into: expected another case of the client"),
        ([a_case(2), about(1, "merge", into="0221-00000002"), about(2, "merge", into="0221-00000001")], "2: into: "),
        ([about(1, "recalled"), about(1, "unmerge")], "2: state of the case: expected each once in a file"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_case_as_it_stands_is_refused(
    town: Engine, records: list[Record], said: str
) -> None:
    apply(town, a_case(1), an_invoice(1))

    found = refused(town, *records)

    assert found[0].startswith(said)
    assert ask(town, CASES) == [("0221-00000001", "open", 100_000, False)]


def lines(records: Iterable[Record]) -> str:
    return "\n".join(json.dumps(record) for record in records)


def test_csv_json_lines_and_a_json_array_say_the_same(town: Engine, tmp_path: Path) -> None:
    records = (a_case(1), an_invoice(1, "1234.50"))
    (tmp_path / "a.jsonl").write_text(lines(records) + "\n\n", "utf-8")
    (tmp_path / "b.json").write_text(json.dumps(records, indent=2), "utf-8")
    header = "record;company;client;case_no;account;kid;kids;sub_ledger_type;customer_no;debtor;opened_on;id;kind;amount;due_on;invoice_no"
    (tmp_path / "c.csv").write_text(
        f"\ufeff{header}\r\n"
        f"case;100;KOM;0221-00000001;{ACCOUNT};{own_kid(1)};{invoice_kid(1)};10;10001;Kari Nordmann;2026-03-02\r\n"
        "item;100;KOM;0221-00000001;;;;;;;;F1;principal;1234,50;2026-01-15;1\r\n",
        "utf-8",
    )

    applied = [
        case_file.apply(town, tmp_path / name, actor="kari", dry_run=False)
        for name in ("a.jsonl", "b.json", "c.csv")
    ]

    assert [(a.records, a.opened, a.changed, a.renamed) for a in applied] == [
        (2, 1, 0, 0),
        (2, 0, 0, 0),
        (2, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("a.csv", "record;kompany\ncase;100\n", "1: record: expected JSON or CSV, found a first line with the keys"),
        ("a.csv", "record,company\nrecalled,100,x\n", "2: record: expected JSON or CSV, found 3 cells under 2 keys"),
        ("a.json", '{"record": "case"\n', "1: record: expected JSON or CSV, found"),
        ("a.json", "[\n  1]", "2: record: expected JSON or CSV, found"),
        ("a.json", "[\n{}\n, {", "2: record: expected one of case"),
    ],
)  # fmt: skip
def test_what_is_no_record_is_said_with_its_line(
    town: Engine, tmp_path: Path, name: str, written: str, said: str
) -> None:
    (tmp_path / name).write_text(written, "utf-8")

    with pytest.raises(BadFileError) as error:
        case_file.apply(town, tmp_path / name, actor="kari", dry_run=False)

    assert str(error.value.faults[0]).startswith(said)
    assert str(error.value).startswith(f"{tmp_path / name}:")


def test_bytes_that_are_no_utf8_are_refused(town: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"record": "case", "debtor": "K\xe5re"}')

    with pytest.raises(BadFileError, match="text in UTF-8"):
        case_file.apply(town, tmp_path / "a.json", actor="kari", dry_run=False)


def test_thousands_of_cases_are_events_of_at_most_a_thousand(town: Engine) -> None:
    applied = apply(
        town, *(record for n in range(1, 2502) for record in (a_case(n), an_invoice(n), a_fee(n)))
    )

    assert applied.opened == 2501
    sizes = ask(
        town,
        "SELECT jsonb_array_length(body->'case_ids') FROM journal WHERE event = 'CasesOpened' ORDER BY id",
    )
    assert sizes == [(1000,), (1000,), (501,)]
    assert ask(town, "SELECT sum(balance), count(*) FROM kk2_case") == [(2501 * 103_800, 2501)]


def test_a_waiver_that_comes_with_its_case_is_in_the_balance_from_the_start(town: Engine) -> None:
    waiver = about(1, "waiver", id="E1", item="F1", kind="principal", amount="100.00", day="2026-04-01")

    apply(town, a_case(1), an_invoice(1), waiver)

    assert ask(town, CASES) == [("0221-00000001", "open", 90_000, False)]
