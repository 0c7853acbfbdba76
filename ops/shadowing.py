"""Shadow mode beside Visma: for each company and day, what we would have posted and what people posted by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from pipeline.shadowing import Likeness, ShadowDay, compare
from workers.accounting import Accounting, CannotTell, Trouble
from workers.facts import shadows


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
            of = shadows.company(connection, code)
        asked = accounting.get(of.installation)
        try:
            if asked is None:
                raise CannotTell(f"the setup has no installation {of.installation}")
            theirs = shadows.listed(asked, of, voucher_type or of.voucher_type, first, last)
        except CannotTell as why:
            found.append(InShadow(code, (), f"company {code}: {why}"))
        except Trouble as trouble:
            found.append(
                InShadow(code, (), f"company {code}: Visma did not answer: {trouble.note} ({trouble.code})")
            )
        else:
            with connection.begin():
                days = shadows.days(connection, of, theirs, first, last)
            found.append(InShadow(code, tuple(map(compare, days)), ""))
    return found
