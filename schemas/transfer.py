"""What crosses to and from Visma: the answers to a delivery and to a question, and what the installation can do."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.money import Money
from schemas.voucher import LedgerState


@dataclass(frozen=True, slots=True)
class LedgerVoucher:
    """A voucher as Visma has it. `total` is the sum of its debits, `lines` their number; None where Visma can't tell."""

    reference: str
    voucher_no: str
    state: LedgerState
    voucher_date: date
    total: Money | None
    lines: int | None


class Verdict(StrEnum):
    """What one sent voucher's answer means for us."""

    BOOKED = "booked"  # Visma gave its number
    REFUSED = "refused"  # a business answer from the list that is known to mean "not booked"
    UNKNOWN = "unknown"  # no answer, half an answer, or one that we can't read: it may be booked
    UNSENT = (
        "unsent"  # not one byte left us, or Visma was too busy to take it: certainly not booked, send again
    )


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    """The answer for one voucher. `code` and `note` are Visma's words, or say what went wrong on the way.

    `voucher_no` is set for BOOKED only; `total` and `lines` echo what Visma says it booked, None where it does not say.
    """

    reference: str
    verdict: Verdict
    voucher_no: str
    total: Money | None
    lines: int | None
    code: str
    note: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as it went over the wire, for the attempt log: secrets and personal data already redacted."""

    operation: str
    status: int | None
    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class InquiryAnswer:
    """What Visma says when asked for a reference. `asked` is False where the installation can't be asked."""

    reference: str
    asked: bool
    found: tuple[LedgerVoucher, ...]


@dataclass(frozen=True, slots=True)
class DunningRoutine:
    """A dunning code (purrekode) of a company, with the clients that it is linked to."""

    code: str
    clients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What Visma has set up for one company: the codes that a voucher may hold. `open_periods` are (year, period)."""

    code: str
    name: str
    clients: frozenset[str]
    voucher_types: frozenset[str]
    registrars: frozenset[str]
    accounts: frozenset[str]
    sub_ledger_types: frozenset[str]
    open_periods: frozenset[tuple[int, int]]
    dunning_routines: tuple[DunningRoutine, ...]


@dataclass(frozen=True, slots=True)
class InstallationFacts:
    """What an installation says of itself. `capabilities`: names of operations that answer, and `deduplicates`."""

    version: str
    companies: tuple[CompanyFacts, ...]
    capabilities: frozenset[str]
