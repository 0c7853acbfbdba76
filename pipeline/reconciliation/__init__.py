"""The control of KK2 against Visma (kontroll): one voucher, one sum of the bank statement or one invoice at a time."""

from pipeline.reconciliation import days, invoices, statements, vouchers
from pipeline.reconciliation.day_facts import (
    Between,
    DayBalance,
    DayDifference,
    DayFacts,
    DayRow,
    DayVoucher,
    SeenDifference,
)
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
    "Between",
    "Comparison",
    "ControlFacts",
    "DayBalance",
    "DayDifference",
    "DayFacts",
    "DayRow",
    "DayVoucher",
    "InvoiceFacts",
    "OurVoucher",
    "Place",
    "SeenDifference",
    "StatementFacts",
    "VoucherFacts",
    "balance_of_day",
    "compare",
]


def balance_of_day(facts: DayFacts) -> DayBalance:
    """Give the three sums of a day, and what differs between them and where."""
    return days.of(facts)


def compare(facts: ControlFacts) -> Comparison:
    """Say what differs on the two sides of one thing, why that is likely, and what a person should do."""
    match facts:
        case VoucherFacts():
            return vouchers.of(facts)
        case StatementFacts():
            return statements.of(facts)
        case InvoiceFacts():
            return invoices.of(facts)
