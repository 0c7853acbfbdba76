"""Money that belongs to somebody else: overpayments, what is to be paid back, and parked money by its age."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, TODAY, ask
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class Overpaid:
    """What a payment brought more than its case owed. `age` in days since it was booked; `policy` is the client's now.

    `refunded`: paid back of the payment so far. `refund_id`: the proposal that is open, None for none.
    """

    payment_id: int
    case_id: int
    case_no: str
    company: str
    client: str
    policy: str
    booked_on: date
    age: int
    rest: Money
    refunded: Money
    refund_id: int | None


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund, with the account that the money came from: personal data, for who pays it back.

    `left`: what could go back of the payment today; less than `amount` where a claim has taken it meanwhile.
    """

    id: int
    payment_id: int
    company: str | None
    amount: Money
    left: Money
    state: str
    payment_state: str
    debit_account: str | None
    proposed_by: str
    proposed_at: datetime
    ended_by: str
    ended_at: datetime | None
    paid_on: date | None
    reference: str


@dataclass(frozen=True, slots=True)
class Aged:
    """Parked payments of a company by the days that they have waited: how many, and their sum with its sign."""

    company: str | None
    days: str
    payments: int
    amount: Money


AGES: tuple[tuple[str, int | None], ...] = (("0-7", 7), ("8-30", 30), ("31-90", 90), ("over 90", None))
"""How long money has waited: a name for the days, and the last of them. What was booked after today is of the first."""
_NAMES = "ARRAY['" + "', '".join(name for name, _ in AGES) + "']"
_AGE = f"width_bucket({TODAY} - booked_on, ARRAY[{', '.join(str(last + 1) for _, last in AGES if last is not None)}]) + 1"

# A parked payment whole; of a settled one what is a rest. Less what was paid back.
_LEFT = """(CASE p.state WHEN 'parked' THEN p.amount WHEN 'settled' THEN (
        SELECT coalesce(sum(s.amount), 0) FROM split s
        WHERE s.payment_id = p.id AND s.superseded_by IS NULL AND s.kind = 5) ELSE 0 END
    - (SELECT coalesce(sum(d.amount), 0) FROM refund d WHERE d.payment_id = p.id AND d.state = 'done'))::bigint"""

_OVERPAID = f"""
SELECT o.payment_id, c.id, c.case_no, c.company, c.client, coalesce(k.body->>'overpayment_policy', ''), p.booked_on,
    {TODAY} - p.booked_on, o.rest::bigint, coalesce(d.amount, 0)::bigint, r.id
FROM (SELECT payment_id, case_id, sum(amount) AS rest FROM split WHERE kind = 5 AND superseded_by IS NULL
    GROUP BY 1, 2 HAVING sum(amount) > 0) o
JOIN payment p ON p.id = o.payment_id AND p.state = 'settled' JOIN kk2_case c ON c.id = o.case_id
LEFT JOIN LATERAL (SELECT body FROM setup_row WHERE kind = 'client' AND key = c.company || '/' || c.client
    AND valid_from <= {TODAY} ORDER BY valid_from DESC, version DESC LIMIT 1) k ON true
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM refund WHERE state = 'done' GROUP BY 1) d ON d.payment_id = p.id
LEFT JOIN refund r ON r.payment_id = p.id AND r.state = 'proposed'"""

_REFUNDS = f"""
SELECT r.id, r.payment_id, p.company, r.amount, {_LEFT}, r.state, p.state,
    p.debit_account, r.proposed_by, r.proposed_at, r.ended_by, r.ended_at, r.paid_on, r.reference
FROM refund r JOIN payment p ON p.id = r.payment_id"""


def refundable(connection: Connection, payment_id: int) -> Money:
    """How much of a payment could go back to its payer today, in øre."""
    found = connection.execute(
        text(f"SELECT {_LEFT} FROM payment p WHERE p.id = :id"), {"id": payment_id}
    ).scalar()
    return int(found or 0)


def overpaid(
    connection: Connection, *, company: str | None, client: str | None, most: int = MOST
) -> tuple[Overpaid, ...]:
    """Overpayments that were not paid back whole, the oldest first; a payment that was taken back has none."""
    conditions = [
        ("o.rest > coalesce(d.amount, :nothing)", "nothing", 0),
        (
            "NOT EXISTS (SELECT FROM payment b WHERE b.reverses = p.id AND b.state = :settled)",
            "settled",
            "settled",
        ),
        ("c.company = :company", "company", company),
        ("c.client = :client", "client", client),
    ]
    found = ask(connection, _OVERPAID, conditions, "p.booked_on, p.id, c.id", most)
    return tuple(Overpaid(*row) for row in found)


def refunds(
    connection: Connection,
    *,
    company: str | None,
    state: str | None,
    payment_id: int | None,
    most: int = MOST,
) -> tuple[RefundRow, ...]:
    """Refunds, the oldest proposal first."""
    conditions = [
        ("p.company = :company", "company", company),
        ("r.state = :state", "state", state),
        ("r.payment_id = :payment", "payment", payment_id),
    ]
    return tuple(
        RefundRow(*row) for row in ask(connection, _REFUNDS, conditions, "r.proposed_at, r.id", most)
    )


def age_of(days: int) -> str:
    """The name of the age of what has waited so many days."""
    return next(name for name, last in AGES if last is None or days <= last)


def ageing(connection: Connection, *, company: str | None) -> tuple[Aged, ...]:
    """Parked money by company and age: every bucket of a company that has any, in order. Age is from the booked date."""
    found = connection.execute(
        text(
            f"WITH p AS (SELECT company, amount, {_AGE} AS age FROM payment WHERE state = 'parked' AND (CAST(:company AS text) "
            f"IS NULL OR company = :company)), b AS (SELECT * FROM unnest({_NAMES}) WITH ORDINALITY AS b(name, no)) "
            "SELECT c.company, b.name, count(p.amount), coalesce(sum(p.amount), 0)::bigint FROM (SELECT DISTINCT company FROM p) c "
            "CROSS JOIN b LEFT JOIN p ON p.company IS NOT DISTINCT FROM c.company AND p.age = b.no "
            "GROUP BY c.company, b.no, b.name ORDER BY c.company NULLS LAST, b.no"
        ),
        {"company": company},
    )
    return tuple(Aged(*row) for row in found)
