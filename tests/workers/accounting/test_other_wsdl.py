"""A far side with other names, other rows, another SOAP and another style: only the table of names is another one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ops.simulator import Fault, FaultKind, Simulator
from schemas.money import kr
from schemas.transfer import CaseNumber, NumberVerdict, TransactionKind, Verdict
from schemas.voucher import LedgerState, Voucher
from tests.workers.accounting.other.server import other_side
from tests.workers.accounting.other.table import INNFORDRING
from tests.workers.far_side import NOVEMBER, a_line, a_voucher, an_installation, secret
from workers.accounting import Accounting, Trouble, connect


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        yield simulator


@pytest.fixture
def other(visma: Simulator) -> Iterator[Accounting]:
    with other_side(visma.url) as url:
        yield connect(an_installation(url), secret, INNFORDRING)


def plain(visma: Simulator) -> Accounting:
    return connect(an_installation(visma.url), secret)


def case_numbers(visma: Simulator) -> list[CaseNumber]:
    return [
        CaseNumber(item.invoice.invoice_no, item.invoice.customer_no, f"0221-{place:08d}", NOVEMBER)
        for place, item in enumerate(visma.invoices("100"), start=1)
    ]


def test_vouchers_are_booked_and_refused_with_our_words(visma: Simulator, other: Accounting) -> None:
    too_long = a_voucher("K1-1-3", text="x" * 256)
    answers, exchange = other.register([a_voucher("K1-1-1"), a_voucher("K1-1-2", account="9999"), too_long])

    assert [(each.verdict, each.code, each.voucher_no) for each in answers] == [
        (Verdict.BOOKED, "", "100001"),
        (Verdict.REFUSED, "UnknownAccount", ""),
        (Verdict.REFUSED, "Invalid", ""),
    ]
    assert (answers[0].total, answers[0].lines) == (kr(1234, 50), 2)
    assert "line 2: account 9999 does not exist" in answers[1].note
    assert (exchange.operation, exchange.status) == ("BokforBilag", 200)
    assert "33000083672049" not in exchange.request
    assert [(row.reference, row.text) for row in visma.vouchers()] == [("K1-1-1", "OCR 03.11")]


def test_a_line_that_the_far_side_has_no_field_for_is_refused_here(other: Accounting) -> None:
    lines = (
        a_line("1920", kr(10))._replace(dimensions=("110",)),
        a_line("1500", kr(-10), customer="40017"),
    )

    (answer,), _ = other.register([Voucher("K1-1-1", "100", "", "OC", NOVEMBER, "WS-Inf", False, "", lines)])

    assert (answer.verdict, answer.code) == (Verdict.REFUSED, "Invalid")
    assert "a line has 1 dimensions, Visma takes 0" in answer.note


@pytest.mark.parametrize(
    ("kind", "verdict", "code"),
    [
        (FaultKind.PERIOD_CLOSED, Verdict.REFUSED, "PeriodClosed"),
        (FaultKind.ACCESS_DENIED, Verdict.REFUSED, "AccessDenied"),
        (FaultKind.BUSY, Verdict.UNSENT, "Busy"),
        (FaultKind.SOAP_FAULT, Verdict.UNKNOWN, "Fault"),
    ],
)
def test_faults_of_soap_1_2_mean_what_those_of_1_1_mean(
    visma: Simulator, other: Accounting, kind: FaultKind, verdict: Verdict, code: str
) -> None:
    visma.fault(Fault(kind, times=1))
    (answer,), exchange = other.register([a_voucher()])
    visma.fault(Fault(FaultKind.BUSY, times=1))
    with pytest.raises(Trouble) as trouble:
        other.transactions("100", "")

    assert (answer.verdict, answer.code, exchange.status) == (verdict, code, 400)
    assert answer.note
    assert trouble.value.code == "Busy"


def test_vouchers_are_found_and_listed(visma: Simulator, other: Accounting) -> None:
    plain(visma).register([a_voucher(f"K1-1-{number}") for number in range(1_001)])
    visma.set_state("100", 2026, 100002, LedgerState.POSTED)

    answer, _ = other.find("100", "K1-1-1")
    listed = list(other.list_vouchers("100", "OC", "WS-Inf", date(2026, 11, 1), date(2026, 11, 30)))

    assert [(each.voucher_no, each.state) for each in answer.found] == [("100002", LedgerState.POSTED)]
    assert listed == list(
        plain(visma).list_vouchers("100", "OC", "WS-Inf", date(2026, 11, 1), date(2026, 11, 30))
    )
    assert len(listed) == 1_001


def test_the_installation_is_told_in_our_words(visma: Simulator, other: Accounting) -> None:
    assert other.installation() == plain(visma).installation()


def test_ready_invoices_are_the_same_page_by_page(visma: Simulator, other: Accounting) -> None:
    visma.propose("100", "PWS", count=1_003, day=NOVEMBER)

    first, exchange = other.ready_invoices("100", "PWS")
    second, _ = other.ready_invoices("100", "PWS", first.next_page)

    assert (len(first.invoices), len(second.invoices), second.next_page) == (1_000, 3, "")
    assert first == plain(visma).ready_invoices("100", "PWS")[0]
    assert first.invoices[0].name not in exchange.answer
    assert first.invoices[0].address[0] not in exchange.answer


def test_case_numbers_are_written_once_and_refused_in_words(visma: Simulator, other: Accounting) -> None:
    visma.propose("100", "PWS", count=2)
    one, two = case_numbers(visma)

    written, _ = other.write_case_numbers("100", [one, replace(two, case_no="9" * 17)])
    refused, _ = other.write_case_numbers(
        "100", [one, replace(one, case_no="0221-99999999"), replace(two, invoice_no="404")]
    )

    assert [(each.verdict, each.code) for each in written] == [
        (NumberVerdict.WRITTEN, ""),
        (NumberVerdict.REFUSED, "Invalid"),
    ]
    assert [(each.verdict, each.code) for each in refused] == [
        (NumberVerdict.WRITTEN, ""),
        (NumberVerdict.REFUSED, "AnnenSak"),
        (NumberVerdict.REFUSED, "UkjentFaktura"),
    ]
    assert [item.case_no for item in visma.invoices("100")] == [one.case_no, ""]


def test_transactions_and_balances_are_the_same(visma: Simulator, other: Accounting) -> None:
    visma.propose("100", "PWS", count=20)
    numbers = case_numbers(visma)
    other.write_case_numbers("100", numbers[:5])
    for kind in TransactionKind:
        visma.transact("100", kind, NOVEMBER, [(numbers[0].invoice_no, kr(-10))], text="ved skranken")
    asked = [*(number.invoice_no for number in numbers), "404"]

    page, _ = other.transactions("100", "")
    again, _ = other.transactions("100", page.cursor)

    assert page == plain(visma).transactions("100", "")[0]
    assert [each.kind for each in page.transactions[-5:]] == list(TransactionKind)
    assert page.cursor
    assert again.transactions == page.transactions[-1:]
    assert other.balances("100", asked) == plain(visma).balances("100", asked)
    assert [each.collection_mark for each in other.balances("100", asked)] == [True] * 5 + [False] * 15
