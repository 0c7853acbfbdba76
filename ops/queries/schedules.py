"""Schedules: when each ran last, with what result, when it runs next, and what people said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from ops.queries.asking import MOST
from pipeline.schedules import ScheduleFacts, upcoming
from schemas.schedule import OSLO
from workers.clock import BALANCE, CLOCKED
from workers.store import schedules as schedule_store

LATE = timedelta(minutes=15)
"""A slot that has been due for so long, and is not taken, is a sign that something stands still."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A slot that was taken. `result`: skipped, waits, works, parked or done.

    `by`: the clock, the guard, or the person who ran it. `why`: for what a parked one waits, or what a money check found if not
    agreement. `seconds`: from the first attempt to
    the end, None before. `work_ids`: what the slot woke.
    """

    slot: datetime
    by: str
    result: str
    why: str
    seconds: float | None
    work_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule. `next` is in the past for one that is late; `busy`: it waits until what its last run woke is done.

    `paused_until`, `skips`: what people said, as far as it still counts.
    """

    name: str
    times: str
    last: RunRow | None
    next: datetime | None
    late: bool
    busy: bool
    paused_until: datetime | None
    paused_by: str
    skips: datetime | None
    skipped_by: str

    @property
    def note(self) -> str:
        """What a person should know of it, by the clock in Norway: it is late and why, paused, or skips a run."""
        said = []
        if self.late and self.next is not None:
            nobody = "no guard has made it" if self.name == BALANCE else "no beat has taken it"
            why = "what its last run woke is not done" if self.busy else nobody
            said.append(f"late: due since {_told(self.next)}, and {why}")
        if self.paused_until is not None:
            said.append(f"paused until {_told(self.paused_until)} by {self.paused_by}")
        if self.skips is not None:
            said.append(f"skips {_told(self.skips)} by {self.skipped_by}")
        return "; ".join(said)


_RUNS = """
SELECT t.name, t.slot, CASE WHEN p.id IS NOT NULL THEN 'guard' ELSE coalesce(j.actor, '') END AS by, w.ids,
    CASE WHEN p.id IS NOT NULL THEN 'done' WHEN t.event_id IS NULL THEN 'skipped' WHEN w.due AND w.started IS NULL THEN 'waits' WHEN w.due THEN 'works'
         WHEN w.parked THEN 'parked' ELSE 'done' END AS result,
    coalesce(w.why, nullif(p.result, 'agrees'), '') AS why,
    CASE WHEN p.id IS NOT NULL THEN p.seconds WHEN NOT w.due AND NOT w.parked THEN extract(epoch FROM w.ended - w.started)::float END AS seconds
FROM ({which}) t LEFT JOIN journal j ON j.id = t.event_id LEFT JOIN proof p ON t.name = :balance AND p.slot = t.slot
LEFT JOIN LATERAL (
    SELECT array_agg(id ORDER BY id) AS ids, bool_or(state = 'due') AS due, bool_or(state = 'parked') AS parked,
        string_agg(DISTINCT reason, ', ') FILTER (WHERE state = 'parked') AS why, max(done_at) AS ended,
        (SELECT min(c.at) FROM claim c WHERE c.work_id = ANY(array_agg(work.id))) AS started
    FROM work WHERE event_id = t.event_id) w ON true
ORDER BY t.slot DESC
"""
_NEWEST = (
    "SELECT n.* FROM schedule s CROSS JOIN LATERAL "
    "(SELECT * FROM schedule_slot WHERE name = s.name ORDER BY slot DESC LIMIT 1) n"
)
_OF_ONE = "SELECT * FROM schedule_slot WHERE name = :name ORDER BY slot DESC LIMIT :most"


def listed(connection: Connection) -> tuple[ScheduleRow, ...]:
    """Each schedule that the clock knows, by its name."""
    now = connection.execute(text("SELECT now()")).scalar_one()
    runs = _runs(connection, _NEWEST, {})
    standing = schedule_store.standing(connection)
    rows = connection.execute(text("SELECT name, times, paused_by, skipped_by FROM schedule ORDER BY name"))
    return tuple(
        _row(row.name, row.times, row.paused_by, row.skipped_by, standing[row.name], next(iter(runs.get(row.name, [])), None), now)
        for row in rows
        if row.name.partition(" ")[0] in (*CLOCKED, BALANCE)
    )  # fmt: skip


def shown(connection: Connection, name: str, most: int = MOST) -> tuple[RunRow, ...]:
    """The slots of one schedule that were taken, the newest first."""
    return tuple(_runs(connection, _OF_ONE, {"name": name, "most": most}).get(name, ()))


def _row(
    name: str,
    times: str,
    paused_by: str,
    skipped_by: str,
    facts: ScheduleFacts,
    last: RunRow | None,
    now: datetime,
) -> ScheduleRow:
    comes = upcoming(facts)
    paused = facts.resumes if facts.resumes is not None and facts.resumes > now else None
    return ScheduleRow(
        name=name,
        times=times,
        last=last,
        next=comes,
        late=comes is not None and comes < now - LATE,
        busy=facts.busy,
        paused_until=paused,
        paused_by=paused_by if paused else "",
        skips=facts.skip if facts.skips else None,
        skipped_by=skipped_by if facts.skips else "",
    )


def _runs(connection: Connection, which: str, values: Mapping[str, object]) -> dict[str, list[RunRow]]:
    found: dict[str, list[RunRow]] = {}
    for row in connection.execute(text(_RUNS.format(which=which)), {**values, "balance": BALANCE}):
        run = RunRow(row.slot.astimezone(UTC), row.by, row.result, row.why, row.seconds, tuple(row.ids or ()))
        found.setdefault(row.name, []).append(run)
    return found


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(OSLO):%Y-%m-%d %H:%M}"
