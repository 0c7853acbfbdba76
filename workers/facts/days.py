"""Days of a company as the bank booked them: their payments and where that money is, and their vouchers as Visma has them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, text

from pipeline.reconciliation import DayFacts, DayVoucher, Place, SeenDifference
from schemas.control import DifferenceKind
from schemas.money import Money
from schemas.voucher import VoucherState

# A settled payment is its live splits, another is on suspense or unsplit: each is counted where its splits say that it is,
# so that a payment whose splits are not its amount shows.
_PAYMENTS = text("""
WITH p AS (
    SELECT id, account, booked_on, coalesce(statement_ref, '') AS ref, amount, state FROM payment
    WHERE company = :company AND booked_on BETWEEN :first AND :last
), l AS (
    SELECT p.*, s.* FROM p LEFT JOIN LATERAL (
        SELECT coalesce(sum(amount) FILTER (WHERE kind <> 6), 0)::bigint AS on_cases,
            coalesce(sum(amount) FILTER (WHERE kind = 6), 0)::bigint AS suspense,
            coalesce(sum(amount) FILTER (WHERE t.split_id IS NULL), 0)::bigint AS proposal
        FROM split LEFT JOIN voucher_split t ON t.split_id = split.id AND NOT t.released
        WHERE payment_id = p.id AND superseded_by IS NULL
    ) s ON true
)
SELECT booked_on, account, ref, state, count(*) AS payments, sum(amount)::bigint AS came, sum(on_cases)::bigint AS on_cases,
    sum(suspense)::bigint AS suspense, sum(proposal)::bigint AS proposal,
    coalesce(sum(amount) FILTER (WHERE state <> 'settled' AND on_cases = 0 AND suspense = 0), 0)::bigint AS unsplit,
    (array_agg(id ORDER BY id) FILTER (WHERE CASE WHEN state = 'settled' THEN on_cases + suspense <> amount
        ELSE on_cases + suspense NOT IN (0, amount) END))[1:5] AS broken
FROM l GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""")

# Of the runs that were told of vouchers, the last that looked so far back and began after the voucher was delivered.
_VOUCHERS = text("""
SELECT v.id, v.booked_on, v.reference, v.state, coalesce(v.voucher_no, '') AS no, coalesce(v.ledger_state, '') AS ledger,
    v.text, v.total, b.amount AS bank,
    r.unknown IS NOT NULL AND NOT EXISTS (SELECT FROM unnest(r.unknown) u WHERE u LIKE 'voucher ' || v.id || ' (%') AS told
FROM voucher v
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount), 0)::bigint AS amount FROM voucher_line l JOIN setup_row s ON s.id = v.company_row
    WHERE l.voucher_id = v.id AND l.account = s.body #>> '{accounts,bank}') b
LEFT JOIN LATERAL (
    SELECT unknown FROM control_run WHERE company = v.company AND 'vouchers' = ANY(told) AND since <= v.voucher_on
    AND begun_at >= coalesce(v.delivered_at, v.approved_at) AND (v.state = 'delivered' OR v.ledger_state IS NOT NULL)
    ORDER BY id DESC LIMIT 1) r ON true
WHERE v.company = :company AND v.booked_on BETWEEN :first AND :last AND v.state <> 'void' ORDER BY v.id""")

_DIFFERENCES = text("""
SELECT d.id, d.voucher_id, d.kind, d.ours, d.theirs, d.cause, d.act,
    CASE WHEN d.state = 'explained' THEN d.explained_by || ': ' || d.reason ELSE '' END AS explained
FROM difference d JOIN voucher v ON v.id = d.voucher_id
WHERE d.company = :company AND d.part = 'vouchers' AND d.state <> 'gone' AND v.booked_on BETWEEN :first AND :last
ORDER BY d.id""")

_BOOKED = (VoucherState.DELIVERED, VoucherState.BY_HAND)
_UNSPLIT = {
    "waiting": Place.WAITING,
    "parked": Place.PARKED,
    "held": Place.HELD,
    "refused": Place.REFUSED,
    "known": Place.KNOWN,
}


@dataclass(slots=True)
class _Day:
    """One day while its rows come."""

    payments: int = 0
    statements: dict[str, Money] = field(default_factory=lambda: defaultdict(int))
    on_cases: Money = 0
    suspense: Money = 0
    unsplit: dict[Place, Money] = field(default_factory=lambda: defaultdict(int))
    proposal: Money = 0
    broken: list[int] = field(default_factory=list)
    vouchers: list[DayVoucher] = field(default_factory=list)


def between(connection: Connection, company: str, first: date, last: date) -> list[DayFacts]:
    """Each day, the first and the last among them, on which the bank booked something or a voucher of ours stands."""
    found: dict[date, _Day] = defaultdict(_Day)
    asked = {"company": company, "first": first, "last": last}
    for row in connection.execute(_PAYMENTS, asked):
        day = found[row.booked_on]
        day.payments += row.payments
        day.statements[f"{row.account} {row.ref}".strip()] += row.came
        day.on_cases += row.on_cases
        day.suspense += row.suspense
        day.proposal += row.proposal
        day.broken += row.broken or ()
        if row.state in _UNSPLIT:
            day.unsplit[_UNSPLIT[row.state]] += row.unsplit
    differing: dict[int, list[tuple[SeenDifference, object, object]]] = defaultdict(list)
    for row in connection.execute(_DIFFERENCES, asked):
        seen = SeenDifference(row.id, DifferenceKind(row.kind), row.cause, row.act, row.explained)
        differing[row.voucher_id].append((seen, row.ours, row.theirs))
    for row in connection.execute(_VOUCHERS, asked):
        state, seen_there = VoucherState(row.state), differing[row.id]
        in_visma = _in_visma(row.bank, seen_there) if row.told and state in _BOOKED else None
        differences = tuple(seen for seen, _, _ in seen_there)
        found[row.booked_on].vouchers.append(
            DayVoucher(
                row.id, row.reference, state, row.no, row.ledger, row.text, row.total, row.bank, in_visma, differences
            )
        )  # fmt: skip
    return [
        DayFacts(
            company,
            day,
            each.payments,
            tuple(each.statements.items()),
            each.on_cases,
            each.suspense,
            tuple((place, amount) for place, amount in each.unsplit.items() if amount),
            each.proposal,
            tuple(each.broken),
            tuple(each.vouchers),
        )
        for day, each in sorted(found.items())
    ]


def _in_visma(bank: Money, differing: list[tuple[SeenDifference, object, object]]) -> Money:
    """What Visma has on the bank account by a voucher, as the differences that stand say it."""
    for seen, ours, theirs in differing:
        if seen.kind in {DifferenceKind.MISSING, DifferenceKind.DELETED}:
            return 0
        if (
            seen.kind in {DifferenceKind.DOUBLE, DifferenceKind.ALTERED}
            and isinstance(ours, int)
            and isinstance(theirs, int)
        ):
            times, more = divmod(theirs, ours) if seen.kind is DifferenceKind.DOUBLE else (1, theirs - ours)
            return bank * times + (more if bank >= 0 else -more)
    return bank
