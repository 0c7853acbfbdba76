"""Answers that a library reads wrongly, each from a raw server, and what the adapter makes of them."""

import gzip

import pytest

from schemas.transfer import Verdict
from tests.workers.far_side import (
    BOOKED_ROW,
    VALIDATION,
    answer_to,
    fault,
    http,
    registered,
    saying,
    soap,
)

XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Service Unavailable</h1></body></html>'

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
