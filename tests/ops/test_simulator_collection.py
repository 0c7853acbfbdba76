"""What people in the simulated Visma do with invoices, by the controls over HTTP, and what is left of it on disk."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ops.simulator import BadMunicipalityError, Habits, Simulator
from schemas.transfer import TransactionKind
from tests.ops.test_simulator import a_process, ask, control, register, texts

CLAIM = {"invoice_no": "F-17", "customer_no": "40017", "original": "1000.00", "due_on": "2026-09-01"}
NS = "xmlns='urn:kk2-visma:wsinkasso:1'"
DAY = "2026-11-03"


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        yield simulator


def refused(url: str, value: object) -> tuple[int, str]:
    """Status and sentence of a control that is refused."""
    with pytest.raises(urllib.error.HTTPError) as answer:
        control(url, value)

    with answer.value as said:
        return said.code, json.loads(said.read())["error"]


def page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def number(invoice_no: str = "F-17", customer_no: str = "40017", case_no: str = "0221-00000038") -> str:
    row = (
        f"<invoiceNo>{invoice_no}</invoiceNo><customerNo>{customer_no}</customerNo><caseNo>{case_no}</caseNo>"
    )
    return f"<UpdateCaseNumbers {NS}><company>100</company><row>{row}<date>{DAY}</date></row></UpdateCaseNumbers>"


def told(url: str, since: str = "") -> Any:
    inside = f"<company>100</company>{f'<since>{since}</since>' if since else ''}"
    return ask(url, "GetTransactions", f"<GetTransactions {NS}>{inside}</GetTransactions>")


def ready(url: str, code: str = "PWS") -> Any:
    inside = f"<company>100</company><dunningCode>{code}</dunningCode>"
    return ask(url, "GetReadyInvoices", f"<GetReadyInvoices {NS}>{inside}</GetReadyInvoices>")


def test_a_proposal_is_added_approved_and_taken_back_by_the_controls(visma: Simulator) -> None:
    added = control(
        f"{visma.base}/proposals", {"company": "100", "dunning_code": "PWS", "invoices": [CLAIM], "count": 2}
    )
    before = texts(ready(visma.url), "invoiceNo")
    control(f"{visma.base}/proposals/approve", {"company": "100", "number": added["number"]})
    approved = texts(ready(visma.url), "invoiceNo")
    control(
        f"{visma.base}/proposals/approve", {"company": "100", "number": added["number"], "approved": False}
    )

    assert added == {"number": "P-1001", "invoices": 3}
    assert before == []
    assert approved == ["F-17", "70000002", "70000003"]
    assert texts(ready(visma.url), "invoiceNo") == []
    assert control(f"{visma.base}/ledger/proposals?company=100") == [
        {
            "company": "100",
            "number": "P-1001",
            "dunning_code": "PWS",
            "approved": False,
            "invoices": 3,
            "marked": 0,
        }
    ]


@pytest.mark.parametrize(
    ("path", "value", "status", "sentence"),
    [
        ("/proposals", {"company": "300", "dunning_code": "PWS"}, 400, "company 300 does not exist"),
        ("/proposals", {"company": "100", "dunning_code": "QWS"}, 400, "no dunning code QWS"),
        ("/proposals", {"company": "100", "dunning_code": "PWS", "invoices": [{"invoice_no": "F"}]}, 400,
         "an invoice lacks customer_no, due_on, original"),
        ("/proposals", {"company": "100", "dunning_code": "PWS", "invoices": [CLAIM | {"sum": "1"}]}, 400,
         "an invoice has no sum; it has address,"),
        ("/proposals", {"company": "100", "dunning_code": "PWS", "invoices": [CLAIM | {"original": "1,00"}]}, 400,
         "is not an amount"),
        ("/proposals", {"company": "100", "dunning_code": "PWS", "invoices": [CLAIM, CLAIM]}, 400,
         "company 100 has one of these invoices already"),
        ("/proposals/approve", {"company": "100", "number": "P-1"}, 404, "no dunning proposal P-1"),
        ("/transactions", {"company": "100", "kind": "payment", "day": DAY, "rows": [{"invoice_no": "F-1", "amount": "-1.00"}]},
         400, "company 100 has no invoice F-1"),
        ("/transactions", {"company": "100", "kind": "gift", "day": DAY, "rows": []}, 400, "gift"),
        ("/transactions/correct", {"company": "100", "transaction_id": "T00000009", "amount": "1.00"}, 404,
         "company 100 has no transaction T00000009"),
        ("/invoices/unmark", {"company": "100", "invoice_no": "F-1"}, 400, "invoice F-1 of company 100 carries no mark"),
        ("/vouchers/alter", {"company": "100", "year": 2026, "number": 7, "amounts": {"1": "1.00"}}, 404, "no voucher 7"),
        ("/habits", {"consume": True}, 400, "consume"),
        ("/nothing", {}, 404, "no such control: /nothing"),
    ],
)  # fmt: skip
def test_a_control_that_is_used_wrongly_says_how_and_changes_nothing(
    visma: Simulator, path: str, value: object, status: int, sentence: str
) -> None:
    said = refused(visma.base + path, value)

    assert said[0] == status
    assert sentence in said[1]
    assert (visma.proposals(), visma.invoices("100"), visma.vouchers()) == ((), (), ())


def test_a_mark_is_taken_off_by_the_control(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    ask(visma.url, "UpdateCaseNumbers", number())
    control(f"{visma.base}/invoices/unmark", {"company": "100", "invoice_no": "F-17"})

    assert [item.case_no for item in visma.invoices("100")] == [""]
    assert texts(ready(visma.url), "invoiceNo") == ["F-17"]


def test_what_visma_s_people_book_is_a_voucher_and_a_transaction_a_row(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM, CLAIM | {"invoice_no": "F-18", "customer_no": "40018"}])
    booked = control(
        f"{visma.base}/transactions",
        {
            "company": "100", "kind": "credit_note", "day": DAY, "text": "Feil fakturert", "registrar": "OLA",
            "rows": [{"invoice_no": "F-17", "amount": "-200.50"}, {"invoice_no": "F-18", "amount": "-1.00"}],
        },
    )  # fmt: skip
    rows = control(f"{visma.base}/ledger/transactions?company=100&invoice_no=F-17")
    (invoice,) = control(f"{visma.base}/ledger/invoices?company=100&invoice_no=F-17")

    assert (booked["number"], booked["by_hand"], booked["registrar"], booked["total"]) == (
        100001,
        True,
        "OLA",
        "201.50",
    )
    assert booked["transactions"] == ["T00000001", "T00000002"]
    assert rows == [
        {
            "transaction_id": "T00000001", "voucher_no": "100001", "line": 1, "voucher_type": "BI", "registrar": "OLA",
            "reference": "", "day": DAY, "amount": "-200.50", "kind": "credit_note", "invoice_no": "F-17",
            "text": "Feil fakturert",
        }
    ]  # fmt: skip
    assert (invoice["original"], invoice["open_amount"], invoice["case_no"]) == ("1000.00", "799.50", "")


def test_a_transaction_is_corrected_by_the_controls_under_its_id_or_a_new_one(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    ask(visma.url, "UpdateCaseNumbers", number())
    ids = visma.transact("100", TransactionKind.PAYMENT, date(2026, 11, 3), [("F-17", -100), ("F-17", -200)])

    same = control(
        f"{visma.base}/transactions/correct",
        {"company": "100", "transaction_id": ids[0], "amount": "-5.00"},
    )
    new = control(
        f"{visma.base}/transactions/correct",
        {"company": "100", "transaction_id": ids[1], "amount": "-6.00", "new_id": True},
    )
    said = told(visma.url)

    assert same == {"transaction_id": ids[0]}
    assert texts(said, "transactionId") == [ids[0], new["transaction_id"]]
    assert texts(said, "amount") == ["-5.00", "-6.00"]
    assert new["transaction_id"] not in ids
    assert refused(f"{visma.base}/transactions/correct", {"company": "100", "transaction_id": ids[1], "amount": "1.00"})[0] == 404  # fmt: skip


def test_a_voucher_is_altered_only_if_it_balances_and_is_not_posted(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    inside = register().replace("<amount>-10.00</amount>", "<amount>-10.00</amount><customerNo>40017</customerNo><invoiceNo>F-17</invoiceNo>")  # fmt: skip
    ask(visma.url, "RegisterVouchers", inside)
    voucher = {"company": "100", "year": 2026, "number": 100001}
    url = f"{visma.base}/vouchers/alter"

    unbalanced = refused(url, {**voucher, "amounts": {"2": "-9.00"}})
    missing = refused(url, {**voucher, "amounts": {"3": "-9.00"}})
    altered = control(url, {**voucher, "amounts": {"1": "9.00", "2": "-9.00"}})
    reversed_by = control(f"{visma.base}/vouchers/reverse", {**voucher, "day": "2026-11-09"})
    control(f"{visma.base}/vouchers/state", {**voucher, "state": "posted"})

    assert "differ by 1,00 kr" in unbalanced[1]
    assert "has 2 lines, and no line 3" in missing[1]
    assert altered["total"] == "9.00"
    assert [(each.voucher_no, each.amount, each.kind.value) for each in visma.transactions("100")] == [
        ("100001", -900, "payment"),
        (str(reversed_by["number"]), 900, "reversal"),
    ]
    assert "is posted: reverse it" in refused(url, {**voucher, "amounts": {"1": "8.00", "2": "-8.00"}})[1]


def test_a_deleted_voucher_takes_its_transactions_with_it_and_brings_them_back(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    visma.transact("100", TransactionKind.PAYMENT, date(2026, 11, 3), [("F-17", -100)])
    ask(visma.url, "UpdateCaseNumbers", number())
    voucher = {"company": "100", "year": 2026, "number": 100001}

    control(f"{visma.base}/vouchers/state", {**voucher, "state": "deleted"})
    gone = (texts(told(visma.url), "amount"), visma.invoices("100")[0].invoice.open_amount)
    control(f"{visma.base}/vouchers/state", {**voucher, "state": "registered"})

    assert gone == ([], 100_000)
    assert texts(told(visma.url), "amount") == ["-1.00"]
    assert visma.invoices("100")[0].invoice.open_amount == 99_900


def test_habits_are_seen_and_changed_while_it_runs(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    ask(visma.url, "UpdateCaseNumbers", number())
    consumed = texts(ready(visma.url), "invoiceNo")
    standing = control(f"{visma.base}/habits")
    changed = control(f"{visma.base}/habits", {"consumes": False})

    assert standing == {
        "consumes": True,
        "tells_registrar": True,
        "tells_reference": True,
        "tells_history": True,
    }
    assert changed == {**standing, "consumes": False}
    assert (consumed, texts(ready(visma.url), "invoiceNo")) == ([], ["F-17"])


def test_proposals_marks_and_transactions_outlive_a_kill_and_the_cursor_goes_on(tmp_path: Path) -> None:
    with a_process(tmp_path, "--no-proposals") as (process, url):
        base = url.removesuffix("/wsinkasso")
        control(
            f"{base}/proposals",
            {"company": "100", "dunning_code": "PWS", "invoices": [CLAIM], "approved": True},
        )
        ask(url, "UpdateCaseNumbers", number())
        rows = [{"invoice_no": "F-17", "amount": "-200.00"}]
        control(f"{base}/transactions", {"company": "100", "kind": "payment", "day": DAY, "rows": rows})
        before = told(url)
        process.kill()
        process.wait(10)
    with a_process(tmp_path, "--no-proposals") as (_, url):
        again = told(url)
        other = ask(url, "UpdateCaseNumbers", number(case_no="0221-00000039"))
        (cursor,) = texts(again, "cursor")
        since = told(url, cursor)

    assert texts(before, "transactionId") == texts(again, "transactionId") == texts(since, "transactionId")
    assert texts(before, "cursor") == texts(since, "cursor") == [cursor]
    assert texts(other, "code") == ["OtherCaseNumber"]


def test_a_process_begins_with_the_municipality_s_proposals_and_does_not_add_them_twice(
    tmp_path: Path,
) -> None:
    counts = []
    for _ in range(2):
        with a_process(tmp_path) as (_, url):
            counts.append([len(texts(ready(url, code), "invoice")) for code in ("PWS", "EWS")])
            listed = control(url.replace("/wsinkasso", "/ledger/proposals"))

    assert counts == [[24, 6], [24, 6]]
    assert [(row["company"], row["number"], row["approved"]) for row in listed] == [
        ("100", "P-1001", True),
        ("100", "P-1002", True),
        ("100", "P-1003", False),
        ("200", "P-1001", True),
    ]


def test_a_process_may_be_an_installation_that_lacks_and_hides_things(tmp_path: Path) -> None:
    lacks = ("--no-import", "--no-balances", "--keeps-ready", "--hide-registrar", "--hide-reference")
    with a_process(tmp_path, *lacks) as (_, url):
        said = ask(url, "GetInstallation", f"<GetInstallation {NS}/>")
        habits = control(url.replace("/wsinkasso", "/habits"))

    assert set(texts(said, "capability")) == {
        "RegisterVouchers", "GetInstallation", "FindVoucher", "ListVouchers", "GetTransactions",
    }  # fmt: skip
    assert habits == {
        "consumes": False,
        "tells_registrar": False,
        "tells_reference": False,
        "tells_history": True,
    }


def test_a_proposal_of_the_file_that_is_wrong_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'version = "7"\n[[company]]\ncode = "9"\nname = "Bygd"\nclients = ["A"]\nvoucher_types = ["OC"]\n'
        'registrars = ["WS-Inf"]\nsub_ledger_types = ["10"]\nopen_periods = ["2026-01", "2026-12"]\naccounts = ["1"]\n'
        '[[company.dunning]]\ncode = "PWS"\nclients = ["A"]\n[[company.proposal]]\nnumber = "P-1"\n',
        "utf-8",
    )

    with pytest.raises(BadMunicipalityError, match="dunning_code"):
        Simulator(tmp_path / "ledger", municipality=own, seeded=True)
    with own.open("a", encoding="utf-8") as file:
        file.write('dunning_code = "EWS"\napproved = true\ninvoices = 1\nday = 2026-11-03\n')
    with pytest.raises(BadMunicipalityError, match="proposal P-1: company 9 has no dunning code EWS"):
        Simulator(tmp_path / "ledger", municipality=own, seeded=True)


def test_the_same_seed_invents_the_same_invoices_and_their_open_amounts_are_explained(tmp_path: Path) -> None:
    def invented(folder: str, seed: int) -> tuple[object, ...]:
        with Simulator(tmp_path / folder) as visma:
            visma.propose("100", "PWS", count=40, day=date(2026, 10, 1), seed=seed)
            for item in visma.invoices("100"):
                happened = sum(each.amount for each in visma.transactions("100", item.invoice.invoice_no))
                assert item.invoice.open_amount == item.invoice.original + happened
            return tuple(item.invoice for item in visma.invoices("100"))

    once = invented("once", 1)

    assert once == invented("again", 1)
    assert once != invented("other", 2)


def test_the_pages_show_proposals_marks_case_numbers_and_what_happened(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM | {"name": "Kari <b>Nordmann</b>"}], count=101)
    visma.propose("100", "EWS", number="P/2 & 3", count=1, approved=False)
    ask(visma.url, "UpdateCaseNumbers", number())
    visma.transact("100", TransactionKind.WRITE_OFF, date(2026, 11, 3), [("F-17", -12_345)], text="Foreldet")

    front = page(f"{visma.base}/")
    proposal = page(
        f"{visma.base}/invoices?{urllib.parse.urlencode({'company': '100', 'proposal': 'P/2 & 3'})}"
    )
    newest = page(f"{visma.base}/invoices?company=100&proposal=P-1001")
    older = page(f"{visma.base}/invoices?company=100&proposal=P-1001&before=3")
    invoice = page(f"{visma.base}/invoice?company=100&invoice_no=F-17")
    happened = page(f"{visma.base}/transactions?company=100")

    assert all(text in front for text in ("P-1001", "Godkjent", "Ikke godkjent", "P/2 &amp; 3"))
    assert "70000103" in proposal
    assert "F-17" not in newest
    assert "before=3" in newest
    assert all(text in older for text in ("F-17", "Ekstern inkasso", "0221-00000038", "876,55"))
    assert "<b>Nordmann" not in older + invoice
    assert all(
        text in invoice for text in ("sak 0221-00000038", "Avskriving", "-123,45", "876,55", "Foreldet")
    )
    assert "T00000011" in happened
    with pytest.raises(urllib.error.HTTPError) as missing:
        page(f"{visma.base}/invoice?company=100&invoice_no=F-404")
    missing.value.close()
    assert missing.value.code == 404


def test_a_large_proposal_is_added_and_asked_for_at_once(visma: Simulator) -> None:
    began = time.monotonic()
    added = control(
        f"{visma.base}/proposals",
        {"company": "100", "dunning_code": "PWS", "count": 20_000, "approved": True, "day": "2026-10-01"},
    )
    page_token, seen = "", 0
    while True:
        token = f"<pageToken>{page_token}</pageToken>" if page_token else ""
        inside = f"<company>100</company><dunningCode>PWS</dunningCode>{token}"
        said = ask(visma.url, "GetReadyInvoices", f"<GetReadyInvoices {NS}>{inside}</GetReadyInvoices>")
        seen += len(said.findall("{*}invoice"))
        page_token = next(iter(texts(said, "nextPageToken")), "")
        if not page_token:
            break

    assert added["invoices"] == seen == 20_000
    assert time.monotonic() - began < 15
    total = sum(Decimal(row["original"]) for row in control(f"{visma.base}/ledger/invoices?company=100"))
    assert total == Decimal(sum(item.invoice.original for item in visma.invoices("100"))) / 100


def test_habits_may_be_given_from_the_beginning(tmp_path: Path) -> None:
    with Simulator(tmp_path, habits=Habits(tells_reference=False)) as visma:
        assert control(f"{visma.base}/habits")["tells_reference"] is False
