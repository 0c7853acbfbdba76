"""What a bank file says: notes, faults, transmissions, assignments and payments, one by one or in columns."""

from schemas.bank.columns import BATCH_LIMIT, PaymentBatch, PaymentRow
from schemas.bank.file import Assignment, Columns, Fault, Note, Transmission, passes_account_control
from schemas.bank.listed import PaymentList
from schemas.bank.payment import BankReference, KidShare, Payment, canonical

__all__ = [
    "BATCH_LIMIT",
    "Assignment",
    "BankReference",
    "Columns",
    "Fault",
    "KidShare",
    "Note",
    "Payment",
    "PaymentBatch",
    "PaymentList",
    "PaymentRow",
    "Transmission",
    "canonical",
    "passes_account_control",
]
