"""The control of KK2 against the accounting system (kontroll, avstemming): what may differ, and what is said of it."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.money import Money


class ControlPart(StrEnum):
    """What is held against Visma."""

    VOUCHERS = "vouchers"
    STATEMENT = "statement"
    CASES = "cases"
    SHADOW = "shadow"


class DifferenceKind(StrEnum):
    """How KK2 and Visma differ."""

    # vouchers
    MISSING = "missing"  # delivered, and Visma does not have it under our reference
    DELETED = "deleted"  # a person in Visma deleted it
    ALTERED = "altered"  # another sum or number of lines there
    OTHER_DATE = "other_date"  # another voucher date there
    OTHER_NUMBER = "other_number"  # another voucher number there
    DOUBLE = "double"  # our reference stands there more than once
    NOT_POSTED = "not_posted"  # nobody in Visma has posted it for days
    IN_DOUBT = "in_doubt"  # sending, or in doubt: it may be booked
    BOOKED_THERE = "booked_there"  # not sent, refused or void here, and Visma has it
    STRANGER = "stranger"  # our own reference, that the database does not know
    # sums of the bank statement
    UNBALANCED = "unbalanced"  # vouchers, suspense, parked and waiting money are not the bank's sum
    NOT_IN_VISMA = "not_in_visma"  # what vouchers put on the bank account does not stand in Visma
    WAITS = "waits"  # money of the statement that no voucher has for days
    # invoices of cases
    PAYMENT_UNDER_WAY = "payment_under_way"  # split here, and not yet booked there
    NOT_COUNTED = "not_counted"  # delivered, and Visma does not count it: not posted yet, or taken back there
    VOUCHER_IN_DOUBT = "voucher_in_doubt"  # the difference is the money of vouchers in doubt
    VOUCHER_DIFFERS = "voucher_differs"  # vouchers that Visma has lost, altered or doubled
    CORRECTION_PARKED = "correction_parked"  # fetched, and waits for a person
    CORRECTION_NOT_FETCHED = "correction_not_fetched"  # nothing here explains it: something happened in Visma
    WAIVED_HERE = "waived_here"  # let go in KK2, and open in Visma
    MARK_MISSING = "mark_missing"  # not marked as with us, or without our case number
    OTHER_CASE_NUMBER = "other_case_number"  # another case number than ours
    UNKNOWN_INVOICE = "unknown_invoice"  # Visma does not know the invoice
    # days in shadow mode
    OTHERWISE_POSTED = "otherwise_posted"  # people posted other sums by hand than we would have


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not alike on both sides. `subject` names it the same in each run: `voucher 17`, `invoice 70001`.

    `ours`, `theirs`: øre, or words where it is no amount; None where that side has nothing. `cause`: the likely one, with
    the rows that it names. `act`: what a person should do.
    """

    part: ControlPart
    kind: DifferenceKind
    subject: str
    ours: Money | str | None
    theirs: Money | str | None
    cause: str
    act: str
