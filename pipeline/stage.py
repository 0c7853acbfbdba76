"""What a stage is, how it says no, and when it is tried again."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Shell(StrEnum):
    """How a stage is run."""

    INSIDE = "inside"  # claim, load, decide, save: one transaction
    OUTSIDE = "outside"  # commit attempt and lease; call, no transaction open; decide on the answer; commit


class Reason(StrEnum):
    """Why a piece of work waits for a person. Each has a repair in the command line; `kk2` prints it beside the reason."""

    # a payment
    UNKNOWN_ACCOUNT = "unknown_account"  # no company has the account: set it up, then release
    UNKNOWN_KID = "unknown_kid"  # no case has the KID: assign to a case
    FAILING_KID = "failing_kid"  # the KID fails its control and no case has it: assign
    BLANK_KID = "blank_kid"  # the payment has no KID: assign
    TWO_CASES = "two_cases"  # cases of two clients, or two cases, have the KID: assign
    SEVERAL_KIDS = "several_kids"  # one payment for several cases, and not told how much each has: share it
    CASE_PAID = "case_paid"  # nothing is owed on the case: refund or assign
    CASE_RECALLED = "case_recalled"  # the client took the claim back: refund or assign
    TAKEN_OFF = "taken_off"  # a person took it off its case: assign, release or refuse
    ORIGINAL_NOT_FOUND = "original_not_found"  # a reversal or credit note of a payment we don't have: assign
    TWO_ORIGINALS = "two_originals"  # a reversal that fits several payments: assign
    ORIGINAL_PARKED = "original_parked"  # takes back a payment that is itself parked: close both
    ORIGINAL_UNDER_WAY = (
        "original_under_way"  # takes back a payment whose voucher is on its way: frees itself
    )
    HELD_TWIN = "held_twin"  # as many alike stand in earlier files: release or refuse
    BEFORE_CUT_OVER = (
        "before_cut_over"  # booked by hand before the account's cut-over date: refuse, or release
    )
    # a file
    FILE_HELD = "file_held"  # more than half of it is held: release or refuse the file
    UNREADABLE = "unreadable"  # the file was refused by its reader: get it again from the bank
    # a proposal
    ABOVE_VOUCHER_LIMIT = "above_voucher_limit"  # a person approves
    ABOVE_DAY_LIMIT = "above_day_limit"  # a person approves
    FILE_UNUSUAL = "file_unusual"  # large, and over five times the usual file: a person approves
    NOTHING_MATCHED = (
        "nothing_matched"  # not one payment of the file found a case: a person looks and approves
    )
    HELD_IN_FILE = "held_in_file"  # a payment of the file is held: release or refuse it first
    NO_AUTO_APPROVE = "no_auto_approve"  # the company's setup wants a person
    SENT_BACK = "sent_back"  # a person sent it back with a reason: correct, then take it up
    NO_SETUP = "no_setup"  # no row of the setup is valid on the day: apply one, then try again
    # a voucher
    REFUSED = "refused"  # Visma refused it: correct and retry, or discard
    PERIOD_CLOSED = "period_closed"  # the period is closed in Visma: open it and retry, or void
    IN_DOUBT = (
        "in_doubt"  # may be booked, and this Visma can't be asked: look, then confirm or declare absent
    )
    REFERENCE_CLASH = (
        "reference_clash"  # Visma has our reference with another total: look before anything else
    )
    # an invoice from Visma
    WRONG_AMOUNT = "wrong_amount"  # nothing is owed on it, or less than nothing: have it put right in Visma
    IN_A_CASE = (
        "in_a_case"  # a case has it already, otherwise than Visma tells: convert it, or withdraw the item
    )
    NUMBER_REFUSED = "number_refused"  # Visma will not take the case number: put it right there, then retry
    # a transaction from Visma
    UNKNOWN_INVOICE = "unknown_invoice"  # no case has its invoice: frees itself when the case comes
    HALF_OURS = (
        "half_ours"  # has our voucher type or registrar, and no voucher of ours has it: a person judges
    )
    VOUCHER_UNDER_WAY = (
        "voucher_under_way"  # equals a line of a voucher that has no end yet: frees itself with that voucher
    )
    # any work
    NOT_OFFERED = (
        "not_offered"  # this Visma lacks the operation: say so in the setup, or try again when it has it
    )
    GAVE_UP = "gave_up"  # the world did not answer for too long: try again
    BUG = "bug"  # our own fault: the traceback is kept; try again after an upgrade


@dataclass(frozen=True, slots=True)
class Park:
    """The business says no: `reason` is for machines, `note` is a sentence for a bookkeeper."""

    reason: Reason
    note: str


@dataclass(frozen=True, slots=True)
class Retry:
    """When the world does not answer: the first pause in seconds, its doubling up to `most`, and when to give up."""

    first: float
    most: float
    give_up_after: float

    def pause(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after attempt number `attempt` (1 is the first). `jitter` in 0..1 spreads half of it."""
        pause = min(self.first * 2.0 ** min(attempt - 1, 20), self.most)
        return pause * (0.5 + jitter * 0.5)


PROMPT = Retry(first=1.0, most=60.0, give_up_after=24 * 3600.0)
PATIENT = Retry(first=2.0, most=300.0, give_up_after=72 * 3600.0)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the page: `wakes_on` the events that make work for it, `may_send` the events that it may record."""

    name: str
    wakes_on: tuple[type, ...]
    decides: tuple[Callable[..., object], ...]
    may_send: tuple[type, ...]
    queue: str
    shell: Shell
    retry: Retry
