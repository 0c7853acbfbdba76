"""The front page's questions: what came today, what should have come, what differs, and when the money agreed last."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import Connection, text

from pipeline.expecting import AccountFacts, Expectation, expect
from schemas.money import Money
from schemas.schedule import OSLO
from workers.store import setup as setup_store

LATE_BY = time(12, 0)
"""When the file of an account that has one each bank day is late, in Norway, where the site says nothing else."""


@dataclass(frozen=True, slots=True)
class CameToday:
    """The files that landed today in Norway, and what is in them."""

    files: int
    payments: int
    total: Money


@dataclass(frozen=True, slots=True)
class Expected:
    """An OCR account, and whether its file has come today. `last`: the day on which the newest came, None for never."""

    account: str
    company: str
    stands: Expectation
    last: date | None


@dataclass(frozen=True, slots=True)
class OpenDifferences:
    """Differences of a company that nobody has explained; `since`: the first of them."""

    company: str
    number: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """What a money check found: agrees, differs or unknown; `broken`: the promises, by name; `note`: why it was not made."""

    taken_at: datetime
    result: str
    broken: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Meter:
    """Money that must agree. `read` is what the files say that were read, `kept` what the payments sum up to: now, in øre."""

    proof: Proof | None
    read: Money
    kept: Money

    @property
    def agrees(self) -> bool:
        """Whether both sums of this moment are the same."""
        return self.read == self.kept


def now_here(connection: Connection) -> datetime:
    """The database's moment, by the clock in Norway."""
    at: datetime = connection.execute(text("SELECT now()")).scalar_one()
    return at.astimezone(OSLO)


def came(connection: Connection, day: date) -> CameToday:
    """What landed on a day in Norway."""
    row = connection.execute(
        text(
            "SELECT count(*), coalesce(sum(payments), 0)::bigint, coalesce(sum(total), 0)::bigint FROM bank_file "
            "WHERE (landed_at AT TIME ZONE 'Europe/Oslo')::date = :day"
        ),
        {"day": day},
    ).one()
    return CameToday(*row)


def expected(connection: Connection, now: datetime, by: time = LATE_BY) -> tuple[Expected, ...]:
    """Each account of the setup, and whether its file has come. `now` in Norway."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for account, day in connection.execute(
        text(
            "SELECT DISTINCT a->>'account', (f.landed_at AT TIME ZONE 'Europe/Oslo')::date FROM bank_file f "
            "CROSS JOIN LATERAL jsonb_array_elements(f.assignments) a WHERE f.landed_at > :now - interval '60 days'"
        ),
        {"now": now},
    ):
        days[account].add(day)
    accounts = setup_store.current(connection).accounts
    return tuple(
        Expected(
            account,
            rows.latest().value.company,
            expect(AccountFacts(account, days[account]), now, by),
            max(days[account], default=None),
        )
        for account, rows in sorted(accounts.items())
    )


def differences(connection: Connection) -> tuple[OpenDifferences, ...]:
    """Open differences, by company."""
    rows = connection.execute(
        text(
            "SELECT company, count(*), min(first_seen) FROM difference WHERE state = 'open' GROUP BY company ORDER BY company"
        )
    )
    return tuple(OpenDifferences(*row) for row in rows)


def meter(connection: Connection) -> Meter:
    """The last money check, and a sum of this moment on both sides: of files that were read, and of payments."""
    row = connection.execute(
        text("SELECT taken_at, result, broken, note FROM proof ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    # a file that was refused before it was read has no payments
    read = connection.execute(
        text(
            "SELECT coalesce(sum(total), 0)::bigint FROM bank_file f WHERE state IN ('read', 'held') "
            "OR state NOT IN ('landed', 'unreadable') AND EXISTS (SELECT FROM payment p WHERE p.file_id = f.id)"
        )
    ).scalar_one()
    kept = connection.execute(
        text("SELECT coalesce(sum(amount), 0)::bigint FROM tally WHERE of = 'payment'")
    ).scalar_one()
    proof = None if row is None else Proof(row.taken_at, row.result, tuple(row.broken), row.note)
    return Meter(proof, read, kept)
