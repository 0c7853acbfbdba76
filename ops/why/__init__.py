"""Why was this payment split like this? From the line in the bank's file to the voucher's number in Visma."""

from ops.why.answer import InterestSum, Order, Origin, Segment, Step, VoucherLineOf, Why
from ops.why.asking import why
from ops.why.printing import as_text

__all__ = ["InterestSum", "Order", "Origin", "Segment", "Step", "VoucherLineOf", "Why", "as_text", "why"]
