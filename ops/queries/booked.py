"""What was booked before, by month and day: our vouchers' money and what Visma itself booked on our invoices, together."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.queries.asking import ask
from schemas.money import Money
from schemas.transfer import TransactionKind

FROM_BANK = "from_bank"
KINDS = (FROM_BANK, *TransactionKind)
"""What a booked sum is: of bank payments in vouchers of ours, or a kind of transaction from Visma."""

DAYS = (
    "SELECT company, day, state AS kind, sum(number)::bigint AS number, sum(amount)::bigint AS amount FROM tally "
    "WHERE of = 'booked' GROUP BY 1, 2, 3 HAVING sum(number) <> 0"
)
"""What was booked by company, day and kind. Of the bank a payment counts once a voucher, as `PAYMENTS` has it."""
_MAY_GO_BACK = (
    "(p.state = 'settled' AND p.company IS NOT NULL AND NOT EXISTS (SELECT FROM payment b WHERE b.reverses = p.id "
    "AND b.state IN ('settled', 'waiting')) AND NOT EXISTS (SELECT FROM refund r WHERE r.payment_id = p.id "
    "AND r.state <> 'withdrawn'))"
)
"""Whether a person may take a payment `p` off its case: what `ops.repairs.undo` asks, for who only looks."""
# Voucher by voucher, so that a page or a count ends when it has its rows; a left join is left out where nobody asks for it.
PAYMENTS = (
    "SELECT v.voucher_on AS day, v.company, d.payment_id, p.case_id, c.case_no, d.amount, v.id AS voucher_id, v.voucher_no, "
    f"CASE WHEN d.on_case <> 0 AND {_MAY_GO_BACK} THEN 'back to the proposal' END AS back FROM voucher v CROSS JOIN LATERAL ("
    "SELECT s.payment_id, sum(s.amount)::bigint AS amount, "
    "coalesce(sum(s.amount) FILTER (WHERE s.case_id IS NOT NULL), 0)::bigint AS on_case FROM voucher_split t "
    "JOIN split s ON s.id = t.split_id WHERE t.voucher_id = v.id AND NOT t.released GROUP BY s.payment_id) d "
    "LEFT JOIN payment p ON p.id = d.payment_id LEFT JOIN kk2_case c ON c.id = p.case_id WHERE v.state IN ('delivered', 'by_hand')"
)
"""Each payment in each voucher that is in Visma. `back`: what may be done with it, nothing for what stands as it is."""
MONTHS = (
    "SELECT company, date_trunc('month', day)::date AS month, (date_trunc('month', day) + interval '1 month - 1 day')::date "
    f"AS last, kind, sum(number)::bigint AS number, sum(amount)::bigint AS amount FROM ({DAYS}) d GROUP BY 1, 2, 3, 4"
)


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked in a month (its first day) or on a day, of one kind."""

    day: date
    company: str
    kind: str
    number: int
    amount: Money


@dataclass(frozen=True, slots=True)
class BookedPayment:
    """A payment in a voucher that is in Visma. `back` says that it may go back to the proposal, None that it may not."""

    day: date
    company: str
    payment_id: int
    case_id: int | None
    case_no: str | None
    amount: Money
    voucher_id: int
    voucher_no: str | None
    back: str | None


def may_go_back(connection: Connection, payment_id: int) -> bool:
    """Whether a person may take the payment off its case now."""
    found = connection.execute(
        text(f"SELECT {_MAY_GO_BACK} FROM payment p WHERE p.id = :id"), {"id": payment_id}
    ).scalar()
    return bool(found)


def booked_payments(
    connection: Connection, *, company: str | None, first: date | None, last: date | None, most: int
) -> tuple[BookedPayment, ...]:
    """The payments that were booked from a day to a day, the newest first."""
    return tuple(
        BookedPayment(*row)
        for row in ask(
            connection,
            f"SELECT * FROM ({PAYMENTS}) b",
            (
                ("company = :company", "company", company),
                ("day >= :first", "first", first),
                ("day <= :last", "last", last),
            ),
            "day DESC, payment_id DESC, voucher_id DESC",
            most,
        )
    )


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
