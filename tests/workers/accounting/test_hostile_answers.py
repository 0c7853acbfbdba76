"""Damaged answers of Visma by the thousand: each is a value that stands in it, or trouble, or doubt; never anything else.

1,600 in the suite; `make fuzz` for 200,000.
"""

import os
import random
import resource
import socket
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from ops.simulator import Simulator
from schemas.money import Money, kr
from schemas.transfer import (
    CaseNumber,
    DeliveryAnswer,
    InvoiceBalance,
    LedgerTransaction,
    LedgerVoucher,
    NumberAnswer,
    NumberVerdict,
    ReadyInvoice,
    TransactionKind,
    Verdict,
)
from tests.workers.accounting.hostile import DAMAGES, PAGES, Told, told
from tests.workers.far_side import (
    BOOKED_ROW,
    NOVEMBER,
    a_voucher,
    an_installation,
    answer_to,
    far_side,
    http,
    registered,
    saying,
    secret,
)
from workers.accounting import Trouble, connect
from workers.accounting.mapping import WSINKASSO
from workers.accounting.wire import RawAnswer, Wire
from workers.accounting.wsinkasso import WSinkasso

ANSWERS = int(os.environ.get("KK2_FUZZ", "1600"))
MOST_MEMORY = 400_000  # kB more than at the beginning
STATUSES = (200, 200, 200, 200, 200, 200, 500, 202, 301, 401, 404, 503)
VOUCHERS = [a_voucher("K1-1-1"), a_voucher("K1-1-2", account="9999"), a_voucher("K1-1-3", text="tre")]
CASES = [
    CaseNumber("F-17", "40017", "0221-00000038", NOVEMBER),
    CaseNumber("F-99", "40017", "0221-00000046", NOVEMBER),
]
ROWS = {
    "RegisterVouchers": "result", "FindVoucher": "voucher", "ListVouchers": "voucher", "GetReadyInvoices": "invoice",
    "UpdateCaseNumbers": "result", "GetTransactions": "transaction", "GetBalances": "balance", "GetInstallation": "company",
}  # fmt: skip
ASK: dict[str, Callable[[WSinkasso], object]] = {
    "RegisterVouchers": lambda visma: visma.register(VOUCHERS)[0],
    "FindVoucher": lambda visma: visma.find("100", "K1-1-1")[0].found,
    "ListVouchers": lambda visma: list(visma.list_vouchers("100", "OC", "WS-Inf", NOVEMBER, NOVEMBER)),
    "GetReadyInvoices": lambda visma: visma.ready_invoices("100", "PWS")[0].invoices,
    "UpdateCaseNumbers": lambda visma: visma.write_case_numbers("100", CASES)[0],
    "GetTransactions": lambda visma: visma.transactions("100", "")[0].transactions,
    "GetBalances": lambda visma: visma.balances("100", ["F-17"]),
    "GetInstallation": lambda visma: visma.installation().companies,
}


class Fed(Wire):
    """A wire on which the answer lies already; of many pages the second is empty."""

    def __init__(self) -> None:
        self.next = RawAnswer(200, {}, b"")
        self.calls = 0

    def post(self, body: bytes, headers: Mapping[str, str]) -> RawAnswer:
        self.calls += 1
        return self.next if self.calls == 1 else RawAnswer(200, {}, b"")


@pytest.fixture(scope="module")
def true_answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the simulated Visma says to each question, over HTTP."""
    kept: dict[str, bytes] = {}
    post = Wire.post
    with Simulator(tmp_path_factory.mktemp("visma")) as simulator, pytest.MonkeyPatch.context() as patched:
        given = {"invoice_no": "F-17", "customer_no": "40017", "original": "1000.00", "due_on": "2026-09-01"}
        simulator.propose("100", "PWS", invoices=[given], count=2, day=NOVEMBER)
        visma = WSinkasso(an_installation(simulator.url), secret, WSINKASSO)
        for operation, ask in ASK.items():

            def keeping(
                wire: Wire, body: bytes, headers: Mapping[str, str], name: str = operation
            ) -> RawAnswer:
                answer = post(wire, body, headers)
                kept[name] = answer.content
                return answer

            patched.setattr(Wire, "post", keeping)
            if operation == "GetTransactions":
                simulator.transact("100", TransactionKind.PAYMENT, NOVEMBER, [("F-17", -kr(200))])
            assert ask(visma)
    return kept


def damaged(raw: bytes, others: list[bytes], chance: random.Random) -> bytes:
    if chance.random() < 0.04:
        return (
            chance.choice(PAGES[:-3] if chance.random() < 0.98 else PAGES)
            if chance.random() < 0.5
            else chance.choice(others)
        )
    content = bytearray(raw)
    for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 3, 8))):
        if content:
            chance.choice(DAMAGES)(content, chance)
    return bytes(content)


def is_said(value: object, rows: Told) -> bool:
    """Whether a value of the port stands in the answer as an independent reader finds it."""

    def amounts(key: str, text: str, name: str) -> list[list[Money]]:
        return [rows.money(row, name) for row in rows.of(key, text)]

    match value:
        case DeliveryAnswer(verdict=Verdict.BOOKED):
            (row,) = rows.of("externalReference", value.reference)
            errors = [each for each in row.iter() if each.tag.rpartition("}")[2] == "error"]
            return (
                not errors
                and [value.voucher_no] == rows.texts(row, "voucherNo")
                and len(rows.texts(row, "externalReference")) == 1
            )
        case NumberAnswer(verdict=NumberVerdict.WRITTEN):
            (row,) = rows.of("invoiceNo", value.invoice_no)
            return not rows.texts(row, "error")
        case LedgerVoucher():
            found = rows.of("voucherNo", value.voucher_no)
            return any((rows.texts(row, "externalReference") or [""]) == [value.reference] for row in found)
        case ReadyInvoice():
            return [value.open_amount] in amounts("invoiceNo", value.invoice_no, "openAmount")
        case LedgerTransaction():
            return [value.amount] in amounts("transactionId", value.transaction_id, "amount")
        case InvoiceBalance():
            return [value.open_amount] in amounts("invoiceNo", value.invoice_no, "openAmount")
    return True


def believed(value: object) -> bool:
    """Whether a value says something of Visma; doubt and refusals say that nothing was done."""
    return not isinstance(value, DeliveryAnswer | NumberAnswer) or value.verdict in (
        Verdict.BOOKED,
        NumberVerdict.WRITTEN,
    )


def is_fit_to_show(code: str, note: str) -> bool:
    return len(code) <= 60 and len(note) <= 500 and (code + note).isprintable()


@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("operation", ASK)
def test_a_damaged_answer_is_what_stands_in_it_or_trouble_or_doubt(
    true_answers: dict[str, bytes], operation: str
) -> None:
    chance = random.Random(operation)
    visma, others = (
        WSinkasso(an_installation("http://127.0.0.1:9/"), secret, WSINKASSO),
        list(true_answers.values()),
    )
    fed = visma._calls._wire = Fed()
    ASK[operation](_primed(visma, fed, true_answers[operation]))
    before, slowest, accepted = _memory(), 0.0, 0
    for number in range(ANSWERS // len(ASK)):
        raw, status = damaged(true_answers[operation], others, chance), chance.choice(STATUSES)
        fed.calls, fed.next = 0, RawAnswer(status, {"Location": "http://x/\x1b[2J"}, raw)
        where, began = (operation, number, status, raw[:5_000]), time.monotonic()
        values, code, note = asked(visma, operation)
        slowest = max(slowest, time.monotonic() - began)
        assert is_fit_to_show(code, note), where
        sure = [value for value in values if believed(value)]
        accepted += bool(sure)
        if sure:
            assert status == 200, where
            rows = told(raw, ROWS[operation])
            assert all(is_said(value, rows) for value in sure), where

    assert accepted > ANSWERS // len(ASK) // 40
    assert slowest < 10
    assert _memory() - before < MOST_MEMORY


def asked(visma: WSinkasso, operation: str) -> tuple[Sequence[object], str, str]:
    """What the port gives, or nothing; and the worst code and note of it. Anything but `Trouble` goes through."""
    try:
        values = ASK[operation](visma)
    except Trouble as trouble:
        return [], trouble.code, trouble.note
    assert isinstance(values, list | tuple)
    said = [value for value in values if isinstance(value, DeliveryAnswer | NumberAnswer)]
    return (
        values,
        max((each.code for each in said), key=len, default=""),
        "".join(each.note for each in said)[:500],
    )


def _primed(visma: WSinkasso, fed: Fed, raw: bytes) -> WSinkasso:
    fed.calls, fed.next = 0, RawAnswer(200, {}, raw)
    return visma


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = registered(BOOKED_ROW)
ON_THE_WIRE = {
    "a piece of a negative length": CHUNKED + b"-5\r\n" + GOOD,
    "a piece without a bound": CHUNKED + b"-1\r\n" + GOOD,
    "a piece whose length is a word": CHUNKED + b"many\r\n" + GOOD,
    "a piece longer than any": CHUNKED + b"f" * 60 + b"\r\n" + GOOD,
    "a length of a thousand digits": b"HTTP/1.1 200 OK\r\nContent-Length: "
    + b"9" * 1_000
    + b"\r\n\r\n"
    + GOOD,
    "a status of its own": http("2000 OK", GOOD),
    "a negative status": http("-200 OK", GOOD),
    "a page of a proxy": http("200 OK", PAGES[2], "Content-Type: text/html"),
    "a fault that nobody knows": http("200 OK", PAGES[0].replace(b"ValidationFault", b"Other")),
    "a success with 500": http("500 Oops", GOOD),
    "packed, with terminal's signs": http("200 OK", GOOD, "Content-Encoding: \x1b[2Jgzip"),
    "in another encoding than it says": http(
        "200 OK", GOOD.replace(b"<?xml", b"<?xml", 1).decode().encode("utf-16")[:-3]
    ),
    "a header without an end": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
    "an answer before the answer, without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000,
    "a place to go to": http("307 Temporary Redirect", b"", "Location: http://127.0.0.1:9/\x1b[2J"),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("raw", ON_THE_WIRE.values(), ids=ON_THE_WIRE.keys())
def test_what_is_no_answer_on_the_wire_is_doubt_for_a_voucher_and_trouble_for_a_question(raw: bytes) -> None:
    with far_side(saying(raw)) as side:
        visma = connect(an_installation(side.url, operation_timeout=2.0), secret)
        (answer,), _ = visma.register([a_voucher()])
        with pytest.raises(Trouble) as trouble:
            visma.balances("100", ["F-17"])

    assert answer.verdict is Verdict.UNKNOWN
    assert is_fit_to_show(answer.code, answer.note)
    assert is_fit_to_show(trouble.value.code, trouble.value.note)


def test_pieces_without_an_end_fill_no_memory() -> None:
    block = b"x" * 2**20
    sent: list[int] = []

    def flood(connection: socket.socket) -> None:
        connection.sendall(CHUNKED + b"-1\r\n")
        for _ in range(100):
            connection.sendall(block)
            sent.append(1)

    with far_side(flood) as side:
        (answer,), _ = connect(an_installation(side.url), secret).register([a_voucher()])

    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "Garbage")
    assert len(sent) < 50


@pytest.mark.parametrize(
    ("inside", "says"), [("<a/>" * 500_001, "tags"), ("<a/>" * 10_001, "elements in it")]
)
def test_an_answer_with_too_many_elements_is_refused_before_it_is_checked(inside: str, says: str) -> None:
    answer = answer_to(saying(http("200 OK", registered(inside))))

    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "Garbage")
    assert says in answer.note
