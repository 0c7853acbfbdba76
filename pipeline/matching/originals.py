"""Which payment a reversal or a credit note takes back, found by KID, account and amount."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.stage import Park, Reason
from schemas.kid import Kid
from schemas.money import Money, in_kroner
from schemas.voucher import VoucherState


class OriginalState(StrEnum):
    """How far the original has come."""

    WAITING = "waiting"  # not settled yet: its slice is still to come
    PARKED = "parked"  # parked or held
    FREE = "free"  # settled, and no voucher has taken it: both cancel in the proposal
    UNDER_WAY = "under_way"  # in a voucher that is not concluded
    DELIVERED = "delivered"  # in Visma: mirror lines


def state_of(voucher: VoucherState | None) -> OriginalState:
    """How far a settled payment has come, by the voucher that took it, None for none."""
    if voucher is None or voucher is VoucherState.VOID:
        return OriginalState.FREE
    if voucher is VoucherState.DELIVERED or voucher is VoucherState.BY_HAND:
        return OriginalState.DELIVERED
    return OriginalState.UNDER_WAY


@dataclass(frozen=True, slots=True)
class OriginalCandidate:
    """A payment with the reversal's KID and account and the opposite amount. `taken_back`: by another reversal."""

    payment_id: int
    state: OriginalState
    taken_back: bool


@dataclass(frozen=True, slots=True)
class OriginalFacts:
    """A reversal (tilbakeføring) or credit note (kreditnota): `amount` is negative."""

    amount: Money
    kid: Kid | None
    account: str
    candidates: tuple[OriginalCandidate, ...]


@dataclass(frozen=True, slots=True)
class TakesBack:
    """The payment that is taken back; its case is the reversal's case."""

    payment_id: int


def original(facts: OriginalFacts) -> TakesBack | Park:
    """Find the one payment that can be taken back; a part of one, or one of several, is for a person."""
    live = [candidate for candidate in facts.candidates if not candidate.taken_back]
    what = (
        f"{in_kroner(facts.amount)} kr with KID {facts.kid or '(none)'} on account {facts.account} takes back"
    )
    if not live:
        already = " that is not already taken back" if facts.candidates else ""
        note = f"{what} a payment of that whole amount, and there is none{already}: assign it to a case"
        return Park(Reason.ORIGINAL_NOT_FOUND, note)
    if len(live) > 1:
        return Park(Reason.TWO_ORIGINALS, f"{what} one of {len(live)} payments alike: say which")
    found = live[0]
    if found.state is OriginalState.PARKED:
        note = f"{what} payment {found.payment_id}, which is itself parked: close both"
        return Park(Reason.ORIGINAL_PARKED, note)
    if found.state is OriginalState.UNDER_WAY or found.state is OriginalState.WAITING:
        note = f"{what} payment {found.payment_id}, which is under way to Visma: goes on by itself when it is there"
        return Park(Reason.ORIGINAL_UNDER_WAY, note)
    return TakesBack(found.payment_id)
