"""The posting proposal (bokføringsforslag): where it is cut, what its vouchers say, what became of them in Visma."""

from pipeline.posting.approving import PartFacts, PaymentPosting, SplitPosting, VoucherFacts, approve
from pipeline.posting.concluding import (
    UNSENT,
    AnswerFacts,
    Conclusion,
    InquiryFacts,
    concluded,
    inquired,
    next_open,
)
from pipeline.posting.cutting import Cut, CutFacts, Group, VoucherSum, cut
from pipeline.posting.retrying import Retries, RetryFacts, retries

__all__ = [
    "UNSENT",
    "AnswerFacts",
    "Conclusion",
    "Cut",
    "CutFacts",
    "Group",
    "InquiryFacts",
    "PartFacts",
    "PaymentPosting",
    "Retries",
    "RetryFacts",
    "SplitPosting",
    "VoucherFacts",
    "VoucherSum",
    "approve",
    "concluded",
    "cut",
    "inquired",
    "next_open",
    "retries",
]
