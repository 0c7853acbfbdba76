"""The arithmetic of late interest, stretch by stretch, as a person can check it with a calculator."""

from datetime import date, timedelta
from itertools import pairwise

from ops.why.answer import InterestSum, Segment
from pipeline.allocation import CaseFacts, CaseSplit, settle
from pipeline.interest import rounded
from pipeline.rates import RATES, RateRow
from schemas.case import Kind, OpenItem
from schemas.money import Money


def around(facts: CaseFacts, payment_id: int) -> tuple[CaseSplit, CaseSplit]:
    """The case split up to the payment's turn, without it and with it; both with all waivers."""
    walked = list(dict.fromkeys(split.payment_id for split in settle(facts).splits))
    earlier = set(walked[: walked.index(payment_id)] if payment_id in walked else walked)
    mine = tuple(p for p in facts.payments if p.id == payment_id)
    # what is taken back had its turn before, also where it covered nothing
    originals = {p.id: p.reverses for p in facts.payments if p.reverses}
    wanted = {*earlier, payment_id}
    while wanted:
        wanted = {originals[i] for i in wanted if i in originals} - earlier
        earlier |= wanted
    known = tuple(p for p in facts.payments if p.id in earlier)
    return settle(facts._replace(payments=known)), settle(facts._replace(payments=known + mine))


def sums(facts: CaseFacts, before: CaseSplit, upto: CaseSplit, payment_id: int) -> tuple[InterestSum, ...]:
    """For each invoice: its interest up to the payment's turn, what was taken of it before, what the payment took.

    `before` and `upto` are what `around` gives.
    """
    days = _days(facts, upto)
    day = max((*days.values(), *(p.interest_on for p in facts.payments if p.id == payment_id)))
    invoices = sorted((i for i in facts.items if i.kind is Kind.PRINCIPAL), key=lambda i: (i.due_on, i.id))
    return tuple(_sum(facts, before, upto, payment_id, (day, days), invoice) for invoice in invoices)


def _days(facts: CaseFacts, upto: CaseSplit) -> dict[int, date]:
    """On which day of the walk each payment had its turn: one that takes back an earlier payment comes right after it,
    even when it is dated before.
    """
    interest_on = {payment.id: payment.interest_on for payment in facts.payments}
    days: dict[int, date] = {}
    latest = date.min
    for payment_id in dict.fromkeys(split.payment_id for split in upto.splits):
        latest = max(latest, interest_on[payment_id])
        days[payment_id] = latest
    return days


def _sum(
    facts: CaseFacts,
    before: CaseSplit,
    upto: CaseSplit,
    payment_id: int,
    turn: tuple[date, dict[int, date]],
    invoice: OpenItem,
) -> InterestSum:
    day, _ = turn
    segments = _segments(invoice, _changes(facts, before, invoice, turn), day)
    accrued = rounded(sum(segment.weighted for segment in segments))
    taken = sum(t.amount for t in before.interest if t.item_id == invoice.id)
    taken += sum(
        amount for waived_on, amount in _waived(facts, before, invoice, Kind.INTEREST) if waived_on <= day
    )
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


def _waived(facts: CaseFacts, before: CaseSplit, invoice: OpenItem, kind: Kind) -> list[tuple[date, Money]]:
    """What was really let go of, and when."""
    waivers = {waiver.id: waiver for waiver in facts.waivers}
    return [
        (waivers[waiver_id].day, amount)
        for waiver_id, amount in before.waived
        if waivers[waiver_id].kind is kind and waivers[waiver_id].item_id == invoice.id
    ]


def _changes(
    facts: CaseFacts, before: CaseSplit, invoice: OpenItem, turn: tuple[date, dict[int, date]]
) -> list[tuple[date, Money]]:
    """On which days the invoice's principal went down, or up again, and by how much; the day itself bears the old one."""
    day, days = turn
    changes = [
        (days[split.payment_id], -split.amount)
        for split in before.splits
        if split.item_id == invoice.id and split.kind is Kind.PRINCIPAL
    ]
    changes += [(on, -amount) for on, amount in _waived(facts, before, invoice, Kind.PRINCIPAL)]
    changes += [(moved.day, moved.amount) for moved in facts.movements if moved.item_id == invoice.id]
    return sorted(change for change in changes if change[0] <= day)


def _segments(invoice: OpenItem, changes: list[tuple[date, Money]], day: date) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    principal = invoice.amount
    after = invoice.due_on
    for to, change in [*changes, (day, 0)]:
        if to > after:
            if principal > 0:
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
