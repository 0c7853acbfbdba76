"""Rules of payers: what a clerk says of one that is proposed, and of one that is on."""

from pydantic import Field
from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, Kroner, MayGiveReason, WithReason, simply
from ops.desk.listing import Listing
from ops.desk.words import N_
from ops.repairs import Done, Person, rules
from workers.settings import settings


class ReleaseParked(MayGiveReason):
    """What was shown to wait: how many payments, and how much."""

    payments: int = Field(title=N_("Payments"), ge=1, le=2_000_000_000)
    amount: Kroner = Field(title=N_("Kroner"), ge=1, le=10**15)


def _on(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    return rules.switch_on(connection, int(subject), settings, person=person)


def _down(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    return rules.turn_down(connection, int(subject), settings, person=person)


def _release(connection: Connection, subject: str, asked: ReleaseParked, person: Person) -> Done:
    return rules.release_parked(connection, int(subject), asked.payments, asked.amount, person=person)


LISTINGS: tuple[Listing, ...] = ()
ACTS: tuple[AnyAct, ...] = (
    Act(
        "rule on", "payers", "switch-on", N_("Switch the rule on"), WithReason, _on,
        N_("What this payer sends from now on, and no KID finds a case for, goes to the case while it is open."),
        then="/rules/{made}",
    ),
    Act(
        "release", "rules", "release", N_("Release what waits"), ReleaseParked, _release,
        N_("The payments are matched anew, and the rule sends them to its case."),
    ),
    Act(
        "rule off", "payers", "turn-down", N_("This is no rule"), WithReason, _down,
        N_("It is proposed again only after as many new payments were given to one case."), grave=True,
    ),
    Act(
        "rule off", "rules", "switch-off", N_("Switch the rule off"), WithReason, simply(rules.switch_off),
        N_("What the payer sends waits for a person again. What the rule sent stays where it is."), grave=True,
    ),
)  # fmt: skip
