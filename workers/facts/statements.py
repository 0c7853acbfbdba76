"""The sums of the bank statement (samleposter): the payments that each is, and where their money stands."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, text

from pipeline.reconciliation import Place, StatementFacts
from schemas.money import Money
from schemas.voucher import VoucherState

# What came in for a sum of the statement (payments), and where that stands: on the bank account by vouchers of a state, or,
# by the payment's state, in none. Money that stands on suspense is in a voucher.
_FROM_BANK = """
SELECT v.company, v.account, v.booked_on, v.statement_ref AS ref, 'voucher' AS of, v.state, 0::bigint AS came,
    sum(l.amount) AS amount
FROM voucher v JOIN setup_row r ON r.id = v.company_row
JOIN voucher_line l ON l.voucher_id = v.id AND l.account = r.body #>> '{accounts,bank}'"""

_IN_NONE = """
SELECT coalesce(p.company, '') AS company, p.account, p.booked_on, coalesce(p.statement_ref, '') AS ref,
    'payment' AS of, p.state, sum(p.amount)::bigint AS came, sum(p.amount - coalesce(t.amount, 0)) AS amount
FROM payment p"""

SUMS = f"""{_FROM_BANK} WHERE v.state <> 'void' GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL {_IN_NONE} LEFT JOIN (
    SELECT s.payment_id, sum(s.amount) AS amount FROM voucher_split t JOIN split s ON s.id = t.split_id
    WHERE NOT t.released GROUP BY 1
) t ON t.payment_id = p.id GROUP BY 1, 2, 3, 4, 5, 6"""
"""All of them: company, account, booked_on, ref, `of` voucher or payment, its state, what came in, what stands there."""

_SINCE = f"""{_FROM_BANK} WHERE v.state <> 'void' AND v.company = :company AND v.booked_on >= :since
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL {_IN_NONE} LEFT JOIN LATERAL (
    SELECT sum(s.amount) AS amount FROM split s JOIN voucher_split t ON t.split_id = s.id AND NOT t.released
    WHERE s.payment_id = p.id
) t ON true WHERE p.company = :company AND p.booked_on >= :since GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT p.company, p.account, p.booked_on, coalesce(p.statement_ref, ''), 'suspense', '', 0, sum(s.amount)
FROM split s JOIN voucher_split t ON t.split_id = s.id AND NOT t.released
JOIN voucher v ON v.id = t.voucher_id AND v.state IN ('delivered', 'by_hand') JOIN payment p ON p.id = s.payment_id
WHERE s.kind = 6 AND s.superseded_by IS NULL AND p.company = :company AND p.booked_on >= :since GROUP BY 1, 2, 3, 4"""

_BANK_LINES = text(
    "SELECT v.id, v.account, v.booked_on, v.statement_ref, sum(l.amount) FROM voucher v "
    "JOIN setup_row r ON r.id = v.company_row "
    "JOIN voucher_line l ON l.voucher_id = v.id AND l.account = r.body #>> '{accounts,bank}' "
    "WHERE v.id = ANY(:ids) AND v.state IN ('delivered', 'by_hand') GROUP BY 1, 2, 3, 4"
)
_BOOKED = {VoucherState.DELIVERED.value, VoucherState.BY_HAND.value}
_PLACES = {
    ("voucher", "approved"): Place.APPROVED,
    ("voucher", "sending"): Place.SENDING,
    ("voucher", "in_doubt"): Place.IN_DOUBT,
    ("voucher", "refused"): Place.VOUCHER_REFUSED,
    ("payment", "settled"): Place.PROPOSAL,
    ("payment", "waiting"): Place.WAITING,
    ("payment", "parked"): Place.PARKED,
    ("payment", "held"): Place.HELD,
    ("payment", "refused"): Place.REFUSED,
    ("payment", "known"): Place.KNOWN,
}
_Key = tuple[str, date, str]


@dataclass(slots=True)
class _Sum:
    """One sum of the statement while its rows come."""

    payments: Money = 0
    booked: Money = 0
    suspense: Money = 0
    elsewhere: dict[Place, Money] = field(default_factory=lambda: defaultdict(int))


def sums(
    connection: Connection,
    company: str,
    since: date,
    differing: Mapping[int, tuple[int, Money]] | None,
    today: date,
    patience: int,
) -> list[StatementFacts]:
    """Each sum of a company's statements that was booked since a day.

    `differing`: by the id of our voucher, how often Visma has it and by how much more, where that is not once and by
    nothing; None where Visma can't tell its vouchers.
    """
    found: dict[_Key, _Sum] = defaultdict(_Sum)
    for row in connection.execute(text(_SINCE), {"company": company, "since": since}):
        each = found[row.account, row.booked_on, row.ref]
        each.payments += row.came
        if row.of == "suspense":
            each.suspense += int(row.amount)
        elif row.of == "voucher" and row.state in _BOOKED:
            each.booked += int(row.amount)
        else:
            each.elsewhere[_PLACES[row.of, row.state]] += int(row.amount)
    lacking = _lacking(connection, differing or {})
    return [
        StatementFacts(
            f"statement {ref}, account {account}, {booked_on}",
            booked_on,
            each.payments,
            each.booked,
            each.suspense,
            tuple(each.elsewhere.items()),
            None
            if differing is None
            else each.booked + sum(off for _, off in lacking[account, booked_on, ref]),
            tuple(name for name, _ in lacking[account, booked_on, ref]),
            today,
            patience,
        )
        for (account, booked_on, ref), each in sorted(found.items())
    ]


def _lacking(
    connection: Connection, differing: Mapping[int, tuple[int, Money]]
) -> dict[_Key, list[tuple[str, Money]]]:
    """By sum of the statement: vouchers whose bank line is not once in Visma, and how much more is there."""
    found: dict[_Key, list[tuple[str, Money]]] = defaultdict(list)
    if differing:
        for voucher_id, account, booked_on, ref, amount in connection.execute(
            _BANK_LINES, {"ids": list(differing)}
        ):
            times, more = differing[voucher_id]
            off = int(amount) * (times - 1) + (more if amount >= 0 else -more)
            found[account, booked_on, ref].append((f"voucher {voucher_id}", off))
    return found
