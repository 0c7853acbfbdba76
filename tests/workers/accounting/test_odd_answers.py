"""Questions about invoices through every fault, and answers that are not what they should be: trouble, never half an answer."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ops.simulator import Fault, FaultKind, Simulator
from schemas.money import kr
from schemas.transfer import CaseNumber, Verdict
from tests.workers.accounting.other.table import INNFORDRING
from tests.workers.far_side import NOVEMBER, an_installation, far_side, http, saying, secret, soap
from workers.accounting import Accounting, Trouble, connect, invoices
from workers.accounting.contract import Contract, contract_of
from workers.accounting.mapping import WSINKASSO
from workers.accounting.parsing import OffContractError, parsed
from workers.accounting.reading import count, day, money
from workers.accounting.verdicts import of_answer
from workers.accounting.wire import RawAnswer

ASK: dict[str, Callable[[Accounting], object]] = {
    "GetReadyInvoices": lambda visma: visma.ready_invoices("100", "PWS"),
    "UpdateCaseNumbers": lambda visma: visma.write_case_numbers(
        "100", [CaseNumber("F-17", "40017", "0221-00000038", NOVEMBER)]
    ),
    "GetTransactions": lambda visma: visma.transactions("100", ""),
    "GetBalances": lambda visma: visma.balances("100", ["F-17"]),
}
CAUSES = {
    FaultKind.LOSE_ANSWER_AFTER_BOOKING: "Cut",
    FaultKind.CUT_BEFORE_READING: "Cut",
    FaultKind.HANG: "TimedOut",
    FaultKind.HTTP_500: "Garbage",
    FaultKind.HTTP_503_XHTML: "Http503",
    FaultKind.SOAP_FAULT: "Fault",
    FaultKind.BUSY: "Busy",
    FaultKind.ACCESS_DENIED: "AccessDenied",
    FaultKind.GARBAGE: "Garbage",
    FaultKind.HUGE: "AnswerTooLarge",
    FaultKind.TRUNCATED: "Cut",
    FaultKind.DRIP: "TimedOut",
    FaultKind.ACCEPTED_202_EMPTY: "Http202",
}
NO_TROUBLE = {
    FaultKind.SLOW,
    FaultKind.COMMIT_THEN_SLOW,
    FaultKind.PERIOD_CLOSED,
    FaultKind.UNKNOWN_ACCOUNT,
}


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        yield simulator


def test_every_fault_is_one_of_the_two() -> None:
    assert set(CAUSES) | NO_TROUBLE == set(FaultKind)


@pytest.mark.parametrize("operation", ASK)
@pytest.mark.parametrize("kind", CAUSES)
def test_a_fault_is_trouble_with_a_cause_and_the_next_call_is_answered(
    visma: Simulator, operation: str, kind: FaultKind
) -> None:
    visma.fault(Fault(kind, operation=operation, times=1, seconds=0.05))
    ours = connect(an_installation(visma.url, operation_timeout=0.5), secret)

    with pytest.raises(Trouble) as trouble:
        ASK[operation](ours)

    assert trouble.value.code == CAUSES[kind]
    assert trouble.value.note
    assert trouble.value.exchange.operation == operation
    assert ASK[operation](connect(an_installation(visma.url), secret)) is not None
    assert visma.faults() == ()


@pytest.mark.parametrize("operation", ASK)
def test_a_slow_visma_is_waited_for_and_one_that_is_too_slow_is_not(visma: Simulator, operation: str) -> None:
    visma.fault(Fault(FaultKind.SLOW, operation=operation, times=1, seconds=0.2))
    began = time.monotonic()
    assert ASK[operation](connect(an_installation(visma.url), secret)) is not None
    assert time.monotonic() - began >= 0.2

    visma.fault(Fault(FaultKind.SLOW, operation=operation, times=1, seconds=30))
    began = time.monotonic()
    with pytest.raises(Trouble, match="TimedOut"):
        ASK[operation](connect(an_installation(visma.url, operation_timeout=0.3), secret))
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("operation", ASK)
def test_an_answer_to_another_question_or_one_that_is_not_as_the_xsd_wants_it_is_trouble(
    operation: str,
) -> None:
    for inside in (
        "<w:FindVoucherResponse/>",
        f"<w:{operation}Response><w:new/></w:{operation}Response>",
        "<w:Envelope/>",
    ):
        with far_side(saying(http("200 OK", soap(inside)))) as side, pytest.raises(Trouble) as trouble:
            ASK[operation](connect(an_installation(side.url), secret))
        assert trouble.value.code == "OffContract"


INVOICE = (
    "<w:invoice><w:proposalNo>P-1</w:proposalNo><w:invoiceNo>F-17</w:invoiceNo><w:customerNo>40017</w:customerNo>"
    "<w:name>Kari</w:name><w:subLedgerType>10</w:subLedgerType><w:clientNo>KOM</w:clientNo>"
    "<w:invoiceDate>2026-08-11</w:invoiceDate><w:dueDate>2026-09-01</w:dueDate>"
    "<w:originalAmount>1000.00</w:originalAmount><w:openAmount>999.99</w:openAmount>"
    "<w:remindersSent>1</w:remindersSent><w:fees>38.00</w:fees></w:invoice>"
)
TRANSACTION = (
    "<w:transaction><w:transactionId>T1</w:transactionId><w:voucherNo>9001</w:voucherNo><w:line>2</w:line>"
    "<w:date>2026-11-03</w:date><w:amount>-200.00</w:amount><w:kind>payment</w:kind><w:invoiceNo>F-17</w:invoiceNo>"
    "<w:text>x</w:text></w:transaction>"
)


def ready(rows: str) -> bytes:
    return soap(f"<w:GetReadyInvoicesResponse>{rows}</w:GetReadyInvoicesResponse>")


def told(rows: str) -> bytes:
    return soap(f"<w:GetTransactionsResponse>{rows}</w:GetTransactionsResponse>")


CURSOR = "<w:cursor>c</w:cursor>"
FAULT_1_2 = (
    b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:s="http://example.org/innfordring/tjeneste" '
    b'xmlns:t="http://example.org/innfordring/typer"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode>'
    b"<e:Value>s:a/b</e:Value></e:Subcode></e:Code><e:Reason><e:Text>no</e:Text></e:Reason><e:Detail><s:Avvist>"
    b"<t:melding>m</t:melding><t:kode>UkjentKonto</t:kode></s:Avvist></e:Detail></e:Fault></e:Body></e:Envelope>"
)
"""Its subcode is no name of XML, which made a library raise."""


@pytest.mark.parametrize(
    "said",
    [
        ready(INVOICE.replace("999.99", "999.999")),
        ready(INVOICE.replace("999.99", "999,99")),
        ready(INVOICE.replace("999.99", "99999999999999.99")),
        ready(INVOICE.replace("999.99", "")),
        ready(INVOICE.replace("2026-09-01", "2026-02-30")),
        ready(INVOICE.replace("2026-09-01", "1.9.2026")),
        ready(INVOICE.replace(">1<", ">-1<")),
        ready(INVOICE.replace("F-17", "F" * 21)),
        ready(INVOICE.replace("Kari", "K" * 101)),
        ready(INVOICE.replace("<w:clientNo>KOM</w:clientNo>", "")),
        ready(INVOICE * 1_001),
        told(TRANSACTION.replace("payment", "gift") + CURSOR),
        told(TRANSACTION.replace("-200.00", "-200.005") + CURSOR),
        told(TRANSACTION.replace("<w:transactionId>T1</w:transactionId>", "") + CURSOR),
        told(TRANSACTION.replace("T1", "T" * 41) + CURSOR),
        told(TRANSACTION),
        told(TRANSACTION + "<w:cursor> </w:cursor>"),
    ],
)
def test_a_row_that_is_not_exact_spoils_its_page(said: bytes) -> None:
    ask = ASK["GetReadyInvoices" if b"GetReadyInvoices" in said else "GetTransactions"]
    with far_side(saying(http("200 OK", said))) as side, pytest.raises(Trouble) as trouble:
        ask(connect(an_installation(side.url), secret))

    assert trouble.value.code == "OffContract"
    assert trouble.value.exchange.status == 200


def test_the_least_that_visma_must_tell_is_enough_and_a_row_that_comes_twice_is_kept_twice() -> None:
    with far_side(saying(http("200 OK", told(TRANSACTION * 2 + CURSOR)))) as side:
        page, _ = connect(an_installation(side.url), secret).transactions("100", "")
    with far_side(saying(http("200 OK", ready(INVOICE * 2)))) as side:
        invoices, _ = connect(an_installation(side.url), secret).ready_invoices("100", "PWS")

    one, other = page.transactions
    assert one == other
    assert (one.voucher_type, one.registrar, one.reference, one.amount) == ("", "", "", kr(-200))
    assert (page.next_page, page.cursor) == ("", "c")
    first, second = invoices.invoices
    assert first == second
    assert (first.kid, first.address, first.identity_no, first.open_amount) == ("", (), "", kr(999, 99))


def test_a_time_zone_on_a_day_means_nothing_and_a_page_may_carry_the_cursor_early() -> None:
    rows = TRANSACTION.replace("2026-11-03", "2026-11-03+01:00")
    said = told(f"{rows}<w:nextPageToken>n</w:nextPageToken>{CURSOR}")
    with far_side(saying(http("200 OK", said))) as side:
        page, _ = connect(an_installation(side.url), secret).transactions("100", "")

    assert page.transactions[0].day == NOVEMBER
    assert (page.next_page, page.cursor) == ("n", "")


PAGES = {
    "ready": (ready(INVOICE), invoices.ready_page),
    "told": (told(TRANSACTION + CURSOR), invoices.transaction_page),
}


@pytest.mark.parametrize(("said", "read"), PAGES.values(), ids=PAGES)
@given(changes=st.lists(st.tuples(st.integers(0, 1_200), st.binary(max_size=3)), max_size=4))
def test_no_bytes_make_a_page_raise_anything_but_off_contract(
    said: bytes, read: Callable[[etree._Element, Contract], object], changes: list[tuple[int, bytes]]
) -> None:
    for place, other in changes:
        said = said[:place] + other + said[place + 1 :]
    contract = contract_of(WSINKASSO)
    try:
        content = contract.content_of(parsed(said))
        valid = not contract.reason_against(content)
        assert read(content, contract) is not None
    except OffContractError:
        valid = False
    assert valid or changes


@given(st.lists(st.tuples(st.integers(0, 700), st.binary(max_size=3)), max_size=4))
def test_no_fault_of_soap_1_2_makes_the_reading_raise(changes: list[tuple[int, bytes]]) -> None:
    said = FAULT_1_2
    for place, other in changes:
        said = said[:place] + other + said[place + 1 :]
    (answer,) = of_answer(["K1-1-1"], RawAnswer(400, {}, said), contract_of(INNFORDRING))

    assert answer.verdict is not Verdict.BOOKED
    assert changes or (answer.verdict, answer.code) == (Verdict.REFUSED, "UnknownAccount")


def test_a_code_that_has_no_end_is_cut() -> None:
    said = FAULT_1_2.replace(b"UkjentKonto", b"U" * 10_000)
    (answer,) = of_answer(["K1-1-1"], RawAnswer(400, {}, said), contract_of(INNFORDRING))

    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "U" * 60)


@pytest.mark.parametrize("operation", ["GetReadyInvoices", "GetTransactions"])
def test_a_page_that_is_followed_by_itself_is_trouble(operation: str) -> None:
    said = soap(f"<w:{operation}Response><w:nextPageToken>p7</w:nextPageToken></w:{operation}Response>")
    ask: dict[str, Callable[[Accounting], object]] = {
        "GetReadyInvoices": lambda visma: visma.ready_invoices("100", "PWS", "p7"),
        "GetTransactions": lambda visma: visma.transactions("100", "", "p7"),
    }
    with far_side(saying(http("200 OK", said))) as side, pytest.raises(Trouble) as trouble:
        ask[operation](connect(an_installation(side.url), secret))

    assert trouble.value.code == "EndlessPages"


@pytest.mark.parametrize(
    "ask",
    [
        lambda visma: visma.ready_invoices("", "PWS"),
        lambda visma: visma.ready_invoices("100", "P\x07S"),
        lambda visma: visma.transactions("100", "t" * 101),
        lambda visma: visma.balances("100", ["F" * 21]),
        lambda visma: visma.balances("100", ["F-17", ""]),
    ],
)
def test_a_question_that_the_contract_forbids_is_not_sent(ask: Callable[[Accounting], object]) -> None:
    with pytest.raises(Trouble) as trouble:
        ask(connect(an_installation("http://127.0.0.1:9/"), secret))

    assert trouble.value.code == "Invalid"
    assert trouble.value.exchange.status is None


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 4))
def test_an_amount_is_exact_to_the_ore_with_any_number_of_zeros(ore: int, zeros: int) -> None:
    kroner, rest = divmod(abs(ore), 100)
    text = f"{'-' if ore < 0 else ''}{kroner}.{rest:02d}{'0' * zeros}"

    assert money(text) == ore


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1,00",
        "1.001",
        "1e2",
        "NaN",
        "1_0",
        "٣",
        "1 000",
        "--1",
        "10000000000000.00",
        "1.00" + "0" * 40,
    ],
)
def test_what_is_no_amount_in_whole_ore_is_not_rounded(text: str) -> None:
    with pytest.raises(OffContractError):
        money(text)


@pytest.mark.parametrize(
    "text",
    ["2026-11-03", "2026-11-03Z", "2026-11-03+01:00", "2026-11-03T00:00:00", "2026-11-03T00:00:00.000+01:00"],
)
def test_a_day_is_read_as_it_is_written(text: str) -> None:
    assert day(text) == NOVEMBER


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-02T23:00:00Z",
        "2026-11-02 23:00:00Z",
        "2026-11-031",
        "2026-11-31",
        "3.11.2026",
        "",
        "20261103",
    ],
)
def test_a_moment_that_may_mean_another_day_and_what_is_no_day_are_refused(text: str) -> None:
    with pytest.raises(OffContractError):
        day(text)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", "1" * 10, "٣"])
def test_what_is_no_number_of_things_is_refused(text: str) -> None:
    with pytest.raises(OffContractError):
        count(text)
