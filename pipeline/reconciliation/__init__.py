"""The control of KK2 against Visma (kontroll): one voucher, one sum of the bank statement or one invoice at a time."""

from pipeline.reconciliation import invoices, statements, vouchers
from pipeline.reconciliation.facts import (
    Comparison,
    ControlFacts,
    InvoiceFacts,
    OurVoucher,
    Place,
    StatementFacts,
    VoucherFacts,
)

__all__ = [
    "Comparison",
    "ControlFacts",
    "InvoiceFacts",
    "OurVoucher",
    "Place",
    "StatementFacts",
    "VoucherFacts",
    "compare",
]


def compare(facts: ControlFacts) -> Comparison:
    """Say what differs on the two sides of one thing, why that is likely, and what a person should do."""
    match facts:
        case VoucherFacts():
            return vouchers.of(facts)
        case StatementFacts():
            return statements.of(facts)
        case InvoiceFacts():
            return invoices.of(facts)
