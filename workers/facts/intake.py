"""What of a file that was just read may have come before, or be booked by hand: only the payments that can be concerned."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from schemas.bank import Assignment
from schemas.setup import Setup
from workers.store.bulk import rows


class PossibleTwin(NamedTuple):
    """Number `ordinal` of the payments alike in the file, of which `alike` stand in earlier files."""

    payment_id: int
    ordinal: int
    alike: int


class EarlyPayment(NamedTuple):
    """A payment that was booked before its account's cut-over date."""

    payment_id: int
    booked_on: date
    cut_over: date


def possible_twins(connection: Connection, file_id: int) -> list[PossibleTwin]:
    """The payments of the file to which any payment of an earlier file, that nobody refused, is alike."""
    known = rows(
        connection,
        "SELECT DISTINCT e.fingerprint FROM payment e WHERE e.file_id <> %(file)s AND e.state <> 'refused' "
        "AND e.fingerprint IN (SELECT fingerprint FROM payment WHERE file_id = %(file)s)",
        {"file": file_id},
    )
    if not known:
        return []
    # One pass and no join of two sets: nobody has told the planner of a file that was just written, and it would take
    # each for a row or two, which for a file of 100,000 that the bank sends a second time never ends.
    found = rows(
        connection,
        "SELECT id, ordinal, alike FROM (SELECT p.id, p.line, p.file_id, "
        "row_number() OVER (PARTITION BY p.fingerprint, p.file_id = %(file)s ORDER BY p.line) AS ordinal, "
        "count(*) FILTER (WHERE p.file_id <> %(file)s) OVER (PARTITION BY p.fingerprint) AS alike FROM payment p "
        "WHERE p.fingerprint = ANY(%(known)s) "
        "AND (p.file_id = %(file)s OR p.state <> 'refused')) each WHERE file_id = %(file)s ORDER BY line",
        {"file": file_id, "known": [row[0] for row in known]},
    )
    return [PossibleTwin(*row) for row in found]


def told_in_another_format(
    connection: Connection, file_id: int, format_: str, assignments: Sequence[Assignment]
) -> list[PossibleTwin]:
    """The payments of the file that wait, and that files of another format tell too: alike in account, day, KID, amount.

    A payment for several KIDs is compared by what each has. Nothing is asked of payments unless such a file is there.
    """
    days = [day for a in assignments for day in (a.earliest, a.latest) if day is not None]
    if not days:
        return []
    values = {
        "file": file_id,
        "format": format_,
        "accounts": sorted({a.account for a in assignments}),
        "first": min(days),
        "last": max(days),
    }
    others = rows(
        connection,
        "SELECT id FROM bank_file f WHERE id <> %(file)s AND format <> %(format)s AND state IN ('read', 'held', 'known') "
        "AND EXISTS (SELECT FROM jsonb_array_elements(f.assignments) a WHERE a->>'account' = ANY(%(accounts)s) "
        "AND (a->>'latest')::date >= %(first)s AND (a->>'earliest')::date <= %(last)s)",
        values,
    )
    if not others:
        return []
    found = rows(
        connection,
        "WITH told AS (SELECT p.id, p.file_id = %(file)s AS mine, p.position, p.account, p.booked_on, "
        "coalesce(e->>0, p.kid) AS kid, coalesce((e->>1)::bigint, p.amount) AS amount "
        "FROM payment p LEFT JOIN LATERAL jsonb_array_elements(p.kids) e ON true "
        "WHERE (p.file_id = %(file)s AND p.state = 'waiting') OR (p.file_id = ANY(%(others)s) AND p.state <> 'refused' "
        "AND p.booked_on BETWEEN %(first)s AND %(last)s)), "
        "counted AS (SELECT id, mine, position, row_number() OVER (PARTITION BY account, booked_on, kid, amount, mine "
        "ORDER BY position) AS ordinal, "
        "count(*) FILTER (WHERE NOT mine) OVER (PARTITION BY account, booked_on, kid, amount) AS alike FROM told) "
        "SELECT DISTINCT ON (position) id, ordinal, alike FROM counted WHERE mine ORDER BY position, alike < ordinal, ordinal",
        values | {"others": [row[0] for row in others]},
    )
    return [PossibleTwin(*row) for row in found]


def early_payments(connection: Connection, file_id: int, setup: Setup) -> list[EarlyPayment]:
    """The payments of the file that wait, and were booked before the day from which their account is ours."""
    days = {
        number: day
        for number, dated in setup.accounts.items()
        if (day := dated.latest().value.cut_over) is not None
    }
    if not days:
        return []
    found = rows(
        connection,
        "SELECT p.id, p.booked_on, t.day FROM payment p "
        "JOIN unnest(%(accounts)s::text[], %(days)s::date[]) AS t(account, day) ON t.account = p.account "
        "WHERE p.file_id = %(file)s AND p.booked_on < t.day AND p.state = 'waiting' ORDER BY p.line",
        {"file": file_id, "accounts": list(days), "days": list(days.values())},
    )
    return [EarlyPayment(*row) for row in found]
