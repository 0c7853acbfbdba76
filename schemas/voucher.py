"""A voucher (bilag): balanced by construction, with a reference of ours that goes with it for ever."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from schemas.kid import Kid
from schemas.money import Money, in_kroner
from schemas.wording import counted


class VoucherState(StrEnum):
    """What we know of a voucher. Only the moves in `MOVES` are possible."""

    APPROVED = "approved"  # to be sent
    SENDING = "sending"  # a call is under way, under a lease
    IN_DOUBT = "in_doubt"  # the call ended without an answer: it may be booked
    REFUSED = "refused"  # Visma said no: definitely not booked
    DELIVERED = "delivered"  # Visma has it, with its number
    VOID = "void"  # taken back before it was booked; its splits are free again
    BY_HAND = "by_hand"  # a person posted it in Visma and gave the number


class Discarded(StrEnum):
    """Why a person sends a voucher no more."""

    BOOKED_BY_HAND = "booked_by_hand"  # posted in Visma, under a number of theirs
    DUPLICATE = "duplicate"  # the same money is in another voucher, or in Visma already
    WRONG_MONTH = "wrong_month"  # it belongs to another period
    CUSTOMERS_WISH = "customers_wish"  # the customer asks for it
    OTHER = "other"  # the reason says


IN_SHADOW = "shadow"
"""The number of a voucher that people posted in vouchers of their own, while its company was in shadow mode."""

MOVES: dict[VoucherState, frozenset[VoucherState]] = {
    VoucherState.APPROVED: frozenset({VoucherState.SENDING, VoucherState.VOID, VoucherState.BY_HAND}),
    VoucherState.SENDING: frozenset(
        {VoucherState.DELIVERED, VoucherState.REFUSED, VoucherState.IN_DOUBT, VoucherState.APPROVED}
    ),
    VoucherState.IN_DOUBT: frozenset({VoucherState.DELIVERED, VoucherState.APPROVED, VoucherState.REFUSED}),
    VoucherState.REFUSED: frozenset({VoucherState.APPROVED, VoucherState.VOID, VoucherState.BY_HAND}),
    VoucherState.DELIVERED: frozenset(),
    VoucherState.VOID: frozenset({VoucherState.REFUSED}),
    VoucherState.BY_HAND: frozenset(),
}
"""From each state, the states that may follow. Only knowledge ends doubt: there is no way to void, and to refused only by
Visma's own word.
"""


class LedgerState(StrEnum):
    """What Visma says of a voucher that it has."""

    REGISTERED = "registered"
    APPROVED = "approved"
    POSTED = "posted"
    DELETED = "deleted"


class UnbalancedVoucherError(ValueError):
    """Debits and credits of a voucher differ, or it has no lines. Always our own fault; such a voucher never exists."""


class VoucherLine(NamedTuple):
    """One posting line (kontering). Debit positive, credit negative, whole øre. `text` at most 30 characters."""

    account: str
    text: str
    amount: Money
    tax_code: str
    dimensions: tuple[str, ...]
    customer_no: str
    invoice_no: str
    kid: Kid


@dataclass(frozen=True, slots=True)
class Voucher:
    """What is sent to Visma. Constructing an unbalanced one raises `UnbalancedVoucherError`."""

    reference: str
    company: str
    division: str
    voucher_type: str
    voucher_date: date
    registrar: str
    approve: bool
    text: str
    lines: tuple[VoucherLine, ...]
    total: Money = field(init=False)

    def __post_init__(self) -> None:
        """Prove the balance; `total` is the sum of the debits."""
        difference = sum(line.amount for line in self.lines)
        if not self.lines or difference:
            raise UnbalancedVoucherError(
                f"voucher {self.reference}: {counted(len(self.lines), 'line')}, debits and credits differ by "
                f"{in_kroner(difference)} kr; a voucher must have lines and balance to the øre"
            )
        object.__setattr__(self, "total", sum(line.amount for line in self.lines if line.amount > 0))
