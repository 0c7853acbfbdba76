"""Days of a company: the bank, the cases and Visma side by side, and whether a person has signed what they say."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, text

from ops.queries.asking import TODAY
from pipeline.reconciliation import Between, DayBalance, DayFacts, balance_of_day
from workers.facts import days as loaded
from workers.store import setup as setup_store

Number = int | str | None
"""An amount in øre, a word, or None for what nobody knows."""


class DayState(StrEnum):
    """How a day stands, in a word."""

    AGREES = "agrees"  # nothing differs; to be signed
    DIFFERS = "differs"  # something differs that nobody has explained
    EXPLAINED = "explained"  # what differs is explained to the control; to be signed
    UNKNOWN = "unknown"  # nothing differs, but Visma has not told all
    SIGNED = "signed"
    CHANGED = "changed"  # its numbers are others since it was signed


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature, or a reopening, of a day. `explained`: by the name of a difference, why it is so."""

    id: int
    act: str
    actor: str
    at: datetime
    reason: str
    explained: Mapping[str, str]
    numbers: Mapping[str, Number]
    digest: str


@dataclass(frozen=True, slots=True)
class Change:
    """A number that is another than the one that was signed."""

    name: str
    signed: Number
    now: Number


@dataclass(frozen=True, slots=True)
class Day:
    """A company's day. `history`: every signature and reopening, the newest first; `changes`: since it was signed."""

    facts: DayFacts
    balance: DayBalance
    digest: str
    numbers: Mapping[str, Number]
    history: tuple[Signature, ...]
    changes: tuple[Change, ...]
    state: DayState
    company_name: str

    @property
    def signature(self) -> Signature | None:
        """The signature that holds, None while there is none or after the day was opened again."""
        last = self.history[0] if self.history else None
        return last if last is not None and last.act == "signed" else None

    @property
    def to_explain(self) -> tuple[Between, ...]:
        """The differences that a signature must give a reason for."""
        return tuple(each.between for each in self.balance.differences if not each.settled)


def month(connection: Connection, company: str, first: date) -> tuple[Day, ...]:
    """The days of the month that `first` is in on which something was booked or signed."""
    begins = first.replace(day=1)
    return between(
        connection, company, begins, (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    )


def between(connection: Connection, company: str, first: date, last: date) -> tuple[Day, ...]:
    """The days from the first to the last, both among them, on which something was booked or signed."""
    history = _history(connection, company, first, last)
    found = {each.day: each for each in loaded.between(connection, company, first, last)}
    named = setup_store.current(connection).companies.get(company)
    return tuple(
        _day(
            found.get(day) or _empty(company, day),
            history.get(day, ()),
            named.on_or_after(day).value.name if named else "",
        )
        for day in sorted({*found, *history})
    )


def newest(connection: Connection, company: str) -> date:
    """The first of the newest month in which the bank booked something for a company; of this month, if nothing ever."""
    first: date = connection.execute(
        text(
            "SELECT date_trunc('month', coalesce((SELECT booked_on FROM payment WHERE company = :company "
            f"ORDER BY id DESC LIMIT 1), {TODAY}))::date"
        ),
        {"company": company},
    ).scalar_one()
    return first


def shown(connection: Connection, company: str, day: date) -> Day | None:
    """One day; None if nothing was booked or signed on it."""
    return next(iter(between(connection, company, day, day)), None)


def _empty(company: str, day: date) -> DayFacts:
    return DayFacts(company, day, 0, (), 0, 0, (), 0, (), ())


def _day(facts: DayFacts, history: tuple[Signature, ...], name: str) -> Day:
    balance = balance_of_day(facts)
    numbers = _numbers(facts, balance)
    digest = digest_of(numbers)
    signed = history[0] if history and history[0].act == "signed" else None
    changes = () if signed is None or signed.digest == digest else _changes(signed.numbers, numbers)
    return Day(facts, balance, digest, numbers, history, changes, _state(balance, signed, digest), name)


def _state(balance: DayBalance, signed: Signature | None, digest: str) -> DayState:
    if signed is not None:
        return DayState.SIGNED if signed.digest == digest else DayState.CHANGED
    left = [each for each in balance.differences if not each.settled]
    if left:
        return DayState.UNKNOWN if all(each.amount is None for each in left) else DayState.DIFFERS
    return DayState.EXPLAINED if any(each.rows for each in balance.differences) else DayState.AGREES


def digest_of(numbers: Mapping[str, Number]) -> str:
    """SHA-256 of the numbers in one canonical form: two days have the same only if each number is the same."""
    canonical = json.dumps(dict(numbers), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _numbers(facts: DayFacts, balance: DayBalance) -> dict[str, Number]:
    """Every number that a signature is for, by a name that stays the same."""
    numbers: dict[str, Number] = {
        "company": facts.company,
        "day": facts.day.isoformat(),
        "payments": str(facts.payments),
        "bank": balance.bank,
        "cases": balance.cases,
        "vouchers": balance.vouchers,
        "visma": balance.visma,
        "on cases": facts.on_cases,
        "on suspense": facts.suspense,
    }
    numbers |= {f"statement {name}": amount for name, amount in facts.statements}
    numbers |= {place.value: amount for place, amount in facts.unsplit}
    for voucher in facts.vouchers:
        name = f"voucher {voucher.id}"
        numbers |= {f"{name} state": voucher.state.value, f"{name} number": voucher.voucher_no}
        numbers |= {f"{name} on the bank account": voucher.bank, f"{name} in Visma": voucher.in_visma}
    return numbers


def _changes(signed: Mapping[str, Number], now: Mapping[str, Number]) -> tuple[Change, ...]:
    names = [*now, *(name for name in signed if name not in now)]
    each = ((name, _in(signed, name, now), _in(now, name, signed)) for name in names)
    return tuple(Change(name, before, after) for name, before, after in each if before != after)


def _in(numbers: Mapping[str, Number], name: str, other: Mapping[str, Number]) -> Number:
    """The number; a place or a voucher that is not there at all has nothing, which is known."""
    return numbers[name] if name in numbers else "" if isinstance(other[name], str) else 0


def _history(
    connection: Connection, company: str, first: date, last: date
) -> dict[date, tuple[Signature, ...]]:
    rows = connection.execute(
        text(
            "SELECT day, id, act, actor, at, reason, explained, numbers, digest FROM day_signature "
            "WHERE company = :company AND day BETWEEN :first AND :last ORDER BY id DESC"
        ),
        {"company": company, "first": first, "last": last},
    )
    found: dict[date, tuple[Signature, ...]] = {}
    for day, *rest in rows:
        found[day] = (*found.get(day, ()), Signature(*rest))
    return found
