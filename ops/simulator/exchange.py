"""One SOAP call at the simulated Visma: the work, and the fault that it meets."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ops.simulator.answers import NotOfferedError, Visma
from ops.simulator.contract import (
    BusinessFaultError,
    FaultyMessageError,
    open_envelope,
    seal,
    seal_business_fault,
    seal_fault,
)
from ops.simulator.faults import Fault, FaultKind

XHTML = b"""<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>503</title></head>
<body><h1>Service Unavailable</h1><p>HTTP Error 503. The service is unavailable.</p></body></html>"""


class Way(StrEnum):
    """How the answer leaves."""

    WHOLE = "whole"
    CUT = "cut"  # the connection is reset, nothing is said
    HALF = "half"  # half of the answer, then the connection ends
    DRIP = "drip"  # a byte at a time
    ENDLESS = "endless"


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is sent back, and how."""

    status: int
    content_type: str
    body: bytes
    way: Way


def work(visma: Visma, body: bytes, fault: Fault | None) -> tuple[int, bytes]:
    """Do what the message asks; a refusal is a SOAP fault with status 500."""
    try:
        return 200, seal(visma.answer(open_envelope(body), fault))
    except FaultyMessageError as wrong:
        return 500, seal_business_fault(
            BusinessFaultError("ValidationFault", (("code", "Schema"), ("text", str(wrong))))
        )
    except BusinessFaultError as refused:
        return 500, seal_business_fault(refused)
    except NotOfferedError as missing:
        return 500, seal_fault("Client", str(missing), None)


def exchange(visma: Visma, body: bytes, fault: Fault | None, wait: Callable[[float], object]) -> Leaving:
    """The answer to one message. `wait` sleeps for seconds, less if the simulator stops."""
    if fault is None or fault.kind in (FaultKind.PERIOD_CLOSED, FaultKind.UNKNOWN_ACCOUNT):
        return _xml(*work(visma, body, fault), Way.WHOLE)
    if fault.kind is FaultKind.SLOW:
        wait(fault.seconds)
    answer = work(visma, body, None) if fault.does_its_work else (200, b"")
    return _gone_wrong(fault, answer, wait)


def _gone_wrong(fault: Fault, answer: tuple[int, bytes], wait: Callable[[float], object]) -> Leaving:
    if fault.kind is FaultKind.COMMIT_THEN_SLOW:
        wait(fault.seconds)
    if fault.kind is FaultKind.HANG:
        wait(AS_GOOD_AS_NEVER)
    if fault.kind in INSTEAD:
        return INSTEAD[fault.kind]
    return _xml(*answer, WAYS.get(fault.kind, Way.WHOLE))


def _xml(status: int, body: bytes, way: Way) -> Leaving:
    return Leaving(status, "text/xml; charset=utf-8", body, way)


def _fault(element: str, text: str) -> Leaving:
    return _xml(500, seal_business_fault(BusinessFaultError(element, (("text", text),))), Way.WHOLE)


AS_GOOD_AS_NEVER = 3600.0  # seconds

WAYS = {
    FaultKind.HANG: Way.CUT,
    FaultKind.LOSE_ANSWER_AFTER_BOOKING: Way.CUT,
    FaultKind.CUT_BEFORE_READING: Way.CUT,
    FaultKind.HUGE: Way.ENDLESS,
    FaultKind.TRUNCATED: Way.HALF,
    FaultKind.DRIP: Way.DRIP,
}
"""The faults that spoil the way back of a true answer."""

INSTEAD = {
    FaultKind.HTTP_500: Leaving(500, "text/plain", b"Internal Server Error", Way.WHOLE),
    FaultKind.HTTP_503_XHTML: Leaving(503, "application/xhtml+xml", XHTML, Way.WHOLE),
    FaultKind.SOAP_FAULT: _xml(500, seal_fault("Server", "Unhandled exception", None), Way.WHOLE),
    FaultKind.BUSY: _fault("BusyFault", "try later"),
    FaultKind.ACCESS_DENIED: _fault("AccessDeniedFault", "no right to register vouchers"),
    FaultKind.GARBAGE: _xml(200, b"\x00\xff<<not xml at all>>", Way.WHOLE),
    FaultKind.ACCEPTED_202_EMPTY: _xml(202, b"", Way.WHOLE),
}
"""The faults that answer something else, whatever was done."""
