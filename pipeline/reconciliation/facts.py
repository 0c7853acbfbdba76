"""What the control must know of one voucher, one sum of the bank statement, or one invoice, and what it decides."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.control import Difference
from schemas.money import Money
from schemas.transfer import InvoiceBalance, LedgerVoucher
from schemas.voucher import LedgerState, VoucherState


@dataclass(frozen=True, slots=True)
class OurVoucher:
    """A voucher of ours as the database has it. `delivered_on` is None where Visma never said that it has it."""

    id: int
    reference: str
    company: str
    state: VoucherState
    voucher_no: str
    voucher_on: date
    total: Money
    lines: int
    delivered_on: date | None

    @property
    def subject(self) -> str:
        """How a difference names it."""
        return f"voucher {self.id} ({self.reference})"


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """A reference with our voucher of it, None where we have none, and all that Visma has under it.

    `elsewhere`: our voucher of that reference where Visma has it in another company, type or registrar than ours.
    `patience`: so many bank days after delivery a voucher must be posted.
    """

    reference: str
    ours: OurVoucher | None
    elsewhere: int | None
    theirs: tuple[LedgerVoucher, ...]
    today: date
    patience: int

    @property
    def alive(self) -> tuple[LedgerVoucher, ...]:
        """What Visma has under the reference and has not deleted; the one with our number first."""
        number = self.ours.voucher_no if self.ours else ""
        alive = [each for each in self.theirs if each.state is not LedgerState.DELETED]
        return tuple(sorted(alive, key=lambda each: each.voucher_no != number))


class Place(StrEnum):
    """Where money stands that no voucher in Visma has. The text is what a person reads."""

    PROPOSAL = "in the proposal"
    WAITING = "waiting to be matched"
    PARKED = "parked"
    HELD = "held"
    REFUSED = "refused by a person"
    KNOWN = "known from before"
    APPROVED = "in vouchers to be sent"
    SENDING = "in vouchers that are being sent"
    IN_DOUBT = "in vouchers in doubt"
    VOUCHER_REFUSED = "in vouchers that Visma refused"

    @property
    def act(self) -> str:
        """What a person does about money that stays there."""
        return _ACTS[self]


_ACTS = {
    Place.PROPOSAL: "approve the proposal: kk2 proposal list",
    Place.WAITING: "see why its slice is not done: kk2 work list",
    Place.PARKED: "close it: kk2 payment list --state parked",
    Place.HELD: "release or refuse it: kk2 payment list --state held",
    Place.REFUSED: "book it in Visma by hand, and explain the difference",
    Place.KNOWN: "see that it was booked in Visma by hand, and explain the difference",
    Place.APPROVED: "see what holds the voucher back: kk2 voucher list --state approved",
    Place.SENDING: "see how the call ended: kk2 voucher list --state sending",
    Place.IN_DOUBT: "end the doubt: kk2 voucher list --state in_doubt",
    Place.VOUCHER_REFUSED: "correct and retry: kk2 voucher list --state refused",
}


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """A sum of the bank statement (samlepost): the payments that it is, and where their money stands, all signed.

    `booked`: on the bank account by vouchers that are delivered or posted by hand, of which `suspense` is without a case
    yet. `in_visma`: the same as Visma has it, None where it can't tell; `lacking` names the vouchers that differ there.
    """

    subject: str
    booked_on: date
    payments: Money
    booked: Money
    suspense: Money
    elsewhere: tuple[tuple[Place, Money], ...]
    in_visma: Money | None
    lacking: tuple[str, ...]
    today: date
    patience: int


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An invoice of a case, and how it stands in Visma; `theirs` is None where Visma does not know it.

    Amounts in øre, of this invoice's principal. `paid`: all live splits. Of them are in vouchers that may not be in
    Visma: `under_way` (in the proposal, to be sent or refused), `in_doubt`, `unposted` (delivered, not yet posted there),
    `gone` (delivered, and missing or deleted there). `suspects` names its vouchers that are missing,
    deleted, altered or doubled there. `moved`: what Visma's transactions moved, debit positive;
    `parked`: of those that wait for a person; `aside`: those that were set aside, or may be our own voucher in doubt.
    `written_off`: what Visma wrote off, as a positive
    amount. `rows` names payments and vouchers under way. `number_state` as the invoice's row has it, "" without a row.
    """

    case_id: int
    invoice_no: str
    case_no: str
    amount: Money
    waived: Money
    written_off: Money
    paid: Money
    moved: Money
    parked: Money
    aside: Money
    under_way: Money
    in_doubt: Money
    unposted: Money
    gone: Money
    suspects: tuple[str, ...]
    rows: tuple[str, ...]
    number_state: str
    number_note: str
    theirs: InvoiceBalance | None

    @property
    def subject(self) -> str:
        """How a difference names it."""
        return f"invoice {self.invoice_no} of case {self.case_no}"


ControlFacts = VoucherFacts | StatementFacts | InvoiceFacts
"""One thing that stands on both sides."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and, in sentences, what Visma could not tell."""

    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]
