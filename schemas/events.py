"""Every event, in the past tense: what happened, with ids and small values only."""

from dataclasses import dataclass

# --- from the door ---


@dataclass(frozen=True, slots=True)
class FileLanded:
    """A bank file is in the archive and has its row."""

    file_id: int


@dataclass(frozen=True, slots=True)
class FileSeenAgain:
    """The bytes of a file came again, under any name."""

    file_id: int
    name: str


@dataclass(frozen=True, slots=True)
class FileRefused:
    """A file could not be read; it stands in quarantine with its reason beside it."""

    file_id: int


# --- a file's way ---


@dataclass(frozen=True, slots=True)
class PaymentsReceived:
    """A slice of a file's payments: positions `first` up to, not including, `until`, in (KID, line) order."""

    file_id: int
    first: int
    until: int


@dataclass(frozen=True, slots=True)
class PaymentsReleased:
    """Payments that were held or parked are free to be matched and settled again."""

    file_id: int
    payment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PaymentParked:
    """A payment waits for a person; its work row says why."""

    payment_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileSettled:
    """Every slice of the file has been settled or parked."""

    file_id: int


# --- cases ---


@dataclass(frozen=True, slots=True)
class CaseChanged:
    """What a case owes was changed: costs, waivers, merges, a step taken back."""

    case_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CasesOpened:
    """New cases; payments may have waited for them."""

    case_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InvoiceParked:
    """An invoice from Visma waits for a person; its work row says why."""

    invoice_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class NumbersAsked:
    """Case numbers of these invoices are to be written in Visma: once more, or of invoices whose case stood before."""

    company: str
    invoice_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NumbersWritten:
    """Visma has the case numbers of these invoices, and marks them as with us."""

    company: str
    invoice_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PaymentAssigned:
    """A person gave a payment to a case."""

    payment_id: int
    case_id: int


# --- the clock ---


@dataclass(frozen=True, slots=True)
class ImportDue:
    """It is time to ask Visma for a company's new invoices for collection."""

    company: str


@dataclass(frozen=True, slots=True)
class FetchDue:
    """It is time to ask Visma for what happened to a company's invoices there."""

    company: str


@dataclass(frozen=True, slots=True)
class ControlDue:
    """It is time to compare a company's cases with Visma."""

    company: str


@dataclass(frozen=True, slots=True)
class RestDue:
    """It is time to propose what no file brought: corrections and repaired payments of a company."""

    company: str


# --- what Visma moved ---


@dataclass(frozen=True, slots=True)
class TransactionParked:
    """A transaction from Visma waits for a person; its work row says why."""

    transaction_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class CursorRefused:
    """Visma did not know the place from which a company's transactions were asked for: all are asked for again."""

    company: str


# --- cases transferred earlier ---


@dataclass(frozen=True, slots=True)
class ConversionRequested:
    """Rows of a conversion, `first` up to, not including, `until`, are to be looked at: before their mark, or after it."""

    conversion_id: int
    first: int
    until: int


@dataclass(frozen=True, slots=True)
class ConversionChecked:
    """Each row of a conversion was compared, and the numbers of those that agree are on their way."""

    conversion_id: int


# --- proposal and vouchers ---


@dataclass(frozen=True, slots=True)
class VoucherPlan:
    """One voucher to be: its posting group, `number` of `of`, and exactly these payments, in (KID, line) order."""

    account: str
    booked_on: str
    statement_ref: str
    number: int
    of: int
    voucher_on: str
    payment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PartReady:
    """Whole vouchers of a company, at most 5,000 payments, cut and allowed. `approved_by` is "policy" or a person."""

    company: str
    vouchers: tuple[VoucherPlan, ...]
    approved_by: str


@dataclass(frozen=True, slots=True)
class VouchersApproved:
    """Vouchers that go to Visma in one call."""

    voucher_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VoucherDelivered:
    """Visma has the voucher, under this number."""

    voucher_id: int
    voucher_no: str


@dataclass(frozen=True, slots=True)
class VoucherInDoubt:
    """A call ended without an answer; the voucher may be booked."""

    voucher_id: int


@dataclass(frozen=True, slots=True)
class VoucherRefused:
    """Visma said no; the voucher is definitely not booked."""

    voucher_id: int


@dataclass(frozen=True, slots=True)
class VoucherAbsent:
    """Visma was asked and does not have the voucher; it is sent again with the same reference."""

    voucher_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """A person wants a refused voucher sent again, as it is."""

    voucher_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RetriesAsked:
    """A person wants the vouchers of a job sent again: those of it whose turn has not come."""

    job_id: int


@dataclass(frozen=True, slots=True)
class InquiryAsked:
    """A person wants Visma asked about a voucher in doubt, or a transaction looks like a line of it."""

    voucher_id: int


@dataclass(frozen=True, slots=True)
class VoucherVoided:
    """A voucher was taken back before it was booked; its splits are free and its cases are settled again."""

    voucher_id: int
    case_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OriginalConcluded:
    """Payments that take back others, and waited for their vouchers to end, may be settled."""

    payment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """A company was held against Visma: what differs stands with the run. `differences`: how many are open."""

    company: str
    run_id: int
    differences: int


@dataclass(frozen=True, slots=True)
class PersonActed:
    """A person's act that makes no work by itself; the audit says the rest."""

    act: str
    subject: str
