"""Open work: what is due in each queue, what waits for a person, how far the flow has come, and what people did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, ask
from pipeline.flow import FLOW, QUEUES, stage_of
from schemas.events import VouchersApproved
from schemas.money import Money
from workers.journal import EVENTS, label, restore


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """What is due in a queue. `rung`: rows that the broker was told of. `oldest`: since when one is due, None for none."""

    queue: str
    due: int
    rung: int
    later: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class StageCount:
    """A box of the flow: what is due there, what waits for a person, what was done in the last day."""

    stage: str
    queue: str
    due: int
    parked: int
    done_today: int


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One piece of open work. `about`: in a few words, ids only."""

    id: int
    stage: str
    state: str
    about: str
    reason: str | None
    note: str | None
    payment_id: int | None
    made_at: datetime
    due_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One time that a worker took a piece of work. `result`: how that ended; None while it goes on, or if the worker died."""

    at: datetime
    result: str | None


@dataclass(frozen=True, slots=True)
class WorkDetail:
    """One piece of work, open or done: the event that it comes from, its own words, and every claim of it."""

    work: WorkRow
    event_id: int
    event: str
    body: dict[str, Any]
    rung_at: datetime | None
    done_at: datetime | None
    claims: tuple[ClaimRow, ...]


@dataclass(frozen=True, slots=True)
class ParkedSum:
    """Work that waits for a person for one reason; `amount` of the payments and vouchers among it."""

    reason: str
    stage: str
    rows: int
    amount: Money
    oldest: datetime


@dataclass(frozen=True, slots=True)
class ActRow:
    """What a person did."""

    id: int
    at: datetime
    actor: str
    act: str
    subject: str
    reason: str


_SELECT = (
    "SELECT w.id, w.stage, w.state, w.reason, w.note, w.payment_id, w.made_at, w.due_at, j.event, w.body, "
    "(SELECT count(*) FROM claim c WHERE c.work_id = w.id) AS attempts"
)
_FROM = "FROM work w JOIN journal j ON j.id = w.event_id"


def queues(connection: Connection) -> tuple[QueueDepth, ...]:
    """Each queue of the page, also the empty ones."""
    found = connection.execute(
        text(
            "SELECT stage, count(*) FILTER (WHERE due_at <= now()) AS due, count(*) FILTER (WHERE rung_at IS NOT NULL) AS rung, "
            "count(*) FILTER (WHERE due_at > now()) AS later, min(due_at) FILTER (WHERE due_at <= now()) AS oldest "
            "FROM work WHERE state = 'due' GROUP BY stage"
        )
    ).all()
    made = []
    for queue in QUEUES:
        rows = [row for row in found if stage_of(row.stage).queue == queue]
        oldest = min((row.oldest for row in rows if row.oldest is not None), default=None)
        made.append(
            QueueDepth(
                queue, sum(r.due for r in rows), sum(r.rung for r in rows), sum(r.later for r in rows), oldest
            )
        )
    return tuple(made)


def flow(connection: Connection) -> tuple[StageCount, ...]:
    """The page with its counts, in its order."""
    rows = connection.execute(
        text(
            "SELECT stage, count(*) FILTER (WHERE state = 'due') AS due, count(*) FILTER (WHERE state = 'parked') AS parked, "
            "count(*) FILTER (WHERE state = 'done' AND done_at > now() - interval '1 day') AS done FROM work GROUP BY stage"
        )
    )
    counts = {row.stage: row for row in rows}
    made = []
    for stage in FLOW:
        row = counts.get(stage.name)
        due, parked, done = (row.due, row.parked, row.done) if row else (0, 0, 0)
        made.append(StageCount(stage.name, stage.queue, due, parked, done))
    return tuple(made)


def parked_sums(connection: Connection) -> tuple[ParkedSum, ...]:
    """What waits for people, by reason: the front page."""
    rows = connection.execute(
        text(
            "SELECT w.reason, w.stage, count(*), sum(coalesce(p.amount, v.total, 0))::bigint, min(w.made_at) FROM work w "
            "LEFT JOIN payment p ON p.id = w.payment_id LEFT JOIN LATERAL (SELECT sum(total) AS total FROM voucher "
            "WHERE w.body ? 'voucher_ids' AND id IN (SELECT jsonb_array_elements_text(w.body->'voucher_ids')::bigint)) v "
            "ON true WHERE w.state = 'parked' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        )
    )
    return tuple(ParkedSum(*row) for row in rows)


def listed(
    connection: Connection, *, stage: str | None, state: str | None, reason: str | None, most: int = MOST
) -> tuple[WorkRow, ...]:
    """Open work, the oldest first."""
    rows = ask(
        connection,
        f"{_SELECT} {_FROM}",
        [
            ("w.state = :state", "state", state),
            ("w.state IN ('due', 'parked') = :open", "open", True),
            ("w.stage = :stage", "stage", stage),
            ("w.reason = :reason", "reason", reason),
        ],
        "w.id",
        most,
    )
    return tuple(_row(row) for row in rows)


def shown(connection: Connection, work_id: int) -> WorkDetail | None:
    """One piece of work with all that happened to it; None if there is none."""
    row = connection.execute(
        text(f"{_SELECT}, w.event_id, w.rung_at, w.done_at {_FROM} WHERE w.id = :id"), {"id": work_id}
    ).one_or_none()
    if row is None:
        return None
    claims = connection.execute(
        text("SELECT at, result FROM claim WHERE work_id = :id ORDER BY at"), {"id": work_id}
    )
    told = tuple(ClaimRow(*each) for each in claims)
    return WorkDetail(_row(row), row.event_id, row.event, row.body, row.rung_at, row.done_at, told)


def acts(
    connection: Connection, *, subject: str | None, actor: str | None, most: int = MOST
) -> tuple[ActRow, ...]:
    """What people did, the newest first."""
    rows = ask(
        connection,
        "SELECT id, at, actor, act, subject, reason FROM audit",
        [("subject = :subject", "subject", subject), ("actor = :actor", "actor", actor)],
        "id DESC",
        most,
    )
    return tuple(ActRow(*row) for row in rows)


def _row(row: Any) -> WorkRow:
    return WorkRow(
        row.id, row.stage, row.state, _about(row.payment_id, row.event, row.body), row.reason, row.note, row.payment_id,
        row.made_at, row.due_at, row.attempts,
    )  # fmt: skip


def _about(payment_id: int | None, event: str, body: dict[str, Any]) -> str:
    """A payment, a voucher or a company of a file that parks says so in its row, beside its event's own ids or instead."""
    if payment_id is not None:
        return f"payment {payment_id}"  # the id that the command which helps it asks for
    if "voucher_ids" in body:
        return label(VouchersApproved(tuple(body["voucher_ids"])))
    if event not in EVENTS:
        return event  # a newer program's: it waits for it
    about = label(restore(event, body))
    return f"{about}, company {body['company']}" if event == "FileSettled" and "company" in body else about
