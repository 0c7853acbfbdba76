"""What a clerk does with money that is on the wrong case, or belongs back at its payer; and notes."""

from datetime import date

from pydantic import Field
from sqlalchemy import Connection

from ops import repairs
from ops.desk.acting import (
    Act,
    AnyAct,
    CaseNo,
    Kroner,
    LongText,
    MayGiveReason,
    Wanted,
    WithReason,
    case_id,
    simply,
)
from ops.desk.listing import Listing
from ops.desk.words import N_
from ops.repairs import Done, Person, Refusal


class Shares(MayGiveReason):
    """Two to four cases, each with its share."""

    case: CaseNo = Field(title=N_("Case"))
    kroner: Kroner = Field(title=N_("Kroner"))
    second_case: CaseNo = Field(title=N_("Second case"))
    second_kroner: Kroner = Field(title=N_("Kroner of the second"))
    third_case: CaseNo | None = Field(None, title=N_("Third case"))
    third_kroner: Kroner | None = Field(None, title=N_("Kroner of the third"))
    fourth_case: CaseNo | None = Field(None, title=N_("Fourth case"))
    fourth_kroner: Kroner | None = Field(None, title=N_("Kroner of the fourth"))


class Words(Wanted):
    """A note."""

    words: LongText = Field(title=N_("Note"), min_length=1, max_length=2_000)


class Back(WithReason):
    """How much is to go back."""

    amount: Kroner | None = Field(None, title=N_("Kroner (empty: all that can go back)"))


class PaidBack(MayGiveReason):
    """When a refund was paid, and how it is found."""

    paid_on: date = Field(title=N_("Paid on"))
    reference: str = Field(title=N_("Reference of the bank or of Visma"), min_length=1, max_length=100)


def _share_out(connection: Connection, subject: str, asked: Shares, person: Person) -> Done:
    pairs = [
        (asked.case, asked.kroner),
        (asked.second_case, asked.second_kroner),
        (asked.third_case, asked.third_kroner),
        (asked.fourth_case, asked.fourth_kroner),
    ]
    shares = []
    for case, kroner in pairs:
        if (case is None) != (kroner is None):
            raise Refusal("each case needs its share, and each share its case")
        if case is not None and kroner is not None:
            shares.append((case_id(connection, case), kroner))
    return repairs.share_out(connection, int(subject), shares, person=person)


def _comment(connection: Connection, subject: str, asked: Words, person: Person) -> Done:
    return repairs.comment(connection, int(subject), asked.words, person=person)


def _refund(connection: Connection, subject: str, asked: Back, person: Person) -> Done:
    return repairs.propose_refund(connection, int(subject), asked.amount, person=person)


def _refunded(connection: Connection, subject: str, asked: PaidBack, person: Person) -> Done:
    return repairs.refunded(
        connection, int(subject), paid_on=asked.paid_on, reference=asked.reference, person=person
    )


LISTINGS: tuple[Listing, ...] = ()
ACTS: tuple[AnyAct, ...] = (
    Act(
        "share out", "payments", "split", N_("Share it over cases"), Shares, _share_out,
        N_("Together the shares are the payment. What is more than a case owes is an overpayment there."),
    ),
    Act(
        "undo", "payments", "undo", N_("Take it off its case"), WithReason, simply(repairs.undo),
        N_("Back to the proposal: it waits for a person again, and the company's next proposal takes back what was posted."), grave=True,
    ),
    Act(
        "propose refund", "payments", "refund", N_("Propose to pay it back"), Back, _refund,
        N_("It pays and books nothing: it stands on the list of overpayments until it was paid."),
    ),
    Act("comment", "payments", "comment", N_("Note"), Words, _comment, N_("Kept for ever, and in no log.")),
    Act(
        "refunded", "refunds", "paid", N_("It was paid back"), PaidBack, _refunded,
        N_("Visma's people book it: nothing is posted from here."),
    ),
    Act("withdraw refund", "refunds", "withdraw", N_("Not to be paid back"), WithReason, simply(repairs.withdraw_refund), grave=True),
)  # fmt: skip
