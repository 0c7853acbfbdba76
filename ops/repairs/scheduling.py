"""Run something of the clock's now, pause it until a time, skip its next run, or let it go on."""

from datetime import datetime

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_company, need_reason
from pipeline.schedules import ScheduleFacts, upcoming
from schemas.schedule import OSLO
from workers.clock import BALANCE, CLOCKED
from workers.store import schedules as schedule_store


def run_now(connection: Connection, kind: str, company: str, *, person: Person) -> Done:
    """Run it now, also while it is paused. A slot that was missed is made up for by this; the next one comes as it would."""
    if _name(connection, kind, company) == BALANCE:
        raise Refusal("the money check runs at once with kk2 balance; its slots are the guard's")
    name, now, facts = _turn(connection, kind, company)
    if facts.busy:
        raise Refusal(f"schedule {name} runs already, since its slot of {_told(facts.taken)}")
    schedule_store.take(connection, name, now)
    rings = leave(connection, person, "run", f"schedule {name}", {}, [CLOCKED[kind].event(company)])
    schedule_store.name_event(connection, name, now, rings[0].work_id)
    return Done(rings, f"schedule {name} runs now")


def pause(connection: Connection, kind: str, company: str, until: datetime, *, person: Person) -> Done:
    """Let it rest until a time; what falls before then is not caught up. A second pause takes the place of the first."""
    need_reason(person, "to pause a schedule")
    name, now, facts = _turn(connection, kind, company)
    if until <= now:
        raise Refusal(f"{_told(until)} has passed; a pause ends later than now")
    if facts.resumes == until:
        raise Refusal(f"schedule {name} is paused until {_told(until)} already")
    connection.execute(
        text("UPDATE schedule SET paused_until = :until, paused_by = :actor WHERE name = :name"),
        {"until": until, "actor": person.actor, "name": name},
    )
    rings = leave(connection, person, "pause", f"schedule {name}", {"until": until.isoformat()}, [])
    return Done(rings, f"schedule {name} is paused until {_told(until)}")


def skip_next(connection: Connection, kind: str, company: str, *, person: Person) -> Done:
    """Let the next slot pass without anything; the one after it runs."""
    need_reason(person, "to skip a run")
    name, _, facts = _turn(connection, kind, company)
    if facts.skips:
        raise Refusal(f"schedule {name} skips {_told(facts.skip)} already")
    slot = upcoming(facts)
    if slot is None:
        raise Refusal(f"schedule {name} has no next run; kk2 schedule list shows its times")
    connection.execute(
        text("UPDATE schedule SET skip_slot = :slot, skipped_by = :actor WHERE name = :name"),
        {"slot": slot, "actor": person.actor, "name": name},
    )
    rings = leave(connection, person, "skip", f"schedule {name}", {"slot": slot.isoformat()}, [])
    return Done(rings, f"schedule {name} skips {_told(slot)}")


def resume(connection: Connection, kind: str, company: str, *, person: Person) -> Done:
    """End its pause and take back its skip; what fell into the pause is not caught up, for which there is `run_now`."""
    name, now, facts = _turn(connection, kind, company)
    paused = facts.resumes is not None and facts.resumes > now
    if not paused and not facts.skips:
        raise Refusal(f"schedule {name} is neither paused nor does it skip a run")
    connection.execute(
        text(
            "UPDATE schedule SET paused_until = CASE WHEN paused_until > :now THEN :now ELSE paused_until END, "
            "skip_slot = NULL WHERE name = :name"
        ),
        {"now": now, "name": name},
    )
    rings = leave(connection, person, "resume", f"schedule {name}", {}, [])
    return Done(rings, f"schedule {name} goes on")


def _name(connection: Connection, kind: str, company: str) -> str:
    if kind == BALANCE:
        if company:
            raise Refusal("the money check is of the whole site: name no company")
        return BALANCE
    if kind not in CLOCKED:
        raise Refusal(f"there is no schedule {kind}; there are {', '.join((*CLOCKED, BALANCE))}")
    if not company:
        raise Refusal(f"{kind} runs for each company: name one")
    need_company(connection, company)
    return CLOCKED[kind].of(company)


def _turn(connection: Connection, kind: str, company: str) -> tuple[str, datetime, ScheduleFacts]:
    """The schedule's name, the moment, and how it stands, while no beat and nobody else is at it."""
    name = _name(connection, kind, company)
    now = schedule_store.take_turn(connection)
    schedule_store.begin(connection, name, now)
    return name, now, schedule_store.standing(connection)[name]


def _told(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(OSLO):%Y-%m-%d at %H:%M}"
