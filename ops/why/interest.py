"""The arithmetic of late interest, stretch by stretch, as a person can check it with a calculator."""

from datetime import date, timedelta
from itertools import pairwise

from ops.why.answer import InterestSum, Segment
from pipeline.allocation import CaseFacts, CaseSplit
from pipeline.interest import rounded
from pipeline.rates import RATES, RateRow
from schemas.case import Kind, OpenItem
from schemas.money import Money


def sums(
    facts: CaseFacts, before: CaseSplit, upto: CaseSplit, payment_id: int, day: date
) -> tuple[InterestSum, ...]:
    """For each invoice: its interest up to `day`, what earlier payments and waivers took of it, what this one took.

    `before` is the case split without the payment, `upto` with it and nothing later.
    """
    invoices = sorted((i for i in facts.items if i.kind is Kind.PRINCIPAL), key=lambda i: (i.due_on, i.id))
    return tuple(_sum(facts, before, upto, payment_id, day, invoice) for invoice in invoices)


def _sum(
    facts: CaseFacts, before: CaseSplit, upto: CaseSplit, payment_id: int, day: date, invoice: OpenItem
) -> InterestSum:
    segments = _segments(invoice, _changes(facts, before, invoice, day), day)
    accrued = rounded(sum(segment.weighted for segment in segments))
    waivers = {waiver.id: waiver for waiver in facts.waivers}
    taken = sum(t.amount for t in before.interest if t.item_id == invoice.id)
    taken += sum(
        amount
        for waiver_id, amount in before.waived
        if waivers[waiver_id].kind is Kind.INTEREST and waivers[waiver_id].item_id == invoice.id
        and waivers[waiver_id].day <= day
    )  # fmt: skip
    covered = sum(t.amount for t in upto.interest if t.item_id == invoice.id and t.payment_id == payment_id)
    known = facts.rates.is_known(invoice.due_on, day)
    return InterestSum(
        invoice.id,
        invoice.invoice_no,
        invoice.due_on,
        segments,
        accrued,
        taken,
        accrued - taken,
        covered,
        known,
    )


def _changes(facts: CaseFacts, before: CaseSplit, invoice: OpenItem, day: date) -> list[tuple[date, Money]]:
    """On which days the invoice's principal went down, or up again, and by how much; the day itself bears the old one."""
    paid_on = {payment.id: payment.interest_on for payment in facts.payments}
    waivers = {waiver.id: waiver for waiver in facts.waivers}
    changes = [
        (paid_on[split.payment_id], -split.amount)
        for split in before.splits
        if split.item_id == invoice.id and split.kind is Kind.PRINCIPAL
    ]
    changes += [
        (waivers[waiver_id].day, -amount)
        for waiver_id, amount in before.waived
        if waivers[waiver_id].kind is Kind.PRINCIPAL and waivers[waiver_id].item_id == invoice.id
    ]
    return sorted(change for change in changes if change[0] <= day)


def _segments(invoice: OpenItem, changes: list[tuple[date, Money]], day: date) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    principal = invoice.amount
    after = invoice.due_on
    for to, change in [*changes, (day, 0)]:
        if to > after:
            if principal:
                segments += _by_rate(after, to, principal)
            after = to
        principal += change
    return tuple(segments)


def _by_rate(after: date, to: date, principal: Money) -> list[Segment]:
    """Cut where the rate changes: each day takes the rate valid that day."""
    one = timedelta(days=1)
    rows = sorted(RATES, key=lambda row: row.valid_from)
    cuts = [after, *(row.valid_from - one for row in rows if after < row.valid_from - one < to), to]
    segments = []
    for first, last in pairwise(cuts):
        row = _rate_on(rows, first + one)
        segments.append(Segment(first, last, (last - first).days, principal, row.basis_points, row.source))
    return segments


def _rate_on(rows: list[RateRow], day: date) -> RateRow:
    valid = [row for row in rows if row.valid_from <= day]
    return valid[-1] if valid else rows[0]
