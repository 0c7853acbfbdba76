"""Ready invoices, transactions and balances over HTTP against the simulated Visma: exact, page by page, and asked again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ops.simulator import Habits, Simulator
from schemas.money import kr
from schemas.transfer import (
    CaseNumber,
    InvoiceBalance,
    LedgerTransaction,
    ReadyInvoice,
    TransactionKind,
    TransactionPage,
)
from schemas.voucher import LedgerState, Voucher
from tests.workers.far_side import NOVEMBER, a_line, an_installation, secret
from workers.accounting import Accounting, CannotTell, Trouble, connect

PAYMENT, CORRECTION = TransactionKind.PAYMENT, TransactionKind.CORRECTION
CLAIM = {"invoice_no": "F-17", "customer_no": "40017", "original": "1000.00", "due_on": "2026-09-01"}


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        yield simulator


def accounting(visma: Simulator) -> Accounting:
    return connect(an_installation(visma.url), secret)


def write(visma: Simulator, *invoice_nos: str, case_no: str = "0221-00000038") -> None:
    customers = {item.invoice.invoice_no: item.invoice.customer_no for item in visma.invoices("100")}
    rows = [CaseNumber(number, customers[number], case_no, NOVEMBER) for number in invoice_nos]
    accounting(visma).write_case_numbers("100", rows)


def told(visma: Simulator, cursor: str = "") -> tuple[list[LedgerTransaction], str]:
    """All that is told since a cursor, and the cursor to go on from."""
    found: list[LedgerTransaction] = []
    page, following = TransactionPage((), "first", ""), ""
    while page.next_page:
        page, _ = accounting(visma).transactions("100", cursor, following)
        found += page.transactions
        following = page.next_page
    return found, page.cursor


def ours(reference: str, invoice_no: str, amount: int) -> Voucher:
    lines = (
        a_line("1920", amount),
        a_line("1500", -amount, customer="40017", kid="33000083672049")._replace(invoice_no=invoice_no),
    )
    return Voucher(reference, "100", "", "OC", NOVEMBER, "WS-Inf", False, "OCR 03.11", lines)


def test_a_ready_invoice_comes_with_all_that_visma_knows_of_it(visma: Simulator) -> None:
    visma.propose(
        "100",
        "EWS",
        number="P-7",
        invoices=[
            CLAIM
            | {
                "name": "Ødegård & sønn <AS>",
                "address": ["Kaigata 1", "6700 FJORDVIK"],
                "identity_no": "987654325",
                "sub_ledger_type": "20",
                "kid": "33000083672049",
                "open_amount": "600.01",
                "reminders": 2,
                "fees": "76.00",
                "invoiced_on": "2026-08-11",
            }
        ],
    )

    page, exchange = accounting(visma).ready_invoices("100", "EWS")

    assert page.invoices == (
        ReadyInvoice(
            "P-7", "F-17", "40017", "Ødegård & sønn <AS>", ("Kaigata 1", "6700 FJORDVIK"), "987654325", "20", "KOM",
            "33000083672049", date(2026, 8, 11), date(2026, 9, 1), kr(1000), kr(600, 1), 2, kr(76),
        ),
    )  # fmt: skip
    assert page.next_page == ""
    assert (exchange.operation, exchange.status) == ("GetReadyInvoices", 200)


def test_only_approved_proposals_with_that_code_are_ready_and_asking_consumes_nothing(
    visma: Simulator,
) -> None:
    visma.propose("100", "PWS", number="P-1", count=3)
    visma.propose("100", "PWS", number="P-2", count=4, approved=False)
    visma.propose("100", "EWS", number="P-3", count=5)
    visma.propose("200", "PWS", number="P-1", count=6)
    ask = accounting(visma).ready_invoices

    before = [ask("100", "PWS")[0] for _ in range(2)]
    visma.approve("100", "P-2")

    assert before[0] == before[1]
    assert [each.proposal_no for each in before[0].invoices] == ["P-1"] * 3
    assert len(ask("100", "PWS")[0].invoices) == 7
    assert [len(ask(company, code)[0].invoices) for company, code in (("100", "EWS"), ("200", "PWS"))] == [
        5,
        6,
    ]


def test_pages_of_a_thousand_hold_each_invoice_once_though_numbers_are_written_between_them(
    visma: Simulator,
) -> None:
    visma.propose("100", "PWS", count=2_001)
    seen: list[str] = []
    page = ""
    sizes = []
    while True:
        found, _ = accounting(visma).ready_invoices("100", "PWS", page)
        sizes.append(len(found.invoices))
        seen += [each.invoice_no for each in found.invoices]
        write(visma, *(each.invoice_no for each in found.invoices))
        page = found.next_page
        if not page:
            break

    assert sizes == [1_000, 1_000, 1]
    assert len(set(seen)) == 2_001
    assert accounting(visma).ready_invoices("100", "PWS")[0].invoices == ()


def test_an_installation_may_leave_an_invoice_ready_for_ever(tmp_path: Path) -> None:
    with Simulator(tmp_path, habits=Habits(consumes=False)) as visma:
        visma.propose("100", "PWS", count=3)
        first = visma.invoices("100")[0].invoice.invoice_no
        write(visma, first)

        found, _ = accounting(visma).ready_invoices("100", "PWS")

    assert found.invoices[0].invoice_no == first
    assert len(found.invoices) == 3


@pytest.mark.parametrize(
    ("company", "code", "cause"), [("300", "PWS", "UnknownCompany"), ("100", "QWS", "UnknownDunningCode")]
)
def test_a_company_or_code_that_visma_does_not_have_is_trouble_with_its_words(
    visma: Simulator, company: str, code: str, cause: str
) -> None:
    with pytest.raises(Trouble, match=f"{code if cause.endswith('Code') else company}") as trouble:
        accounting(visma).ready_invoices(company, code)

    assert trouble.value.code == cause


def test_a_token_or_cursor_of_another_question_is_trouble(visma: Simulator) -> None:
    for ask in (
        lambda: accounting(visma).ready_invoices("100", "PWS", "p17"),
        lambda: accounting(visma).transactions("100", "r17"),
        lambda: accounting(visma).transactions("100", "", "t17"),
    ):
        with pytest.raises(Trouble, match="no such") as trouble:
            ask()
        assert trouble.value.code == "Schema"


def test_only_what_happened_to_marked_invoices_is_told(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM, CLAIM | {"invoice_no": "F-18"}])
    visma.transact("100", PAYMENT, NOVEMBER, [("F-17", kr(-100)), ("F-18", kr(-200))])
    write(visma, "F-18")

    found, _ = told(visma)

    assert [(each.invoice_no, each.amount) for each in found] == [("F-18", kr(-200))]


def test_every_kind_is_told_with_its_sign_its_voucher_and_who_wrote_it(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    write(visma, "F-17")
    for place, kind in enumerate(TransactionKind, start=1):
        amount = kr(place) if kind is TransactionKind.REVERSAL else kr(-place)
        visma.transact("100", kind, NOVEMBER, [("F-17", amount)], text=f"nr {place}", reference=f"M-{place}")

    found, _ = told(visma)

    assert [(each.kind, each.amount, each.text, each.reference) for each in found] == [
        (PAYMENT, kr(-1), "nr 1", "M-1"),
        (TransactionKind.CREDIT_NOTE, kr(-2), "nr 2", "M-2"),
        (CORRECTION, kr(-3), "nr 3", "M-3"),
        (TransactionKind.WRITE_OFF, kr(-4), "nr 4", "M-4"),
        (TransactionKind.REVERSAL, kr(5), "nr 5", "M-5"),
    ]
    assert [each.voucher_no for each in found] == [str(100_001 + place) for place in range(5)]
    assert {(each.voucher_type, each.registrar, each.line, each.day) for each in found} == {
        ("BI", "KARI", 1, NOVEMBER)
    }
    assert len({each.transaction_id for each in found}) == 5


def test_what_our_own_vouchers_did_is_told_with_our_registrar_type_reference_and_number(
    visma: Simulator,
) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    write(visma, "F-17")
    (answer,), _ = accounting(visma).register([ours("K1-1-1", "F-17", kr(400))])
    accounting(visma).register([ours("K1-1-2", "F-unknown", kr(1))])

    found, _ = told(visma)

    (line,) = found
    assert (line.voucher_no, line.line) == (answer.voucher_no, 2)
    assert (line.registrar, line.voucher_type, line.reference) == ("WS-Inf", "OC", "K1-1-1")
    assert (line.kind, line.amount, line.day, line.text) == (PAYMENT, kr(-400), NOVEMBER, "OCR")


@pytest.mark.parametrize(
    ("habits", "left"),
    [
        (Habits(tells_registrar=False), ("", "K1-1-1")),
        (Habits(tells_reference=False), ("WS-Inf", "")),
        (Habits(tells_registrar=False, tells_reference=False), ("", "")),
    ],
)
def test_an_installation_may_keep_back_who_wrote_a_transaction(
    visma: Simulator, habits: Habits, left: tuple[str, str]
) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    write(visma, "F-17")
    accounting(visma).register([ours("K1-1-1", "F-17", kr(400))])
    visma.set_habits(habits)

    (line,), _ = told(visma)

    assert (line.registrar, line.reference) == left
    assert line.voucher_no == "100001"


def test_the_cursor_goes_on_and_its_last_transaction_comes_once_more(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    write(visma, "F-17")
    visma.transact("100", PAYMENT, NOVEMBER, [("F-17", kr(-1))])
    first, cursor = told(visma)
    same, still = told(visma, cursor)
    visma.transact("100", PAYMENT, NOVEMBER, [("F-17", kr(-2))])
    next_ones, _ = told(visma, cursor)

    assert same == first
    assert still == cursor
    assert [each.amount for each in next_ones] == [kr(-1), kr(-2)]
    assert next_ones[0] == first[0]


def test_pages_of_a_thousand_tell_everything_though_more_happens_between_them(visma: Simulator) -> None:
    visma.propose("100", "PWS", count=2)
    numbers = [item.invoice.invoice_no for item in visma.invoices("100")]
    write(visma, *numbers)
    visma.transact("100", PAYMENT, NOVEMBER, [(numbers[0], -place) for place in range(1, 2_001)])

    first, _ = accounting(visma).transactions("100", "")
    visma.transact("100", PAYMENT, NOVEMBER, [(numbers[1], -3_000)])
    second, _ = accounting(visma).transactions("100", "", first.next_page)
    third, _ = accounting(visma).transactions("100", "", second.next_page)

    pages = (first, second, third)
    assert [len(page.transactions) for page in pages] == [1_000, 1_000, 1]
    assert [bool(page.cursor) for page in pages] == [False, False, True]
    assert [each.amount for page in pages for each in page.transactions] == [
        *(-place for place in range(1, 2_001)),
        -3_000,
    ]


def test_a_corrected_transaction_is_told_again_under_its_id_or_replaced_under_a_new_one(
    visma: Simulator,
) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM])
    write(visma, "F-17")
    ids = visma.transact("100", PAYMENT, NOVEMBER, [("F-17", kr(-1)), ("F-17", kr(-2))])
    before, cursor = told(visma)

    visma.correct("100", ids[0], kr(-10))
    new = visma.correct("100", ids[1], kr(-20), new_id=True)
    after, _ = told(visma, cursor)

    assert [(each.transaction_id, each.amount) for each in after] == [(ids[0], kr(-10)), (new, kr(-20))]
    assert after[0] == replace(before[0], amount=kr(-10))
    assert after[1] == replace(before[1], amount=kr(-20), transaction_id=new)
    assert new not in ids
    assert [each.open_amount for each in accounting(visma).balances("100", ["F-17"])] == [kr(970)]


def test_a_voucher_that_is_altered_reversed_or_deleted_says_so_on_its_invoices(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM, CLAIM | {"invoice_no": "F-18"}])
    write(visma, "F-17", "F-18")
    accounting(visma).register([ours("K1-1-1", "F-17", kr(400)), ours("K1-1-2", "F-18", kr(300))])
    _, cursor = told(visma)

    visma.alter("100", 2026, 100001, {1: kr(390), 2: kr(-390)})
    visma.reverse("100", 2026, 100001, date(2026, 11, 9))
    visma.set_state("100", 2026, 100002, LedgerState.DELETED)
    after, _ = told(visma, cursor)

    assert [(each.voucher_no, each.amount, each.kind, each.registrar) for each in after] == [
        ("100001", kr(-390), PAYMENT, "WS-Inf"),
        ("100003", kr(390), TransactionKind.REVERSAL, "KARI"),
    ]
    assert after[1].text == "Tilbakeført bilag 100001"
    assert [each.open_amount for each in accounting(visma).balances("100", ["F-17", "F-18"])] == [
        kr(1000),
        kr(1000),
    ]


def test_what_happened_before_the_mark_is_told_after_it_or_never_as_the_installation_has_it(
    visma: Simulator,
) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM | {"open_amount": "900.00"}, CLAIM | {"invoice_no": "F-18"}])
    write(visma, "F-18")
    visma.transact("100", PAYMENT, NOVEMBER, [("F-18", kr(-5))])
    _, cursor = told(visma)
    write(visma, "F-17")
    visma.transact("100", PAYMENT, NOVEMBER, [("F-17", kr(-7))])

    history, _ = told(visma, cursor)
    visma.set_habits(Habits(tells_history=False))
    none, _ = told(visma, cursor)

    assert [each.amount for each in history] == [kr(-5), kr(-100), kr(-7)]
    assert [each.amount for each in none] == [kr(-5), kr(-7)]


def test_balances_are_original_and_all_that_happened_with_mark_and_case_number(visma: Simulator) -> None:
    visma.propose("100", "PWS", invoices=[CLAIM, CLAIM | {"invoice_no": "F-18", "original": "0.05"}])
    write(visma, "F-17")
    visma.transact("100", PAYMENT, NOVEMBER, [("F-17", kr(-1000, 1))])

    found = accounting(visma).balances("100", ["F-18", "F-404", "F-17", "F-18"])

    assert found == (
        InvoiceBalance("F-18", 5, False, ""),
        InvoiceBalance("F-17", -1, True, "0221-00000038"),
    )


def test_a_thousand_balances_are_one_call_and_more_are_our_own_fault(visma: Simulator) -> None:
    visma.propose("100", "PWS", count=1_000)
    numbers = [item.invoice.invoice_no for item in visma.invoices("100")]

    assert len(accounting(visma).balances("100", numbers)) == 1_000
    for wrong in ([], [*numbers, "F-1"]):
        with pytest.raises(ValueError, match="1 to 1000 rows"):
            accounting(visma).balances("100", wrong)


def test_an_installation_that_lacks_an_operation_cannot_tell_and_is_not_asked() -> None:
    setup = replace(an_installation("http://127.0.0.1:9/"), imports=False, transacts=False, balances=False)
    dumb = connect(setup, secret)
    number = CaseNumber("F-17", "40017", "0221-00000038", NOVEMBER)

    for ask in (
        lambda: dumb.ready_invoices("100", "PWS"),
        lambda: dumb.write_case_numbers("100", [number]),
        lambda: dumb.transactions("100", ""),
        lambda: dumb.balances("100", ["F-17"]),
    ):
        with pytest.raises(CannotTell, match="demo does not offer"):
            ask()


def test_an_operation_that_the_far_side_does_not_offer_is_trouble(tmp_path: Path) -> None:
    with (
        Simulator(tmp_path, transacts=False) as visma,
        pytest.raises(Trouble, match="does not offer GetTransactions"),
    ):
        accounting(visma).transactions("100", "")


def test_what_is_kept_of_the_answers_names_nobody(visma: Simulator) -> None:
    visma.propose("100", "PWS", count=3)
    items = visma.invoices("100")
    write(visma, *(item.invoice.invoice_no for item in items))
    visma.set_habits(Habits(consumes=False))
    visma.transact(
        "100", PAYMENT, NOVEMBER, [(items[0].invoice.invoice_no, kr(-1))], text="fra Kari Nordmann"
    )

    _, ready = accounting(visma).ready_invoices("100", "PWS")
    _, happened = accounting(visma).transactions("100", "")

    kept = ready.answer + happened.answer
    for item in items:
        row = item.invoice
        for private in (row.name, *row.address, row.identity_no, row.kid):
            assert private not in kept
    assert "Nordmann" not in kept
    assert items[0].invoice.invoice_no in ready.answer
    assert "-1.00" in happened.answer
