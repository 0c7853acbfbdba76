"""Answers that a library reads wrongly, each from a raw server, and what the adapter makes of them."""

import gzip
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import kr
from schemas.transfer import DeliveryAnswer, Verdict
from schemas.voucher import LedgerState
from tests.workers.far_side import (
    BOOKED_ROW,
    NOVEMBER,
    a_voucher,
    an_installation,
    far_side,
    http,
    registered,
    saying,
    secret,
    soap,
)
from workers.accounting import Trouble, connect
from workers.accounting.verdicts import of_answer
from workers.accounting.wire import RawAnswer

XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Service Unavailable</h1></body></html>'


def answer_to(say: Callable[[socket.socket], None], *, operation_timeout: float = 5.0) -> DeliveryAnswer:
    with far_side(say) as side:
        (answer,), _ = connect(
            an_installation(side.url, operation_timeout=operation_timeout), secret
        ).register([a_voucher()])
        assert len(side.heard) == 1, "the voucher is sent once, whatever is answered"
    return answer


def wait_for(done: threading.Event) -> None:
    done.wait(20)


def fault(inside: str, code: str = "<faultcode>s:Client</faultcode>") -> bytes:
    return soap(f"<s:Fault>{code}<faultstring>no</faultstring>{inside}</s:Fault>")


def damaged(changes: list[tuple[int, bytes]]) -> bytes:
    """A good answer in which some places hold other bytes."""
    content = registered(BOOKED_ROW)
    for place, other in changes:
        content = content[:place] + other + content[place + 1 :]
    return content


VALIDATION = "<detail><w:ValidationFault><w:code>{}</w:code><w:text>why</w:text></w:ValidationFault></detail>"

IN_DOUBT = {
    "503 with the XHTML page of a proxy": (http("503 Service Unavailable", XHTML), "Http503"),
    "500 and a perfectly good success": (http("500 Oops", registered(BOOKED_ROW)), "OffContract"),
    "502 and sloppy HTML": (http("502 Bad Gateway", b"<html><body><p>Bad<br></html>"), "Http502"),
    "200 and XHTML": (http("200 OK", XHTML), "Garbage"),
    "503 and nothing": (http("503 Service Unavailable", b""), "Http503"),
    "200 and nothing": (http("200 OK", b""), "Empty"),
    "202 and nothing": (http("202 Accepted", b""), "Http202"),
    "401 and nothing": (http("401 Unauthorized", b""), "Http401"),
    "a fault without a code": (http("500 Oops", fault(VALIDATION.format("UnknownAccount"), "")), "Fault"),
    "a fault that the contract does not know": (
        http("500 Oops", fault("<detail><x>1</x></detail>")),
        "Fault",
    ),
    "a fault without detail": (http("200 OK", fault("")), "Fault"),
    "a business code that is not on the list": (http("500 Oops", fault(VALIDATION.format("Odd"))), "Odd"),
    "a reference that is used already": (
        http("500 Oops", fault(VALIDATION.format("DuplicateReference"))),
        "DuplicateReference",
    ),
    "no row of ours": (http("200 OK", registered(BOOKED_ROW.replace("K1-1-1", "K1-1-2"))), "NoRow"),
    "two rows of ours": (http("200 OK", registered(BOOKED_ROW, BOOKED_ROW)), "TwoRows"),
    "neither number nor error": (
        http("200 OK", registered("<w:externalReference>K1-1-1</w:externalReference>")),
        "Contradiction",
    ),
    "number and error": (
        http(
            "200 OK",
            registered(BOOKED_ROW + "<w:error><w:code>UnknownAccount</w:code><w:text>?</w:text></w:error>"),
        ),
        "Contradiction",
    ),
    "a row error that is not on the list": (
        http(
            "200 OK",
            registered(
                "<w:externalReference>K1-1-1</w:externalReference>"
                "<w:error><w:code>UnknownAccount</w:code><w:text>?</w:text></w:error>"
                "<w:error><w:code>Odd</w:code><w:text>?</w:text></w:error>"
            ),
        ),
        "Odd",
    ),
    "an answer to another question": (http("200 OK", soap("<w:FindVoucherResponse/>")), "OffContract"),
    "an unknown element and no number": (
        http("200 OK", registered("<w:externalReference>K1-1-1</w:externalReference><w:new/>")),
        "OffContract",
    ),
    "an error in an answer that the XSD refuses": (
        http(
            "200 OK",
            registered(
                "<w:externalReference>K1-1-1</w:externalReference><w:new/>"
                "<w:error><w:code>UnknownAccount</w:code><w:text>?</w:text></w:error>"
            ),
        ),
        "OffContract",
    ),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "Garbage"),
    "the connection ends": (b"", "Cut"),
    "truncated by length": (http("200 OK", registered(BOOKED_ROW))[:-40], "Cut"),
    "truncated in a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n<?xml", "Cut"),
    "packed": (
        http("200 OK", gzip.compress(registered(BOOKED_ROW)), "Content-Encoding: gzip"),
        "Garbage",
    ),
    "too many headers": (b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n", "Garbage"),
}


@pytest.mark.parametrize(("raw", "code"), IN_DOUBT.values(), ids=IN_DOUBT.keys())
def test_an_answer_that_proves_nothing_leaves_the_voucher_in_doubt(raw: bytes, code: str) -> None:
    answer = answer_to(saying(raw))

    assert (answer.verdict, answer.code, answer.voucher_no) == (Verdict.UNKNOWN, code, "")
    assert answer.note


@pytest.mark.parametrize("status", ["500 Oops", "200 OK"])
def test_a_fault_of_the_contract_refuses_whether_the_status_is_right_or_not(status: str) -> None:
    answer = answer_to(saying(http(status, fault(VALIDATION.format("UnknownAccount")))))

    assert (answer.verdict, answer.code, answer.note) == (Verdict.REFUSED, "UnknownAccount", "why")


@pytest.mark.parametrize(
    ("row", "total", "lines"),
    [
        (BOOKED_ROW + "<w:postedBy>KARI</w:postedBy>", kr(1234, 50), 2),
        ("<w:server>7</w:server>" + BOOKED_ROW, kr(1234, 50), 2),
        (BOOKED_ROW.replace("1234.50", "mange"), None, 2),
    ],
)
def test_a_new_element_on_the_far_side_does_not_hide_our_reference_and_number(
    row: str, total: int | None, lines: int | None
) -> None:
    answer = answer_to(saying(http("200 OK", registered(row))))

    assert (answer.verdict, answer.voucher_no, answer.code) == (Verdict.BOOKED, "9001", "OffContract")
    assert (answer.total, answer.lines) == (total, lines)
    assert "not as the contract says" in answer.note


@pytest.mark.parametrize("total", ["1234.5", "+1234.500", " 1234.50 ", "01234.50"])
def test_an_amount_is_read_however_the_xsd_lets_it_be_written(total: str) -> None:
    answer = answer_to(saying(http("200 OK", registered(BOOKED_ROW.replace("1234.50", total)))))

    assert (answer.verdict, answer.code, answer.total) == (Verdict.BOOKED, "", kr(1234, 50))


@pytest.mark.parametrize(
    "lines",
    ["9" * 5_000, "-1", "2.0", "to", "<w:two/>"],
    ids=["huge", "negative", "decimal", "word", "element"],
)
def test_a_number_of_lines_that_is_none_is_read_as_not_told_and_never_raises(lines: str) -> None:
    row = BOOKED_ROW.replace("<w:lines>2<", f"<w:lines>{lines}<")

    answer = answer_to(saying(http("200 OK", registered(row))))

    assert (answer.verdict, answer.code, answer.lines) == (Verdict.BOOKED, "OffContract", None)


@given(
    st.binary(max_size=300)
    | st.builds(damaged, st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=3))))
)
def test_no_bytes_make_the_reading_raise_and_none_book_without_a_number(content: bytes) -> None:
    (answer,) = of_answer(["K1-1-1"], RawAnswer(200, {}, content))

    assert answer.reference == "K1-1-1"
    assert bool(answer.voucher_no) == (answer.verdict is Verdict.BOOKED)


def test_a_missing_total_is_read_as_not_told() -> None:
    row = BOOKED_ROW.replace("<w:total>1234.50</w:total><w:lines>2</w:lines>", "")

    answer = answer_to(saying(http("200 OK", registered(row))))

    assert (answer.verdict, answer.voucher_no, answer.total, answer.lines) == (
        Verdict.BOOKED,
        "9001",
        None,
        None,
    )


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_a_redirect_is_refused_and_nothing_is_sent_again(status: str) -> None:
    with far_side(saying(http("200 OK", registered(BOOKED_ROW)))) as elsewhere:
        answer = answer_to(saying(http(status, b"", f"Location: {elsewhere.url}")))

        assert elsewhere.heard == []
    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, f"Http{status[:3]}")
    assert elsewhere.url in answer.note


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {to} "{f"&{of};" * 10}">' for of, to in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    "declared",
    [
        LAUGHS,
        '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>',
        '<?xml version="1.0"?><!DOCTYPE x>',
    ],
)
@pytest.mark.timeout(20)
def test_entities_and_document_types_are_refused_before_they_cost_anything(declared: str) -> None:
    entity = "&i;" if "ENTITY i" in declared else ""
    body = registered(BOOKED_ROW.replace("9001", f"9001{entity}")).replace(
        b'<?xml version="1.0"?>', declared.encode()
    )

    answer = answer_to(saying(http("200 OK", body)))

    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "Garbage")
    assert "root:" not in answer.note


def test_headers_that_drip_are_cut_at_the_deadline_too() -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not done.wait(0.05):  # a far side that never lets a read time out
            connection.sendall(b"x")

    began = time.monotonic()
    with far_side(drip) as side:
        (answer,), _ = connect(an_installation(side.url, operation_timeout=0.5), secret).register(
            [a_voucher()]
        )
        took = time.monotonic() - began
        done.set()

    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "TimedOut")
    assert took < 4


def test_a_far_side_that_does_not_read_is_cut_at_the_deadline_too() -> None:
    done = threading.Event()
    head = a_voucher()
    voucher = replace(head, lines=head.lines * 40_000)  # 10 MB: more than the sockets hold
    with far_side(lambda _: wait_for(done), reads=False) as side:
        (answer,), exchange = connect(an_installation(side.url, operation_timeout=1.0), secret).register(
            [voucher]
        )
        done.set()

    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "TimedOut")
    assert exchange.status is None


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    (answer,), exchange = connect(an_installation(f"http://127.0.0.1:{port}/"), secret).register(
        [a_voucher()]
    )

    assert (answer.verdict, answer.code) == (Verdict.UNSENT, "Unreachable")
    assert exchange.status is None


def test_a_name_that_does_not_exist_means_nothing_was_sent() -> None:
    (answer,), _ = connect(an_installation("http://visma.invalid/"), secret).register([a_voucher()])

    assert (answer.verdict, answer.code) == (Verdict.UNSENT, "Unreachable")


@pytest.mark.parametrize(
    "endpoint", ["ftp://visma.example/", "visma.example/wsinkasso", "https:///wsinkasso"]
)
def test_an_endpoint_that_is_no_address_is_a_fault_of_the_setup(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not an address of an endpoint"):
        connect(an_installation(endpoint), secret)


def test_a_kid_that_visma_quotes_is_masked_in_what_is_kept_and_shown() -> None:
    refused = fault(VALIDATION.format("UnknownAccount").replace("why", "KID 4711 of 33000083672049 on F-17"))
    head = a_voucher()
    voucher = replace(head, lines=(head.lines[0], replace(head.lines[1], kid="4711")))
    with far_side(saying(http("500 Oops", refused))) as side:
        (answer,), exchange = connect(an_installation(side.url), secret).register([voucher])

    assert answer.note == "KID ***711 of ***049 on F-17"
    assert "4711" not in exchange.request + exchange.answer


LISTED = (
    "<w:voucher><w:externalReference>K1-1-1</w:externalReference><w:voucherNo>9001</w:voucherNo>"
    "<w:state>posted</w:state><w:voucherDate>2026-11-03</w:voucherDate><w:total>1234.50</w:total></w:voucher>"
)


def test_a_found_voucher_is_read_with_what_the_far_side_tells_of_it() -> None:
    row = LISTED.replace("2026-11-03", "2026-11-03+01:00")
    other = LISTED.replace("K1-1-1<", "K1-1-10<")
    said = soap(f"<w:FindVoucherResponse>{row}{other}</w:FindVoucherResponse>")
    with far_side(saying(http("200 OK", said))) as side:
        answer, _ = connect(an_installation(side.url), secret).find("100", "K1-1-1")

    (found,) = answer.found
    assert (found.voucher_no, found.state, found.voucher_date) == ("9001", LedgerState.POSTED, NOVEMBER)
    assert (found.total, found.lines) == (kr(1234, 50), None)


@pytest.mark.parametrize(
    "said",
    [
        LISTED.replace("posted", "lost"),
        LISTED.replace("2026-11-03", "12026-11-03"),
        LISTED.replace("2026-11-03", "3.11.2026"),
        LISTED.replace("1234.50", "1234,50"),
        LISTED.replace("<w:voucherNo>9001</w:voucherNo>", ""),
    ],
)
def test_a_list_that_is_not_as_the_contract_says_is_trouble_and_not_half_an_answer(said: str) -> None:
    with (
        far_side(
            saying(http("200 OK", soap(f"<w:FindVoucherResponse>{said}</w:FindVoucherResponse>")))
        ) as side,
        pytest.raises(Trouble) as trouble,
    ):
        connect(an_installation(side.url), secret).find("100", "K1-1-1")

    assert trouble.value.code == "OffContract"
    assert trouble.value.exchange.status == 200


def test_a_list_whose_pages_never_end_is_trouble() -> None:
    said = soap(
        f"<w:ListVouchersResponse>{LISTED}<w:nextPageToken>p</w:nextPageToken></w:ListVouchersResponse>"
    )
    with far_side(saying(http("200 OK", said))) as side:
        listed = connect(an_installation(side.url), secret).list_vouchers(
            "100", "OC", "WS-Inf", NOVEMBER, NOVEMBER
        )
        with pytest.raises(Trouble, match="came twice"):
            list(listed)
