"""Shadow mode beside Visma: for each company and day, what we would have posted and what people posted by hand."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, text

from pipeline.shadowing import Group, Likeness, ShadowDay, ShadowFacts, compare
from schemas.setup import Company
from schemas.transfer import LedgerVoucher
from schemas.voucher import IN_SHADOW
from workers.accounting import Accounting, CannotTell, Trouble
from workers.facts import shelves
from workers.facts.shelves import is_ours
from workers.store import setup as setup_store

_OURS = (
    "SELECT v.voucher_on, v.account, v.statement_ref, sum(v.total)::bigint AS total, array_agg(v.id ORDER BY v.id) AS ids "
    "FROM voucher v WHERE v.company = :company AND v.voucher_on BETWEEN :first AND :last "
    "AND ((v.state = 'approved' AND v.attempts = 0) OR v.voucher_no = :in_shadow) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)


@dataclass(frozen=True, slots=True)
class InShadow:
    """A company's days; `unknown` is a sentence where Visma could not tell, and then there are no days."""

    company: str
    days: tuple[ShadowDay, ...]
    unknown: str

    @property
    def likeness(self) -> Likeness:
        """What the worst day says."""
        found = {day.likeness for day in self.days}
        worst = next(
            (each for each in (Likeness.DIFFERS, Likeness.UNKNOWN) if each in found), Likeness.AGREES
        )
        return Likeness.UNKNOWN if self.unknown and worst is Likeness.AGREES else worst


def beside(
    connection: Connection,
    accounting: Mapping[str, Accounting],
    companies: list[str],
    first: date,
    last: date,
    *,
    voucher_type: str = "",
) -> list[InShadow]:
    """Compare the days from `first` to `last`, both included. `voucher_type`: what people use, else the company's own.

    No transaction is open while Visma is asked; `connection` must have none.
    """
    found = []
    for code in companies:
        with connection.begin():
            company = setup_store.current(connection).companies[code].latest().value
            numbers = shelves.numbers(connection)[company.installation]
            groups = _groups(connection, code, first, last)
        theirs, unknown = _theirs(accounting.get(company.installation), company, voucher_type, first, last)
        if unknown:
            found.append(InShadow(code, (), f"company {code}: {unknown}"))
            continue
        by_day: dict[date, list[LedgerVoucher]] = defaultdict(list)
        for each in theirs:
            if not is_ours(each.reference, numbers):
                by_day[each.voucher_date].append(each)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        facts = [ShadowFacts(day, tuple(groups[day]), tuple(by_day[day])) for day in days]
        found.append(InShadow(code, tuple(compare(each) for each in facts if each.ours or each.theirs), ""))
    return found


def _groups(connection: Connection, company: str, first: date, last: date) -> dict[date, list[Group]]:
    groups: dict[date, list[Group]] = defaultdict(list)
    for row in connection.execute(
        text(_OURS), {"company": company, "first": first, "last": last, "in_shadow": IN_SHADOW}
    ):
        groups[row.voucher_on].append(Group(row.account, row.statement_ref, row.total, tuple(row.ids)))
    return groups


def _theirs(
    asked: Accounting | None, company: Company, voucher_type: str, first: date, last: date
) -> tuple[list[LedgerVoucher], str]:
    """All vouchers of the type, whoever the registrar; or why nobody can tell."""
    if asked is None:
        return [], f"the setup has no installation {company.installation}"
    try:
        there = next((each for each in asked.installation().companies if each.code == company.code), None)
        if there is None or not there.registrars:
            return [], "Visma does not name the company's registrars"
        of_type = voucher_type or company.voucher_type
        return [
            voucher
            for registrar in sorted(there.registrars)
            for voucher in asked.list_vouchers(company.code, of_type, registrar, first, last)
        ], ""
    except CannotTell:
        return [], "this Visma can't list its vouchers"
    except Trouble as trouble:
        return [], f"Visma did not answer: {trouble.note} ({trouble.code})"
