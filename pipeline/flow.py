"""THE PAGE: each stage, what wakes it, who decides, what it may send, its queue, its shell, its patience.

Read it from the top: that is the way of a payment. Events that no stage sends come from the door, the clock or a person.
"""

from pipeline import (
    allocation,
    conversion,
    intake,
    ledger_payments,
    matching,
    numbering,
    opening,
    posting,
    reconciliation,
)
from pipeline.stage import PATIENT, PROMPT, Shell, Stage
from schemas.events import (
    CaseChanged,
    CasesOpened,
    Compared,
    ControlDue,
    ConversionChecked,
    ConversionRequested,
    CursorRefused,
    FetchDue,
    FileLanded,
    FileRefused,
    FileSettled,
    ImportDue,
    InquiryAsked,
    InvoiceParked,
    NumbersAsked,
    NumbersWritten,
    OriginalConcluded,
    PartReady,
    PaymentAssigned,
    PaymentParked,
    PaymentsReceived,
    PaymentsReleased,
    RestDue,
    RetriesAsked,
    RetryAsked,
    TransactionParked,
    VoucherAbsent,
    VoucherDelivered,
    VoucherInDoubt,
    VoucherRefused,
    VouchersApproved,
    VoucherVoided,
)

INSIDE, OUTSIDE = Shell.INSIDE, Shell.OUTSIDE
_ACCEPT = (intake.held, intake.before_cut_over, intake.accept)
_MATCH = (matching.match, matching.original, allocation.settle)
_CONCLUDED = (VoucherDelivered, VoucherInDoubt, VoucherRefused, VoucherAbsent, OriginalConcluded, FetchDue)

# fmt: off
FLOW = (
    #     name        wakes on                                          decides               may send                                        queue       shell
    Stage("read",     (FileLanded,),                                    _ACCEPT,              (PaymentsReceived, PaymentParked, FileRefused, FileSettled), "files", INSIDE, PROMPT),
    Stage("settle",   (PaymentsReceived, PaymentsReleased),             _MATCH,               (PaymentParked, FileSettled, OriginalConcluded), "payments", INSIDE, PROMPT),
    Stage("resettle", (CaseChanged, CasesOpened, PaymentAssigned, VoucherVoided, OriginalConcluded), _MATCH, (PaymentParked, OriginalConcluded), "payments", INSIDE, PROMPT),
    Stage("propose",  (FileSettled, RestDue),                           (posting.cut,),       (PartReady,),                                   "vouchers", INSIDE, PROMPT),
    Stage("approve",  (PartReady,),                                     (posting.approve,),   (VouchersApproved,),                            "vouchers", INSIDE, PROMPT),
    Stage("retry",    (RetriesAsked,),                                  (posting.retries,),   (RetryAsked, RetriesAsked),                     "vouchers", INSIDE, PROMPT),
    Stage("deliver",  (VouchersApproved, VoucherAbsent, RetryAsked),    (posting.concluded, posting.next_open), (*_CONCLUDED, VoucherVoided, PartReady),                                     "delivery", OUTSIDE, PATIENT),
    Stage("inquire",  (VoucherInDoubt, InquiryAsked),                   (posting.inquired,),  _CONCLUDED,                                     "delivery", OUTSIDE, PATIENT),
    Stage("import",   (ImportDue,),                                     (opening.weigh, opening.open_case), (CasesOpened, NumbersAsked, InvoiceParked),     "delivery", OUTSIDE, PATIENT),
    Stage("number",   (NumbersAsked,),                                  (numbering.conclude,), (NumbersWritten, InvoiceParked),               "delivery", OUTSIDE, PATIENT),
    Stage("fetch",    (FetchDue,),                                      (ledger_payments.apply,), (CaseChanged, TransactionParked, InquiryAsked, CursorRefused), "delivery", OUTSIDE, PATIENT),
    Stage("control",  (ControlDue,),                                    (reconciliation.compare,), (Compared,),                                "delivery", OUTSIDE, PATIENT),
    Stage("convert",  (ConversionRequested, ConversionChecked),         (conversion.link,),   (ConversionRequested, ConversionChecked, NumbersAsked, FetchDue), "delivery", OUTSIDE, PATIENT),
)
# fmt: on

QUEUES = tuple(dict.fromkeys(stage.queue for stage in FLOW))


def stage_of(name: str) -> Stage:
    """Find a stage by its name; raises KeyError for a name that is not on the page."""
    return _BY_NAME[name]


def woken_by(event: type) -> tuple[Stage, ...]:
    """Say which stages an event wakes."""
    return tuple(stage for stage in FLOW if event in stage.wakes_on)


_BY_NAME = {stage.name: stage for stage in FLOW}
