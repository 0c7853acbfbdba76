"""Case numbers over HTTP against the simulated Visma: written once, answered row by row, and written again in safety."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.simulator import Fault, FaultKind, Simulator
from schemas.transfer import CaseNumber, NumberVerdict
from tests.workers.far_side import NOVEMBER, an_installation, far_side, http, saying, secret, soap
from workers.accounting import Accounting, Trouble, connect

WRITTEN, REFUSED, UNKNOWN = NumberVerdict.WRITTEN, NumberVerdict.REFUSED, NumberVerdict.UNKNOWN
CLAIM = {"invoice_no": "F-17", "customer_no": "40017", "original": "1000.00", "due_on": "2026-09-01"}
NUMBER = CaseNumber("F-17", "40017", "0221-00000038", NOVEMBER)


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        simulator.propose("100", "PWS", invoices=[CLAIM, CLAIM | {"invoice_no": "F-18"}])
        yield simulator


def accounting(visma: Simulator) -> Accounting:
    return connect(an_installation(visma.url), secret)


def standing(visma: Simulator) -> list[str]:
    return [item.case_no for item in visma.invoices("100")]


def test_a_case_number_is_written_and_may_be_written_again(visma: Simulator) -> None:
    once, exchange = accounting(visma).write_case_numbers("100", [NUMBER])
    twice, _ = accounting(visma).write_case_numbers("100", [NUMBER])

    assert once == twice
    assert [(each.invoice_no, each.verdict, each.code, each.note) for each in once] == [
        ("F-17", WRITTEN, "", "")
    ]
    assert standing(visma) == ["0221-00000038", ""]
    assert (exchange.operation, exchange.status) == ("UpdateCaseNumbers", 200)


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (replace(NUMBER, invoice_no="F-404"), "UnknownInvoice", "invoice F-404 does not exist"),
        (replace(NUMBER, customer_no="40018"), "WrongCustomer", "not one of customer 40018"),
        (replace(NUMBER, case_no="0221-00000039"), "OtherCaseNumber", "with case number 0221-00000038"),
        (replace(NUMBER, case_no="0221-000000000038"), "Invalid", "maxLength"),
        (replace(NUMBER, case_no=""), "Invalid", "caseNo"),
        (replace(NUMBER, customer_no="4" * 12), "Invalid", "customerNo"),
        (replace(NUMBER, case_no="0221\x07"), "Invalid", "control characters"),
    ],
)
def test_a_case_number_that_can_not_be_written_is_refused_in_words_and_the_others_are_written(
    visma: Simulator, number: CaseNumber, code: str, words: str
) -> None:
    accounting(visma).write_case_numbers("100", [NUMBER])
    other = replace(NUMBER, invoice_no="F-18", case_no="0221-00000040")

    (refused, written), _ = accounting(visma).write_case_numbers("100", [number, other])

    assert (refused.verdict, refused.code) == (REFUSED, code)
    assert words in refused.note
    assert written.verdict is WRITTEN
    assert standing(visma) == ["0221-00000038", "0221-00000040"]


def test_the_longest_case_number_is_sixteen_characters(visma: Simulator) -> None:
    (answer,), _ = accounting(visma).write_case_numbers("100", [replace(NUMBER, case_no="K" * 16)])

    assert answer.verdict is WRITTEN
    assert standing(visma)[0] == "K" * 16


def test_an_invoice_needs_no_approved_proposal_for_cases_were_transferred_before_the_service(
    visma: Simulator,
) -> None:
    visma.propose("100", "EWS", invoices=[CLAIM | {"invoice_no": "F-19"}], approved=False)

    (answer,), _ = accounting(visma).write_case_numbers("100", [replace(NUMBER, invoice_no="F-19")])

    assert answer.verdict is WRITTEN


def test_two_numbers_for_one_invoice_in_a_call_are_answered_in_their_order(visma: Simulator) -> None:
    other = replace(NUMBER, case_no="0221-00000039")

    answers, _ = accounting(visma).write_case_numbers("100", [NUMBER, other, NUMBER])

    assert [(each.verdict, each.code) for each in answers] == [
        (WRITTEN, ""),
        (REFUSED, "OtherCaseNumber"),
        (WRITTEN, ""),
    ]


def test_a_thousand_are_one_call_in_their_order_and_more_are_our_own_fault(visma: Simulator) -> None:
    visma.propose("100", "PWS", number="P-9", count=1_000)
    rows = [
        CaseNumber(item.invoice.invoice_no, item.invoice.customer_no, f"0221-{place:08d}", NOVEMBER)
        for place, item in enumerate(visma.invoices("100", "P-9"))
    ][::-1]

    answers, _ = accounting(visma).write_case_numbers("100", rows)

    assert [each.invoice_no for each in answers] == [row.invoice_no for row in rows]
    assert {each.verdict for each in answers} == {WRITTEN}
    for wrong in ([], [*rows, NUMBER]):
        with pytest.raises(ValueError, match="1 to 1000 rows"):
            accounting(visma).write_case_numbers("100", wrong)


@pytest.mark.parametrize(
    "kind", [FaultKind.LOSE_ANSWER_AFTER_BOOKING, FaultKind.TRUNCATED, FaultKind.ACCEPTED_202_EMPTY]
)
def test_a_lost_answer_is_trouble_and_the_same_call_again_is_safe(visma: Simulator, kind: FaultKind) -> None:
    visma.fault(Fault(kind, operation="UpdateCaseNumbers", times=1))

    with pytest.raises(Trouble) as trouble:
        accounting(visma).write_case_numbers("100", [NUMBER])
    after_the_trouble = standing(visma)
    (again,), _ = accounting(visma).write_case_numbers("100", [NUMBER])

    assert trouble.value.exchange.operation == "UpdateCaseNumbers"
    assert after_the_trouble == ["0221-00000038", ""]
    assert again.verdict is WRITTEN


def test_a_company_that_visma_does_not_have_is_trouble_for_the_whole_call(visma: Simulator) -> None:
    with pytest.raises(Trouble, match="company 300 does not exist") as trouble:
        accounting(visma).write_case_numbers("300", [NUMBER])

    assert trouble.value.code == "UnknownCompany"


ROW = "<w:result><w:invoiceNo>F-17</w:invoiceNo><w:customerNo>40017</w:customerNo>{}</w:result>"
ERROR = "<w:error><w:code>{}</w:code><w:text>why, {}</w:text></w:error>"


@pytest.mark.parametrize(
    ("rows", "verdict", "code"),
    [
        (ROW.format(""), WRITTEN, ""),
        (ROW.format(ERROR.format("WrongCustomer", "1")), REFUSED, "WrongCustomer"),
        (ROW.format(ERROR.format("Odd", "1")), UNKNOWN, "Odd"),
        (ROW.format(ERROR.format("WrongCustomer", "1") + ERROR.format("Odd", "2")), UNKNOWN, "Odd"),
        (ROW.format("") * 2, UNKNOWN, "TwoRows"),
        (ROW.format("").replace("F-17", "F-18"), UNKNOWN, "NoRow"),
        (ROW.format("").replace("40017", "40018"), UNKNOWN, "NoRow"),
    ],
)
def test_only_what_the_answer_clearly_says_of_a_row_is_believed(
    rows: str, verdict: NumberVerdict, code: str
) -> None:
    said = soap(f"<w:UpdateCaseNumbersResponse>{rows}</w:UpdateCaseNumbersResponse>")
    with far_side(saying(http("200 OK", said))) as side:
        (answer,), _ = connect(an_installation(side.url), secret).write_case_numbers("100", [NUMBER])

    assert (answer.invoice_no, answer.verdict, answer.code) == ("F-17", verdict, code)
    assert bool(answer.note) == (verdict is not WRITTEN)


def test_a_person_number_that_visma_quotes_is_masked() -> None:
    error = ERROR.format("WrongCustomer", "customer 01817012345")
    said = soap(f"<w:UpdateCaseNumbersResponse>{ROW.format(error)}</w:UpdateCaseNumbersResponse>")
    with far_side(saying(http("200 OK", said))) as side:
        (answer,), exchange = connect(an_installation(side.url), secret).write_case_numbers("100", [NUMBER])

    assert answer.note == "why, customer ***345"
    assert "01817012345" not in exchange.answer
