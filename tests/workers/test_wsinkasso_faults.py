"""Every fault that the simulated Visma can be given, what it proves of a voucher, and what the ledger says afterwards."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.simulator import Fault, FaultKind, Simulator
from schemas.transfer import Verdict
from tests.workers.far_side import a_voucher, an_installation, secret
from workers.accounting import connect

MEANT = {
    FaultKind.SLOW: (Verdict.BOOKED, "", 1),
    FaultKind.COMMIT_THEN_SLOW: (Verdict.BOOKED, "", 1),
    FaultKind.LOSE_ANSWER_AFTER_BOOKING: (Verdict.UNKNOWN, "Cut", 1),
    FaultKind.CUT_BEFORE_READING: (Verdict.UNKNOWN, "Cut", 0),
    FaultKind.HANG: (Verdict.UNKNOWN, "TimedOut", 0),
    FaultKind.HTTP_500: (Verdict.UNKNOWN, "Garbage", 0),
    FaultKind.HTTP_503_XHTML: (Verdict.UNKNOWN, "Http503", 0),
    FaultKind.SOAP_FAULT: (Verdict.UNKNOWN, "Fault", 0),
    FaultKind.BUSY: (Verdict.UNSENT, "Busy", 0),
    FaultKind.ACCESS_DENIED: (Verdict.REFUSED, "AccessDenied", 0),
    FaultKind.PERIOD_CLOSED: (Verdict.REFUSED, "PeriodClosed", 0),
    FaultKind.UNKNOWN_ACCOUNT: (Verdict.REFUSED, "UnknownAccount", 0),
    FaultKind.GARBAGE: (Verdict.UNKNOWN, "Garbage", 0),
    FaultKind.HUGE: (Verdict.UNKNOWN, "AnswerTooLarge", 1),
    FaultKind.TRUNCATED: (Verdict.UNKNOWN, "Cut", 1),
    FaultKind.DRIP: (Verdict.UNKNOWN, "TimedOut", 1),
    FaultKind.ACCEPTED_202_EMPTY: (Verdict.UNKNOWN, "Http202", 1),
}
"""Verdict, code, and how many vouchers stand in the ledger."""


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        yield simulator


def test_every_fault_is_in_the_table() -> None:
    assert set(MEANT) == set(FaultKind)


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_means_one_thing(visma: Simulator, kind: FaultKind) -> None:
    verdict, code, booked = MEANT[kind]
    visma.fault(Fault(kind, times=1, seconds=0.05))
    ours = connect(an_installation(visma.url, operation_timeout=1.0), secret)

    (answer,), exchange = ours.register([a_voucher()])

    assert (answer.verdict, answer.code) == (verdict, code)
    assert answer.note or verdict is Verdict.BOOKED
    assert exchange.request.startswith("<?xml")
    assert len(visma.vouchers()) == booked


@pytest.mark.parametrize(
    "kind", [kind for kind in FaultKind if MEANT[kind][0] in (Verdict.REFUSED, Verdict.UNSENT)]
)
def test_what_is_called_not_booked_is_not_in_the_ledger_and_can_be_sent_again(
    visma: Simulator, kind: FaultKind
) -> None:
    visma.fault(Fault(kind, times=1))
    ours = connect(an_installation(visma.url), secret)

    ours.register([a_voucher()])
    (again,), _ = ours.register([a_voucher()])

    assert again.verdict is Verdict.BOOKED
    assert len(visma.vouchers()) == 1


@pytest.mark.parametrize("kind", [FaultKind.DRIP, FaultKind.HANG, FaultKind.SLOW])
def test_a_call_ends_when_its_time_is_up_however_the_far_side_spends_it(
    visma: Simulator, kind: FaultKind
) -> None:
    visma.fault(Fault(kind, times=1, seconds=0.2 if kind is FaultKind.DRIP else 30))
    ours = connect(an_installation(visma.url, operation_timeout=0.5), secret)

    began = time.monotonic()
    (answer,), _ = ours.register([a_voucher()])

    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, "TimedOut")
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    "kind", [FaultKind.HTTP_500, FaultKind.HTTP_503_XHTML, FaultKind.SOAP_FAULT, FaultKind.GARBAGE]
)
def test_an_error_after_the_booking_is_told_the_same_way_as_one_before_it(
    visma: Simulator, kind: FaultKind
) -> None:
    visma.fault(Fault(kind, times=1, books=True))
    ours = connect(an_installation(visma.url), secret)

    (answer,), _ = ours.register([a_voucher()])

    assert answer.verdict is Verdict.UNKNOWN
    assert [each.voucher_no for each in ours.find("100", "K1-1-1")[0].found] == ["100001"]
