"""What an answer from Visma, or none, means for a voucher that was sent."""

from dataclasses import dataclass
from datetime import date

from pipeline.stage import Park, Reason
from schemas.money import Money, in_kroner
from schemas.setup import ClosedPeriodPolicy
from schemas.transfer import DeliveryAnswer, InquiryAnswer, LedgerVoucher, Verdict
from schemas.voucher import LedgerState, VoucherState

PERIOD_CLOSED = "PeriodClosed"
"""The code by which an answer says that the voucher's period is closed."""

ABSENT_ENOUGH = 2
"""So many times absent, and a voucher in doubt is not in Visma."""


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """A voucher of ours, its total (sum of debits) and number of lines, and the answer to sending it."""

    total: Money
    lines: int
    answer: DeliveryAnswer
    closed_period_policy: ClosedPeriodPolicy


@dataclass(frozen=True, slots=True)
class InquiryFacts:
    """A voucher in doubt and what Visma says of its reference; `absent_before`: how often it was absent already."""

    total: Money
    lines: int
    reference: str
    answer: InquiryAnswer
    absent_before: int


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Where the voucher stands now. `absent`: how often it was not found since it was sent.

    APPROVED: send it (again), with the same reference. IN_DOUBT without `park`: ask after the pause. `remake`: the
    period is closed and the policy is the next open one: void it and let the proposal make a new voucher.
    """

    state: VoucherState
    voucher_no: str
    park: Park | None
    absent: int
    remake: bool


UNSENT = Conclusion(VoucherState.APPROVED, "", None, 0, remake=False)
"""Certainly not booked, and nobody's fault: it is sent again."""


def next_open(voucher_on: date, open_periods: frozenset[tuple[int, int]]) -> date | None:
    """The first day of the first open period, (year, month), after the voucher's own; None if there is none."""
    later = [
        (year, month)
        for year, month in open_periods
        if month <= 12 and (year, month) > (voucher_on.year, voucher_on.month)
    ]
    return date(*min(later), 1) if later else None


def concluded(facts: AnswerFacts) -> Conclusion:
    """Conclude from the answer to a delivery. Only a number with our own total and lines counts as delivered."""
    answer = facts.answer
    if answer.verdict is Verdict.UNSENT:
        return _stands(VoucherState.APPROVED, None, 0)
    if answer.verdict is Verdict.REFUSED:
        return _refused(answer, facts.closed_period_policy)
    if answer.verdict is Verdict.UNKNOWN or not answer.voucher_no:
        return _stands(VoucherState.IN_DOUBT, None, 0)
    other = _other(facts.total, facts.lines, answer.total, answer.lines)
    if other:
        return _clash(answer.reference, f"voucher {answer.voucher_no} {other}", 0)
    return Conclusion(VoucherState.DELIVERED, answer.voucher_no, None, 0, remake=False)


def inquired(facts: InquiryFacts) -> Conclusion:
    """Conclude from what Visma has under our reference: one voucher, several, one unread or refused, none, no telling."""
    if not facts.answer.asked:
        why = facts.answer.note or "this Visma can't be asked"
        note = f"voucher {facts.reference} got no answer and {why}: look there"
        return _stands(
            VoucherState.IN_DOUBT, Park(Reason.IN_DOUBT, f"{note}, then confirm it or declare it absent"), 0
        )
    alive = [voucher for voucher in facts.answer.found if voucher.state is not LedgerState.DELETED]
    if len(alive) > 1:
        return _clash(facts.reference, f"vouchers {_numbers(alive)}, which are doubles", facts.absent_before)
    if alive:
        return _found(facts, alive[0])
    if facts.answer.unread:
        return _stands(VoucherState.IN_DOUBT, None, 0)
    if facts.answer.refused:
        said = f"Visma refused voucher {facts.reference}: {facts.answer.note}"
        park = Park(Reason.REFUSED, f"{said}: correct and retry, or void the voucher")
        return _stands(VoucherState.REFUSED, park, 0)
    if facts.answer.found:
        gone = f"voucher {facts.reference} is deleted in Visma (no. {_numbers(facts.answer.found)})"
        park = Park(Reason.IN_DOUBT, f"{gone}: confirm it, or declare it absent to send it again")
        return _stands(VoucherState.IN_DOUBT, park, facts.absent_before)
    absent = facts.absent_before + 1
    return _stands(VoucherState.APPROVED if absent >= ABSENT_ENOUGH else VoucherState.IN_DOUBT, None, absent)


def _found(facts: InquiryFacts, voucher: LedgerVoucher) -> Conclusion:
    other = _other(facts.total, facts.lines, voucher.total, voucher.lines)
    if other:
        return _clash(facts.reference, f"voucher {voucher.voucher_no} {other}", facts.absent_before)
    return Conclusion(VoucherState.DELIVERED, voucher.voucher_no, None, facts.absent_before, remake=False)


def _refused(answer: DeliveryAnswer, policy: ClosedPeriodPolicy) -> Conclusion:
    said = f"Visma refused voucher {answer.reference}: {answer.note} ({answer.code})"
    if answer.code == PERIOD_CLOSED:
        park = Park(Reason.PERIOD_CLOSED, f"{said}: open the period and retry, or void the voucher")
        return Conclusion(VoucherState.REFUSED, "", park, 0, remake=policy is ClosedPeriodPolicy.NEXT_OPEN)
    return _stands(
        VoucherState.REFUSED, Park(Reason.REFUSED, f"{said}: correct and retry, or void the voucher"), 0
    )


def _other(total: Money, lines: int, their_total: Money | None, their_lines: int | None) -> str:
    """How their voucher differs from ours, where they say; empty where it does not."""
    if their_total is not None and their_total != total:
        return f"of {in_kroner(their_total)} kr, ours is of {in_kroner(total)} kr"
    if their_lines is not None and their_lines != lines:
        return f"of {their_lines} lines, ours has {lines}"
    return ""


def _clash(reference: str, what: str, absent: int) -> Conclusion:
    note = f"under our reference {reference} Visma has {what}: look there before anything else"
    return _stands(VoucherState.IN_DOUBT, Park(Reason.REFERENCE_CLASH, note), absent)


def _stands(state: VoucherState, park: Park | None, absent: int) -> Conclusion:
    return Conclusion(state, "", park, absent, remake=False)


def _numbers(vouchers: "list[LedgerVoucher] | tuple[LedgerVoucher, ...]") -> str:
    return ", ".join(voucher.voucher_no for voucher in vouchers)
