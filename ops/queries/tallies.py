"""The sums that are kept, as the pages ask for them: in number and money, by state, cause, age and day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from schemas.money import Money


@dataclass(frozen=True, slots=True)
class Tally:
    """How many, and how much, of one kind."""

    number: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Failed:
    """Vouchers that Visma refused, or of which nobody knows, for one cause. `oldest`: the first of their voucher dates."""

    state: str
    code: str
    tally: Tally
    oldest: date


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person for one reason; `oldest`: the day since which the first does."""

    stage: str
    reason: str
    tally: Tally
    oldest: date


@dataclass(frozen=True, slots=True)
class Aged:
    """What waits for a person since a day."""

    day: date
    tally: Tally


_SUMS = "sum(number)::bigint AS number, sum(amount)::bigint AS amount"


def payments_by_state(connection: Connection, company: str | None = None) -> dict[str, Tally]:
    """All payments, by their state."""
    return _by_state(connection, "payment", company)


def vouchers_by_state(connection: Connection, company: str | None = None) -> dict[str, Tally]:
    """All vouchers, by their state."""
    return _by_state(connection, "voucher", company)


def counted(
    connection: Connection, of: str, facets: Mapping[str, str], first: date | None, last: date | None
) -> Tally:
    """The number and sum of the payments or vouchers, or of what is booked, of a choice of `company`, `state`, `account` and `code`, in a span of days."""
    named = {name: facets[name] for name in ("company", "state", "account", "code") if name in facets}
    where = "".join(f" AND {name} = :{name}" for name in named)
    row = connection.execute(
        text(
            f"SELECT coalesce(sum(number), 0)::bigint, coalesce(sum(amount), 0)::bigint FROM tally WHERE of = :of{where} "
            "AND day BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date)"
        ),
        {"of": of, "first": first, "last": last, **named},
    ).one()
    return Tally(row[0], row[1])


def failed(connection: Connection) -> tuple[Failed, ...]:
    """Failed deliveries by cause, the greatest sum first."""
    found = _by_cause(connection, "of = 'voucher' AND state IN ('refused', 'in_doubt')", "amount")
    return tuple(Failed(row.state, row.code, Tally(row.number, row.amount), row.oldest) for row in found)


def parked(connection: Connection) -> tuple[Waiting, ...]:
    """What waits for a person, by reason, the most first."""
    found = _by_cause(connection, "of = 'parked'", "number")
    return tuple(Waiting(row.state, row.code, Tally(row.number, row.amount), row.oldest) for row in found)


def parked_since(connection: Connection) -> tuple[Aged, ...]:
    """What waits for a person, by the day since which it does, the oldest first."""
    return _by_day(connection, "parked", None, None)


def payments_by_day(connection: Connection, first: date, last: date) -> tuple[Aged, ...]:
    """Payments by the day on which the bank booked them."""
    return _by_day(connection, "payment", first, last)


def vouchers_by_day(
    connection: Connection, first: date, last: date, states: tuple[str, ...]
) -> tuple[Aged, ...]:
    """Vouchers in these states, by their date."""
    return _by_day(connection, "voucher", first, last, states)


def _by_cause(connection: Connection, which: str, most: str) -> Iterable[Any]:
    """Sums by state and code of what stands; `most`: the sum that is greatest in the first row."""
    return connection.execute(
        text(
            "SELECT state, code, sum(number)::bigint AS number, sum(amount)::bigint AS amount, min(day) FILTER (WHERE number > 0) "
            f"AS oldest FROM (SELECT state, code, day, {_SUMS} FROM tally WHERE {which} GROUP BY 1, 2, 3) d "
            f"GROUP BY 1, 2 HAVING sum(number) > 0 ORDER BY sum({most}) DESC, 1, 2"
        )
    )


def _by_day(
    connection: Connection, of: str, first: date | None, last: date | None, states: tuple[str, ...] = ()
) -> tuple[Aged, ...]:
    found = connection.execute(
        text(
            f"SELECT day, {_SUMS} FROM tally WHERE of = :of AND (:all OR state = ANY(:states)) "
            "AND day BETWEEN coalesce(:first, '-infinity'::date) AND coalesce(:last, 'infinity'::date) "
            "GROUP BY day HAVING sum(number) > 0 ORDER BY day"
        ),
        {"of": of, "all": not states, "states": list(states), "first": first, "last": last},
    )
    return tuple(Aged(row.day, Tally(row.number, row.amount)) for row in found)


def _by_state(connection: Connection, of: str, company: str | None) -> dict[str, Tally]:
    found = connection.execute(
        text(
            f"SELECT state, {_SUMS} FROM tally WHERE of = :of AND (CAST(:company AS text) IS NULL OR company = :company) "
            "GROUP BY state HAVING sum(number) <> 0 ORDER BY state"
        ),
        {"of": of, "company": company},
    )
    return {row.state: Tally(row.number, row.amount) for row in found}
