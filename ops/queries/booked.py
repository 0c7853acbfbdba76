"""What was booked before, by month and day: our vouchers' money and what Visma itself booked on our invoices, together."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from ops.queries.asking import ask
from schemas.money import Money
from schemas.transfer import TransactionKind

FROM_BANK = "from_bank"
KINDS = (FROM_BANK, *TransactionKind)
"""What a booked sum is: of bank payments in vouchers of ours, or a kind of transaction from Visma."""

# The money of a voucher is what its splits move: taking it off the suspense account moves none, and sums to nothing.
_ALL = (
    "SELECT v.company, v.voucher_on AS day, 'from_bank' AS kind, count(DISTINCT s.payment_id) AS number, "
    "sum(s.amount)::bigint AS amount FROM voucher v JOIN voucher_split t ON t.voucher_id = v.id AND NOT t.released "
    "JOIN split s ON s.id = t.split_id WHERE v.state IN ('delivered', 'by_hand') GROUP BY 1, 2 UNION ALL "
    # Visma tells what moves its sub-ledger: what was paid there is negative, and money in as a payment of the bank is
    "SELECT company, day, kind, count(*), -sum(amount)::bigint FROM ledger_transaction "
    "WHERE state NOT IN ('ours', 'superseded') GROUP BY 1, 2, 3"
)
DAYS = _ALL
MONTHS = (
    "SELECT company, date_trunc('month', day)::date AS month, (date_trunc('month', day) + interval '1 month - 1 day')::date "
    f"AS last, kind, sum(number)::bigint AS number, sum(amount)::bigint AS amount FROM ({_ALL}) d GROUP BY 1, 2, 3, 4"
)


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked in a month (its first day) or on a day, of one kind."""

    day: date
    company: str
    kind: str
    number: int
    amount: Money


def booked(
    connection: Connection,
    *,
    company: str | None,
    first: date | None,
    last: date | None,
    by_day: bool,
    most: int,
) -> tuple[Booked, ...]:
    """What was booked from a day to a day, the newest first."""
    source, day = (DAYS, "day") if by_day else (MONTHS, "month")
    rows = ask(
        connection,
        f"SELECT {day}, company, kind, number, amount FROM ({source}) b",
        (
            ("company = :company", "company", company),
            (f"{day} >= :first", "first", first),
            (f"{day} <= :last", "last", last),
        ),
        f"{day} DESC, company, kind",
        most,
    )
    return tuple(Booked(*row) for row in rows)
