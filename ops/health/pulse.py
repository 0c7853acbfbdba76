"""How the site is, as the database knows it: who gives signs of life, what waits too long, what is in doubt.

A process is judged by what it has moved. One that says nothing may be dead, or was never started here: unknown is an answer.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text

from ops.queries.schedules import ScheduleRow, listed
from pipeline.flow import FLOW, QUEUES
from schemas.money import Money
from schemas.transfer import UNREAD
from workers.facts.deliveries import STANDS

LATE = {"relay": 60.0, "beat": 120.0, "watch": 300.0, "guard": 180.0}
"""After so many seconds without its rounds a process is late. Beat's are noted by the worker that it wakes."""

IDLE = 60.0
"""Work that was rung for and waits longer, while nothing is claimed of its queue, means that nobody works there."""

DOUBT = 900.0
"""A voucher may be in doubt for so many seconds: the inquiry's pause and some patience."""

LEFT_UNREAD = 4 * 86_400.0
"""A file may lie unread for so many seconds: somebody in Visma reads it, on a working day, by hand."""


class State(StrEnum):
    """How one thing is."""

    WELL = "well"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that was looked at, how it is, and what a person should know or do."""

    name: str
    state: State
    says: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """A process that notes its rounds. `age` in seconds, None if it never did."""

    name: str
    state: State
    at: datetime | None
    age: float | None
    note: str


@dataclass(frozen=True, slots=True)
class QueuePulse:
    """A queue and those who work on it. `oldest`: for how many seconds a row is due; `moved`: when one was last claimed."""

    queue: str
    state: State
    due: int
    oldest: float | None
    moved: datetime | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Vouchers that may be booked: number, sum, for how many seconds the oldest is."""

    vouchers: int
    total: Money
    oldest: float | None
    state: State


@dataclass(frozen=True, slots=True)
class Numbers:
    """Case numbers that Visma has not: those that wait, for over a day among them, and those that it refused."""

    waiting: int
    overdue: int
    refused: int
    state: State

    @property
    def says(self) -> str:
        """All of it in a sentence."""
        late = f", {self.overdue} of them for over a day: kk2 case numbers" if self.overdue else ""
        return f"{self.waiting} wait to be written{late}; Visma refused {self.refused}"


@dataclass(frozen=True, slots=True)
class Braked:
    """Delivery that a person stopped. `until`: when it goes on by itself, None until it is started."""

    scope: str
    actor: str
    since: datetime
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """All of it, of one moment."""

    taken_at: datetime
    pulses: tuple[Pulse, ...]
    queues: tuple[QueuePulse, ...]
    doubt: Doubt
    numbers: Numbers
    brakes: tuple[Braked, ...]
    schedules: tuple[ScheduleRow, ...]
    last_file: datetime | None
    last_delivery: datetime | None

    @property
    def state(self) -> State:
        """The worst of its parts. Parked money, brakes and pauses are people's business and make nothing bad."""
        states = (
            {p.state for p in self.pulses}
            | {q.state for q in self.queues}
            | {self.doubt.state, self.numbers.state}
        )
        states |= {State.BAD for schedule in self.schedules if schedule.late}
        return next((s for s in (State.BAD, State.UNKNOWN) if s in states), State.WELL)


def health(connection: Connection) -> Health:
    """Look once."""
    taken_at = connection.execute(text("SELECT now()")).scalar_one()
    last = connection.execute(
        text(
            "SELECT (SELECT max(landed_at) FROM bank_file) AS file, (SELECT max(delivered_at) FROM voucher) AS delivery"
        )
    ).one()
    brakes = connection.execute(
        text(f"SELECT scope, actor, since, reason, until FROM brake WHERE {STANDS} ORDER BY scope")
    )
    return Health(
        taken_at,
        pulses(connection),
        progress(connection, idle=IDLE),
        _doubt(connection),
        _numbers(connection),
        tuple(Braked(*row) for row in brakes),
        listed(connection),
        last.file,
        last.delivery,
    )


def pulses(connection: Connection) -> tuple[Pulse, ...]:
    """The processes that must give signs of life, and every other that does."""
    rows = connection.execute(
        text(
            "SELECT name, at, extract(epoch FROM clock_timestamp() - at)::float AS age, note FROM heartbeat ORDER BY name"
        )
    )
    found = {row.name: row for row in rows}
    made = []
    for name in (*LATE, *sorted(found.keys() - LATE.keys())):
        row = found.get(name)
        if row is None:
            made.append(Pulse(name, State.UNKNOWN, None, None, "has never given a sign of life"))
            continue
        late = row.age > LATE.get(name, max(LATE.values()))
        made.append(Pulse(name, State.BAD if late else State.WELL, row.at, row.age, row.note))
    return tuple(made)


def progress(connection: Connection, *, idle: float) -> tuple[QueuePulse, ...]:
    """Whether each queue moves. Bad: rung work is due for longer than `idle` seconds and nothing was claimed since.

    Delivery that a person stopped, and work that waits for its own time, is not due.
    """
    rows = connection.execute(
        text(
            "SELECT w.stage, count(*) AS due, extract(epoch FROM clock_timestamp() - min(w.due_at))::float AS oldest, "
            "extract(epoch FROM clock_timestamp() - min(w.due_at) FILTER (WHERE w.rung_at IS NOT NULL))::float AS rung "
            "FROM work w WHERE w.state = 'due' AND w.due_at <= now() GROUP BY w.stage"
        )
    )
    due = {row.stage: row for row in rows}
    moved = {
        row.stage: row
        for row in connection.execute(
            text(
                "SELECT w.stage, max(c.at) AS at, extract(epoch FROM clock_timestamp() - max(c.at))::float AS age "
                "FROM claim c JOIN work w ON w.id = c.work_id WHERE c.at > now() - interval '1 day' GROUP BY w.stage"
            )
        )
    }
    made = []
    for queue in QUEUES:
        stages = [stage.name for stage in FLOW if stage.queue == queue]
        waits = [due[stage] for stage in stages if stage in due]
        claims = [moved[stage] for stage in stages if stage in moved]
        rung = max((row.rung for row in waits if row.rung is not None), default=0.0)
        since = min((row.age for row in claims), default=None)
        stuck = rung > idle and (since is None or since > idle)
        oldest = max((row.oldest for row in waits), default=None)
        at = max((row.at for row in claims), default=None)
        state = State.BAD if stuck else State.WELL
        made.append(QueuePulse(queue, state, sum(row.due for row in waits), oldest, at))
    return tuple(made)


def _doubt(connection: Connection) -> Doubt:
    row = connection.execute(
        text(
            "SELECT count(*), coalesce(sum(total), 0)::bigint, max(age), coalesce(bool_or("
            "age > CASE WHEN code = :unread THEN :left_unread ELSE :doubt END), false) FROM (SELECT v.total, v.code, "
            "extract(epoch FROM clock_timestamp() - coalesce((SELECT max(e.at) FROM exchange e "
            "WHERE e.voucher_id = v.id AND e.what = 'send'), v.approved_at))::float AS age "
            "FROM voucher v WHERE v.state = 'in_doubt') d"
        ),
        {"unread": UNREAD, "left_unread": LEFT_UNREAD, "doubt": DOUBT},
    ).one()
    return Doubt(row[0], row[1], row[2], State.BAD if row[3] else State.WELL)


def _numbers(connection: Connection) -> Numbers:
    """In shadow mode they wait as they must, and are left out. A refused one is parked: people's business."""
    row = connection.execute(
        text(
            "WITH shadow AS (SELECT key FROM (SELECT DISTINCT ON (key) key, body FROM setup_row WHERE kind = 'company' "
            "ORDER BY key, valid_from DESC, version DESC) newest WHERE NOT (body->>'posting')::boolean) "
            "SELECT count(*) FILTER (WHERE number_state = 'waiting'), "
            "count(*) FILTER (WHERE number_state = 'waiting' AND came_at < now() - interval '1 day'), "
            "count(*) FILTER (WHERE number_state = 'refused' AND number_code <> 'Recalled') FROM invoice "
            "WHERE number_state IN ('waiting', 'refused') AND company NOT IN (SELECT key FROM shadow)"
        )
    ).one()
    return Numbers(row[0], row[1], row[2], State.BAD if row[1] else State.WELL)
