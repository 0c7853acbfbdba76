"""Whether a file that was read may go on, and which of its payments look as if they were received before."""

from dataclasses import dataclass
from datetime import date

from pipeline.stage import Park, Reason
from schemas.wording import counted


@dataclass(frozen=True, slots=True)
class AcceptFacts:
    """A whole, proven file: its number of payments, how many are held, and each account with the company that has it.

    `told`: how many more are held because files of another format told them already.
    """

    payments: int
    held: int
    told: int
    accounts: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The file goes on. Payments to `unknown_accounts` are stored and will park, each by itself."""

    held: int
    unknown_accounts: tuple[str, ...]


def accept(facts: AcceptFacts) -> Accepted | Park:
    """Take the file in, or hold it whole: with more than half of it alike to earlier payments it is a file seen before.

    Of money that another format told, each payment is held by itself, for this file may have more; but not if it has not.
    """
    if facts.told and facts.held + facts.told == facts.payments:
        told = f"all of the file's {counted(facts.payments, 'payment')} came before, {facts.told} of them in another format"
        return Park(
            Reason.FILE_HELD, f"{told}. Does the bank send them in both? Refuse the file, or release it"
        )
    if 2 * facts.held > facts.payments:
        alike = f"alike to payments of earlier files: {facts.held} of the file's {counted(facts.payments, 'payment')}"
        return Park(Reason.FILE_HELD, f"{alike}. Has the bank sent them twice? Release or refuse the file")
    return Accepted(
        facts.held + facts.told, tuple(account for account, company in facts.accounts if company is None)
    )


def held(ordinal: int, alike_in_earlier_files: int) -> Park | None:
    """Hold the `ordinal`-th (from 1) of the payments alike in a new file that may have come before.

    Two alike in one file are two payments; the n-th is doubtful when n or more alike came in earlier accepted files.
    """
    if alike_in_earlier_files < ordinal:
        return None
    alike = f"number {ordinal} of the payments alike in this file, and {alike_in_earlier_files} alike came in earlier files"
    return Park(Reason.HELD_TWIN, f"{alike}: release or refuse it")


def held_as_told(ordinal: int, told: int) -> Park | None:
    """Hold the `ordinal`-th (from 1) of the payments of one account, day, KID and amount in a new file.

    Files of another format tell `told` such payments: a bank that sends an account's money in two formats says it twice.
    """
    if told < ordinal:
        return None
    alike = f"number {ordinal} of the payments of this day, KID and amount, and {told} came in another format"
    return Park(Reason.HELD_TWIN, f"{alike}: refuse it if it is the same money, else release it")


def before_cut_over(booked_on: date, cut_over: date | None) -> Park | None:
    """Park a payment that was booked by hand: before the day from which its account is ours, where it has one."""
    if cut_over is None or booked_on >= cut_over:
        return None
    note = f"booked on {booked_on}, and the account is ours from {cut_over}: refuse it, or release it if nobody booked it"
    return Park(Reason.BEFORE_CUT_OVER, note)
