"""The way to the far side: no redirect, no entities, no end without a deadline, and what was never sent."""

import socket
import threading
import time
from dataclasses import replace

import pytest

from schemas.transfer import Verdict
from tests.workers.far_side import (
    BOOKED_ROW,
    a_voucher,
    an_installation,
    answer_to,
    far_side,
    http,
    registered,
    saying,
    secret,
)
from workers.accounting import connect


def wait_for(done: threading.Event) -> None:
    done.wait(20)


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
