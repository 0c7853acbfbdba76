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


UNREAD = "Unread"
"""The code of a voucher that was handed over and lies unread: in doubt, and nothing is wrong."""


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
    """What Visma says when asked for a reference. `asked` is False where it can't be told; `note` may say why.

    `unread`: it lies with Visma and nobody has read it yet, so it may be booked at any moment. `refused`: certainly
    not booked, `note` is why.
    """

    reference: str
    asked: bool
    found: tuple[LedgerVoucher, ...]
    unread: bool = False
    refused: bool = False
    note: str = ""


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


@dataclass(frozen=True, slots=True)
class ReadyInvoice:
    """An invoice of an approved dunning proposal (purreforslag): a case is to be opened for it.

    `identity_no`, `kid` and `address` may be empty. `reminders` is how many were sent, `fees` what they cost so far.
    """

    proposal_no: str
    invoice_no: str
    customer_no: str
    name: str
    address: tuple[str, ...]
    identity_no: str
    sub_ledger_type: str
    client: str
    kid: str
    invoiced_on: date
    due_on: date
    original: Money
    open_amount: Money
    reminders: int
    fees: Money


@dataclass(frozen=True, slots=True)
class ReadyPage:
    """A page of ready invoices, as Visma ordered them; `next_page` is "" on the last."""

    invoices: tuple[ReadyInvoice, ...]
    next_page: str


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """What is written back on an invoice: our case number, and the day from which it is with us."""

    invoice_no: str
    customer_no: str
    case_no: str
    day: date


class NumberVerdict(StrEnum):
    """What the answer for one case number means."""

    WRITTEN = "written"  # the invoice carries the mark and the number: now, or from an earlier call
    REFUSED = "refused"  # an error from the list that is known to mean "not written"
    UNKNOWN = "unknown"  # no row of the answer is clearly this one's: write it again


class NumberState(StrEnum):
    """Where a case number stands on its way to Visma."""

    WAITING = "waiting"  # to be written
    WRITTEN = "written"
    REFUSED = "refused"  # Visma said no, and a person is asked


@dataclass(frozen=True, slots=True)
class NumberAnswer:
    """The answer for one case number; `code` and `note` are Visma's words, both "" for WRITTEN."""

    invoice_no: str
    verdict: NumberVerdict
    code: str
    note: str


class TransactionKind(StrEnum):
    """What happened to an invoice in Visma."""

    PAYMENT = "payment"
    CREDIT_NOTE = "credit_note"
    CORRECTION = "correction"
    WRITE_OFF = "write_off"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True)
class LedgerTransaction:
    """A line on a transferred invoice, as Visma has it: debit positive, so a payment is negative. Ours come too.

    `voucher_type`, `registrar` and `reference` are "" where the installation does not tell. The same `transaction_id`
    may come again, with another amount too: it is for the caller to compare with what it has applied.
    """

    transaction_id: str
    voucher_no: str
    line: int
    voucher_type: str
    registrar: str
    reference: str
    day: date
    amount: Money
    kind: TransactionKind
    invoice_no: str
    text: str


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """A page of transactions; `next_page` is "" on the last, which alone has the `cursor` to ask from next time."""

    transactions: tuple[LedgerTransaction, ...]
    next_page: str
    cursor: str


@dataclass(frozen=True, slots=True)
class InvoiceBalance:
    """How an invoice stands in Visma. `collection_mark`: it is marked as with us; `case_no` is "" if none is written."""

    invoice_no: str
    open_amount: Money
    collection_mark: bool
    case_no: str
