"""What a clerk says of a payment beside where it goes: not this case, and the order that the debtor chose."""

from enum import StrEnum

from pydantic import Field
from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, CaseNo, MayGiveReason, WithReason, case_id
from ops.desk.listing import Listing
from ops.desk.words import N_
from ops.repairs import Done, Person, payments, reject_suggestion
from schemas.case import Kind


class Part(StrEnum):
    """What a payment may cover."""

    PRINCIPAL = "principal"
    COSTS = "costs"
    FEE = "fee"
    INTEREST = "interest"


class NotThis(MayGiveReason):
    """The case that a payment is not for."""

    case: CaseNo = Field(title=N_("Case"))


class InOrder(WithReason):
    """The four parts in the order in which a payment covers them."""

    first: Part = Field(title=N_("First"))
    second: Part = Field(title=N_("Second"))
    third: Part = Field(title=N_("Third"))
    fourth: Part = Field(title=N_("Fourth"))


def _reject(connection: Connection, subject: str, asked: NotThis, person: Person) -> Done:
    return reject_suggestion(connection, int(subject), case_id(connection, asked.case), person=person)


def _order(connection: Connection, subject: str, asked: InOrder, person: Person) -> Done:
    parts = (asked.first, asked.second, asked.third, asked.fourth)
    kinds = tuple(Kind[part.upper()] for part in parts)
    return payments.choose_order(connection, int(subject), kinds, person=person)


LISTINGS: tuple[Listing, ...] = ()
ACTS: tuple[AnyAct, ...] = (
    Act(
        "reject suggestion", "payments", "reject-suggestion", N_("Not this case"), NotThis, _reject,
        N_("The case is not suggested for this payment again."),
    ),
    Act(
        "choose order", "payments", "order", N_("The debtor's own order"), InOrder, _order,
        N_("For this payment only. Its case is split anew, and what was posted is corrected by the next voucher."),
    ),
)  # fmt: skip
