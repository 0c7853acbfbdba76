"""What beat's tick does: ask which slots are due and not taken, and record their events. Two ticks at once are harmless."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from pipeline import schedules
from pipeline.flow import woken_by
from schemas.events import ControlDue, FetchDue, ImportDue, RestDue
from schemas.wording import counted
from workers.journal import Ring, record
from workers.relay import beat
from workers.settings import Settings
from workers.shell import Hands
from workers.store import schedules as schedule_store
from workers.store import setup as setup_store
from workers.store import tally
from workers.store.engine import transaction


@dataclass(frozen=True, slots=True)
class Clocked:
    """Something that runs by the clock, for each company. Its times are the setting `schedule_` + its name."""

    name: str
    event: type

    def of(self, company: str) -> str:
        """The name of a company's schedule."""
        return f"{self.name} {company}"


_CLOCKED = (
    Clocked("import", ImportDue),
    Clocked("fetch", FetchDue),
    Clocked("control", ControlDue),
    Clocked("rest", RestDue),
)
CLOCKED = {each.name: each for each in _CLOCKED if woken_by(each.event)}
"""What runs by the clock: all whose event wakes a stage of the page."""
BALANCE = "balance"
"""The schedule of the money check: of the whole site, taken by `kk2 guard` with what the check found, and not by beat."""


def tick(hands: Hands) -> None:
    """Take each slot that is due, once; a missed night is caught up by the next tick."""
    with transaction(hands.engine, "tick") as connection:
        now = schedule_store.take_turn(connection)
        rings = take_due(connection, hands.settings, now)
        beat(connection, "beat", f"{counted(len(rings), 'slot')} taken")
    hands.ringer.ring(rings)
    with transaction(hands.engine, "tick.tally") as connection:
        tally.fold(connection)


def take_due(connection: Connection, site: Settings, now: datetime) -> list[Ring]:
    """Take what is due of every company's schedules at a moment in UTC; gives what to ring for after the commit."""
    companies = sorted(setup_store.current(connection).companies)
    named = {each.of(company): (each, company) for each in CLOCKED.values() for company in companies}
    schedule_store.keep(
        connection, {name: getattr(site, f"schedule_{each.name}") for name, (each, _) in named.items()}, now
    )
    standing = schedule_store.standing(connection)
    rings: list[Ring] = []
    for name, (each, company) in named.items():
        slot = schedules.due(standing[name], now)
        if slot is not None and schedule_store.take(connection, name, slot.at) and not slot.skipped:
            made = record(connection, [each.event(company)], actor="beat")
            schedule_store.name_event(connection, name, slot.at, made[0].work_id)
            rings += made
    return rings
