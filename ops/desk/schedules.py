"""What runs against Visma by the clock, and a person's word about it: now, not until, not the next time, go on."""

from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, MayGiveReason, Moment, WithReason
from ops.desk.listing import Listing
from ops.desk.words import N_
from ops.repairs import Done, Person, pause, resume, run_now, skip_next


class Until(WithReason):
    """How long it rests, and why."""

    until: Moment = Field(title=N_("Until (by the clock in Norway)"))


def subject_of(name: str) -> str:
    """How a schedule (`import 100`) is called in addresses: its kind, a point, its company."""
    return name.replace(" ", ".", 1)


def name_of(subject: str) -> str:
    """The schedule's name again."""
    return subject.replace(".", " ", 1)


def _of(subject: str) -> tuple[str, str]:
    kind, _, company = subject.partition(".")
    return kind, company


def _run(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return run_now(connection, *_of(subject), person=person)


def _pause(connection: Connection, subject: str, asked: Until, person: Person) -> Done:
    until: datetime = asked.until
    return pause(connection, *_of(subject), until, person=person)


def _skip(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    return skip_next(connection, *_of(subject), person=person)


def _resume(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return resume(connection, *_of(subject), person=person)


LISTINGS: tuple[Listing, ...] = ()
ACTS: tuple[AnyAct, ...] = (
    Act(
        "run", "schedules", "run", N_("Run it now"), MayGiveReason, _run,
        N_("It runs now, also while it is paused; its next run comes as it would."), named=True,
    ),
    Act(
        "pause", "schedules", "pause", N_("Pause it until"), Until, _pause,
        N_("What falls into the pause is not caught up."), named=True,
    ),
    Act("skip", "schedules", "skip", N_("Skip the next run"), WithReason, _skip, N_("The run after it comes as it would."), named=True),
    Act("resume", "schedules", "resume", N_("Let the schedule go on"), MayGiveReason, _resume, N_("Its pause ends, and no run is skipped."), named=True),
)  # fmt: skip
