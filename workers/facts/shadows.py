"""A company's days in shadow mode: what we would have posted, and what Visma lists of the same days and type."""

from collections import defaultdict
from datetime import date, timedelta

from sqlalchemy import Connection, text

from pipeline.shadowing import Group, ShadowFacts
from schemas.setup import Company
from schemas.transfer import LedgerVoucher
from schemas.voucher import IN_SHADOW
from workers.accounting import Accounting, CannotTell
from workers.facts import shelves
from workers.store import setup as setup_store

COMPARED = timedelta(days=14)
"""How far back the days are compared each day: people may post a day late."""

_OURS = (
    "SELECT v.voucher_on, v.account, v.statement_ref, sum(v.total)::bigint AS total, array_agg(v.id ORDER BY v.id) AS ids "
    "FROM voucher v WHERE v.company = :company AND v.voucher_on BETWEEN :first AND :last "
    "AND ((v.state = 'approved' AND v.attempts = 0) OR v.voucher_no = :in_shadow) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)


def company(connection: Connection, code: str) -> Company:
    """The company as its newest row says."""
    return setup_store.current(connection).companies[code].latest().value


def first_day(connection: Connection, code: str, today: date) -> date:
    """From which day on the control compares: a day that differs is looked at until it does no more, or is explained."""
    oldest = connection.execute(
        text(
            "SELECT min(right(subject, 10)::date) FROM difference WHERE company = :company AND part = 'shadow' "
            "AND state = 'open'"
        ),
        {"company": code},
    ).scalar_one()
    return min(today - COMPARED, oldest or today)


def listed(
    accounting: Accounting, of: Company, voucher_type: str, first: date, last: date
) -> list[LedgerVoucher]:
    """All vouchers of the type, whoever the registrar. Raises `Trouble`, `CannotTell`."""
    there = next((each for each in accounting.installation().companies if each.code == of.code), None)
    if there is None or not there.registrars:
        raise CannotTell("this Visma does not name the company's registrars")
    return [
        voucher
        for registrar in sorted(there.registrars)
        for voucher in accounting.list_vouchers(of.code, voucher_type, registrar, first, last)
    ]


def days(
    connection: Connection, of: Company, theirs: list[LedgerVoucher], first: date, last: date
) -> list[ShadowFacts]:
    """The days on which either side has anything. What is ours in Visma is left out: it was no shadow."""
    numbers = shelves.numbers(connection)[of.installation]
    ours: dict[date, list[Group]] = defaultdict(list)
    for row in connection.execute(
        text(_OURS), {"company": of.code, "first": first, "last": last, "in_shadow": IN_SHADOW}
    ):
        ours[row.voucher_on].append(Group(row.account, row.statement_ref, row.total, tuple(row.ids)))
    by_hand: dict[date, list[LedgerVoucher]] = defaultdict(list)
    for each in theirs:
        if not shelves.is_ours(each.reference, numbers):
            by_hand[each.voucher_date].append(each)
    return [ShadowFacts(day, tuple(ours[day]), tuple(by_hand[day])) for day in sorted({*ours, *by_hand})]
