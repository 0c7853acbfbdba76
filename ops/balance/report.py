"""What the money check says: where the money is, which promises hold, and which rows break one."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from schemas.money import Money

NAMED = 20
"""So many rows that break a promise are named; all are counted."""


class Exit(IntEnum):
    """How `kk2 balance` ends."""

    AGREES = 0
    DIFFERS = 1
    UNKNOWN = 3  # nothing differs, but Visma could not tell all that was asked


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that breaks a promise. `expected` and `found` in øre, or a number of rows, as the promise counts."""

    subject: str
    expected: int
    found: int
    cause: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise, tried on every row. `differences` names the first of the `broken` rows; `unknown` what none can tell."""

    name: str
    promise: str
    unit: str
    broken: int
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no row breaks it."""
        return not self.broken


@dataclass(frozen=True, slots=True)
class Place:
    """Where money is: in vouchers of a state, in the proposal, or not split and why. Signed øre; a payment may be in two."""

    where: str
    state: str
    payments: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Sums:
    """All money of a scope (`all`, `company 100`, `file 17`) and where it is; the places sum up to the amount."""

    scope: str
    payments: int
    amount: Money
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class VoucherSums:
    """A company's vouchers in one state: number and sum of debits, ours and as Visma has them (None: it can't tell)."""

    company: str
    state: str
    vouchers: int
    total: Money
    in_visma: int | None
    total_in_visma: Money | None


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """The whole check, of one moment in the database."""

    taken_at: datetime
    sums: tuple[Sums, ...]
    vouchers: tuple[VoucherSums, ...]
    findings: tuple[Finding, ...]

    @property
    def agrees(self) -> bool:
        """Whether every promise holds for every row that could be looked at."""
        return all(finding.holds for finding in self.findings)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What could not be told, in sentences; never the same as agreement."""
        return tuple(what for finding in self.findings for what in finding.unknown)

    @property
    def exit_status(self) -> Exit:
        """How the command ends: a difference is more than what is unknown."""
        if not self.agrees:
            return Exit.DIFFERS
        return Exit.UNKNOWN if self.unknown else Exit.AGREES
