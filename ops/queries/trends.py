"""The pictures' questions that no kept sum answers: how long delivery takes, and what the money of a week covers."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from schemas.case import Kind
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class Delivered:
    """Vouchers of a day that reached Visma: their number, and the seconds from approval to Visma's answer."""

    day: date
    vouchers: int
    median: float
    longest: float


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of a span's payments covers one kind of claim."""

    kind: str
    amount: Money


def delivery_times(connection: Connection, first: date, last: date) -> tuple[Delivered, ...]:
    """How long delivery took, by voucher date."""
    rows = connection.execute(
        text(
            "SELECT voucher_on, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY s), max(s) FROM (SELECT voucher_on, "
            "extract(epoch FROM delivered_at - approved_at)::float AS s FROM voucher WHERE voucher_on BETWEEN :first AND :last "
            "AND delivered_at IS NOT NULL) d GROUP BY voucher_on ORDER BY voucher_on"
        ),
        {"first": first, "last": last},
    )
    return tuple(Delivered(*row) for row in rows)


def covered(connection: Connection, first: date, last: date) -> tuple[Covered, ...]:
    """What the payments of a span of booked days cover, by kind of claim."""
    rows = connection.execute(
        text(
            "SELECT s.kind, sum(s.amount)::bigint AS amount FROM payment p JOIN split s ON s.payment_id = p.id "
            "AND s.superseded_by IS NULL WHERE p.booked_on BETWEEN :first AND :last GROUP BY s.kind ORDER BY s.kind"
        ),
        {"first": first, "last": last},
    )
    return tuple(Covered(Kind(row.kind).name.lower(), row.amount) for row in rows)
