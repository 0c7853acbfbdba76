"""The WSinkasso adapter against the simulated Visma over HTTP: what it books, finds, lists and keeps quiet about."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ops.simulator import Fault, FaultKind, Simulator
from ops.simulator.ledger import Entry, Ledger
from schemas.money import kr
from schemas.transfer import Verdict
from schemas.voucher import LedgerState, Voucher
from tests.workers.far_side import NOVEMBER, a_line, a_voucher, an_installation, secret
from workers.accounting import Accounting, CannotTell, Trouble, connect


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        yield simulator


def accounting(visma: Simulator) -> Accounting:
    return connect(an_installation(visma.url), secret)


def test_a_booked_voucher_comes_back_with_its_number_total_and_lines(visma: Simulator) -> None:
    (answer,), exchange = accounting(visma).register([a_voucher()])

    assert answer.verdict is Verdict.BOOKED
    assert (answer.voucher_no, answer.total, answer.lines) == ("100001", kr(1234, 50), 2)
    assert (exchange.operation, exchange.status) == ("RegisterVouchers", 200)
    assert [(row.reference, row.number, row.calls) for row in visma.vouchers("100")] == [
        ("K1-1-1", 100001, 1)
    ]


def test_vouchers_of_one_call_are_answered_in_their_order_whatever_becomes_of_each(visma: Simulator) -> None:
    vouchers = [
        a_voucher("K1-1-1"),
        a_voucher("K1-1-2", account="9999"),
        a_voucher("K1-1-3", text="x" * 256),
        a_voucher("K1-1-4", company="200"),
    ]

    answers, _ = accounting(visma).register(vouchers)

    assert [(answer.reference, answer.verdict, answer.code) for answer in answers] == [
        ("K1-1-1", Verdict.BOOKED, ""),
        ("K1-1-2", Verdict.REFUSED, "UnknownAccount"),
        ("K1-1-3", Verdict.REFUSED, "Invalid"),
        ("K1-1-4", Verdict.BOOKED, ""),
    ]
    assert "account 9999 does not exist" in answers[1].note


@pytest.mark.parametrize(
    ("voucher", "sentence"),
    [
        (a_voucher(text="bell \x07"), "control characters"),
        (Voucher("K1-1-1", "100", "", "OC", NOVEMBER, "WS-Inf", False, "", (
            a_line("1920", kr(1), text="x" * 31), a_line("1500", kr(-1)))), "maxLength"),
        (Voucher("K1-1-1", "100", "", "OC", NOVEMBER, "WS-Inf", False, "", (
            a_line("1920", kr(1)), a_line("1500", kr(-1), kid="1" * 26))), "kid"),
        (Voucher("K1-1-1", "100", "", "OC", NOVEMBER, "WS-Inf", False, "", (
            a_line("1920", kr(10**13)), a_line("1500", kr(-(10**13))))), "9999999999999.99"),
        (a_voucher(reference="K" * 31), "externalReference"),
    ],
)  # fmt: skip
def test_a_voucher_that_the_contract_forbids_is_refused_here_and_never_sent(
    visma: Simulator, voucher: Voucher, sentence: str
) -> None:
    (answer,), exchange = accounting(visma).register([voucher])

    assert (answer.verdict, answer.code) == (Verdict.REFUSED, "Invalid")
    assert sentence in answer.note
    assert exchange.status is None
    assert visma.calls(voucher.reference) == 0


@pytest.mark.parametrize("kid", ["", "   ", "12A4", "7", "3300008367204-"])
def test_money_with_an_odd_kid_is_booked_all_the_same(visma: Simulator, kid: str) -> None:
    lines = (a_line("1920", kr(10)), a_line("1500", kr(-10), customer="40017", kid=kid))

    (answer,), _ = accounting(visma).register(
        [Voucher("K1-1-1", "100", "", "OC", NOVEMBER, "WS-Inf", False, "", lines)]
    )

    assert answer.verdict is Verdict.BOOKED


def test_a_closed_period_has_a_code_of_its_own_and_opens_again(visma: Simulator) -> None:
    visma.close_period("100", "2026-11")
    (refused,), _ = accounting(visma).register([a_voucher()])
    visma.open_period("100", "2026-11")
    (booked,), _ = accounting(visma).register([a_voucher()])

    assert (refused.verdict, refused.code) == (Verdict.REFUSED, "PeriodClosed")
    assert booked.verdict is Verdict.BOOKED
    assert len(visma.vouchers()) == 1


def test_a_closed_period_told_as_a_fault_has_the_same_code(visma: Simulator) -> None:
    visma.fault(Fault(FaultKind.PERIOD_CLOSED, period="2026-11", times=1))

    (refused,), exchange = accounting(visma).register([a_voucher()])

    assert (refused.verdict, refused.code) == (Verdict.REFUSED, "PeriodClosed")
    assert "period 2026-11 of company 100 is closed" in refused.note
    assert exchange.status == 500


def test_the_same_reference_twice_is_booked_twice_unless_visma_de_duplicates(tmp_path: Path) -> None:
    with Simulator(tmp_path / "plain") as plain, Simulator(tmp_path / "wise", deduplicates=True) as wise:
        numbers = [
            [accounting(visma).register([a_voucher()])[0][0].voucher_no for _ in range(2)]
            for visma in (plain, wise)
        ]

    assert numbers == [["100001", "100002"], ["100001", "100001"]]


def test_a_reference_is_found_with_all_that_was_booked_under_it(visma: Simulator) -> None:
    visma_side = accounting(visma)
    for _ in range(2):
        visma_side.register([a_voucher("K1-1-7")])
    visma_side.register([a_voucher("K1-1-77")])
    visma.set_state("100", 2026, 100002, LedgerState.DELETED)

    answer, exchange = visma_side.find("100", "K1-1-7")

    assert answer.asked
    assert [(each.voucher_no, each.state, each.total, each.lines) for each in answer.found] == [
        ("100001", LedgerState.REGISTERED, kr(1234, 50), 2),
        ("100002", LedgerState.DELETED, kr(1234, 50), 2),
    ]
    assert exchange.operation == "FindVoucher"


def test_an_absent_reference_is_an_answer_and_not_a_trouble(visma: Simulator) -> None:
    answer, _ = accounting(visma).find("100", "K1-1-404")

    assert answer.asked
    assert answer.found == ()


def test_an_installation_that_cannot_be_asked_says_so_without_a_call(visma: Simulator) -> None:
    dumb = connect(an_installation("http://127.0.0.1:9/", finds=False, lists=False), secret)

    answer, _ = dumb.find("100", "K1-1-1")

    assert not answer.asked
    with pytest.raises(CannotTell, match="ListVouchers"):
        next(dumb.list_vouchers("100", "OC", "WS-Inf", NOVEMBER, NOVEMBER))


def test_a_question_that_the_far_side_does_not_offer_is_trouble(tmp_path: Path) -> None:
    with (
        Simulator(tmp_path, finds=False) as visma,
        pytest.raises(Trouble, match="does not offer FindVoucher"),
    ):
        accounting(visma).find("100", "K1-1-1")


def test_a_list_over_many_pages_holds_each_voucher_once_and_only_those_asked_for(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.book(
        [an_entry(number, date(2026, 11, 1 + number % 28), "WS-Inf") for number in range(2_500)]
        + [an_entry(9_001, NOVEMBER, "KARI"), an_entry(9_002, date(2026, 12, 1), "WS-Inf")],
        deduplicates=False,
    )
    ledger.close()
    with Simulator(tmp_path) as visma:
        listed = list(
            accounting(visma).list_vouchers("100", "OC", "WS-Inf", date(2026, 11, 1), date(2026, 11, 30))
        )

    assert len(listed) == 2_500
    assert {each.reference for each in listed} == {f"K1-1-{number}" for number in range(2_500)}
    assert {each.total for each in listed} == {kr(10)}


def test_the_installation_says_what_is_set_up(visma: Simulator) -> None:
    visma.close_period("100", "2026-11")

    facts = accounting(visma).installation()

    company = facts.companies[0]
    assert (company.code, company.name) == ("100", "Fjordvik kommune")
    assert "1500" in company.accounts
    assert (2026, 10) in company.open_periods
    assert (2026, 11) not in company.open_periods
    assert [(each.code, each.clients) for each in company.dunning_routines] == [
        ("PWS", ("KOM", "EIE", "SFO")),
        ("EWS", ("KOM",)),
    ]
    assert facts.capabilities == {
        "RegisterVouchers", "GetInstallation", "FindVoucher", "ListVouchers", "GetReadyInvoices", "UpdateCaseNumbers",
        "GetTransactions", "GetBalances",
    }  # fmt: skip


def test_questions_through_every_fault_are_trouble_with_a_cause(visma: Simulator) -> None:
    causes = {}
    for kind in (FaultKind.HTTP_503_XHTML, FaultKind.GARBAGE, FaultKind.BUSY, FaultKind.ACCEPTED_202_EMPTY):
        visma.fault(Fault(kind, operation="FindVoucher", times=1))
        with pytest.raises(Trouble) as trouble:
            accounting(visma).find("100", "K1-1-1")
        causes[kind] = trouble.value.code

    assert causes == {
        FaultKind.HTTP_503_XHTML: "Http503",
        FaultKind.GARBAGE: "Garbage",
        FaultKind.BUSY: "Busy",
        FaultKind.ACCEPTED_202_EMPTY: "Http202",
    }


def test_what_is_kept_of_a_call_holds_no_kid_no_secret_and_no_more_than_sixteen_kilobytes(
    tmp_path: Path,
) -> None:
    amounts = [a_line("1500", kr(-10), customer="40017", kid="33000083672049") for _ in range(300)]
    voucher = Voucher(
        "K1-1-1", "100", "", "OC", NOVEMBER, "WS-Inf", False, "fra 12345678903", (a_line("1920", kr(3000)), *amounts)
    )  # fmt: skip
    with Simulator(tmp_path, sign_in="kk2:hemmelig") as visma:
        ours = connect(an_installation(visma.url, username="kk2"), secret)
        (answer,), exchange = ours.register([voucher])

    assert answer.verdict is Verdict.BOOKED
    kept = exchange.request + exchange.answer
    for private in ("33000083672049", "12345678903", "hemmelig", "a2syOmhlbW1lbGln"):
        assert private not in kept
    assert "K1-1-1" in exchange.request
    assert "100001" in exchange.answer
    assert len(exchange.request) < 17_000
    assert "bytes in all" in exchange.request


def an_entry(number: int, day: date, registrar: str) -> Entry:
    return Entry(
        "100", 2026, f"K1-1-{number}", "OC", registrar, day, kr(10), 2, LedgerState.REGISTERED, "", False, b"<v/>"
    )  # fmt: skip
