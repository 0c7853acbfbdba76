"""Rules of payers: what a clerk says of one that is proposed, and of one that is on."""

from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, WithReason, simply
from ops.desk.listing import Listing
from ops.desk.words import N_
from ops.repairs import Done, Person, rules
from workers.settings import settings


def _on(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    return rules.switch_on(connection, int(subject), settings, person=person)


def _down(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    return rules.turn_down(connection, int(subject), settings, person=person)


LISTINGS: tuple[Listing, ...] = ()
ACTS: tuple[AnyAct, ...] = (
    Act(
        "rule on", "payers", "switch-on", N_("Switch the rule on"), WithReason, _on,
        N_("What this payer sends from now on, and no KID finds a case for, goes to the case while it is open."),
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
