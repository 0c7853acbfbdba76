"""The life of a work row: claimed, done, parked, postponed, halved. Each is one statement on one row."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import Connection, Engine, text

from pipeline.stage import Reason
from schemas import events
from workers.journal import EVENTS, Ring, body_of, label, record, restore
from workers.store.engine import transaction

CRASHES_TO_HALVE = 2
CRASHES_TO_PARK = 10
BUGS_TO_PARK = 5
T = TypeVar("T")
_BUG_PAUSE = 2.0
_untold: set[int] = set()
"""Rows whose attempts here ended, and the database took no word of it: their claims without a result are no deaths."""


class NotYet(Exception):  # noqa: N818 - not an error: something of ours must happen first
    """The work must wait a moment for other work of ours; it is due again after `seconds`, and no attempt is counted.

    `result`: how the claim ended. Trouble that came before is not forgotten by waiting.
    """

    result = "waits"

    def __init__(self, seconds: float, what: str) -> None:
        """Keep how long, and for what."""
        super().__init__(what)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Claimed:
    """A work row that this transaction holds. `crashes`: earlier claims that ended without any result."""

    work_id: int
    event_id: int
    part: str
    event: object
    crashes: int


def claim(connection: Connection, work_id: int, stage: str) -> Claimed | None:
    """Lock a due row of a stage, or give None: done already, not due yet, another's, a newer program's, or no such row."""
    row = connection.execute(
        text(
            "SELECT w.id, w.event_id, w.part, j.event, w.body, (SELECT count(*) FROM claim c WHERE c.work_id = w.id "
            "AND c.result IS NULL AND c.at > pg_postmaster_start_time()) FROM work w JOIN journal j ON j.id = w.event_id "
            "WHERE w.id = :id AND w.stage = :stage AND w.state = 'due' AND w.due_at <= now() FOR UPDATE OF w SKIP LOCKED"
        ),
        {"id": work_id, "stage": stage},
    ).one_or_none()
    if row is None or row[3] not in EVENTS:
        return None
    crashes = 0 if work_id in _untold else row[5]
    return Claimed(row[0], row[1], row[2], restore(row[3], row[4]), crashes)


def hold(connection: Connection, work_id: int, stage: str) -> Claimed | None:
    """Take a row again after a call that this process made for it; None if it is concluded meanwhile.

    A second message may have looked in during the call and made the row due a little later: that must not cost us the
    answer, so neither its time nor a short lock is minded.
    """
    row = connection.execute(
        text(
            "SELECT w.id, w.event_id, w.part, j.event, w.body FROM work w JOIN journal j ON j.id = w.event_id "
            "WHERE w.id = :id AND w.stage = :stage AND w.state = 'due' FOR UPDATE OF w"
        ),
        {"id": work_id, "stage": stage},
    ).one_or_none()
    return None if row is None else Claimed(row[0], row[1], row[2], restore(row[3], row[4]), 0)


def count_attempt(engine: Engine, work_id: int) -> None:
    """Commit, on a connection of its own, that the row was claimed: a crash must leave a trace of itself."""
    with transaction(engine, "attempt") as second:
        # may be lost with the machine's power, and then nothing else of the attempt is there either
        second.execute(text("SET LOCAL synchronous_commit = off"))
        second.execute(text("INSERT INTO claim (work_id) VALUES (:id)"), {"id": work_id})


@contextmanager
def telling(work_id: int) -> Iterator[None]:
    """The block tells the database how an attempt ended. Where that fails, this process remembers that it did not die."""
    try:
        yield
    except Exception:
        _untold.add(work_id)
        raise
    _untold.discard(work_id)


def age(connection: Connection, work_id: int) -> float:
    """How many seconds ago the row was made."""
    found = connection.execute(
        text("SELECT extract(epoch FROM now() - made_at) FROM work WHERE id = :id"), {"id": work_id}
    ).scalar_one()
    return float(found)


def done(connection: Connection, work_id: int) -> None:
    """Close the row, at the moment when it is done: its transaction began before its claim was noted."""
    connection.execute(
        text("UPDATE work SET state = 'done', done_at = clock_timestamp() WHERE id = :id"), {"id": work_id}
    )


def park(connection: Connection, work_id: int, reason: Reason, note: str) -> bool:
    """Leave a row to a person, each reason has a repair; False for a row that is not due any longer."""
    parked = connection.execute(
        text(
            "UPDATE work SET state = 'parked', reason = :reason, note = :note WHERE id = :id AND state = 'due'"
        ),
        {"id": work_id, "reason": reason.value, "note": note},
    )
    return bool(parked.rowcount)


def give_up(connection: Connection, work_id: int, reason: Reason, note: str) -> list[Ring]:
    """Park a row that was not done by our fault or the world's; gives what to ring for.

    A slice that is given up closes: the rest of its file is not to wait for it, its payments stay `waiting` and are
    counted as such. So whoever makes the row due again opens the slice again in the same commit (`reopen_slices`).
    """
    if not park(connection, work_id, reason, note):
        return []
    file_id = connection.execute(
        text(
            "UPDATE bank_file f SET open_slices = open_slices - 1 FROM work w WHERE w.id = :id AND w.stage = 'settle' "
            "AND f.id = (w.body->>'file_id')::int RETURNING CASE WHEN f.open_slices = 0 THEN f.id END"
        ),
        {"id": work_id},
    ).scalar_one_or_none()
    return [] if file_id is None else record(connection, [events.FileSettled(file_id)])


def reopen_slices(connection: Connection, work_ids: Sequence[int]) -> None:
    """Open the slices of parked rows again: in the commit that makes those rows due, before they are made due."""
    connection.execute(
        text(
            "UPDATE bank_file f SET open_slices = open_slices + n.slices FROM (SELECT (body->>'file_id')::int AS file_id, "
            "count(*) AS slices FROM work WHERE id = ANY(:ids) AND stage = 'settle' AND state = 'parked' "
            "AND payment_id IS NULL GROUP BY 1) n WHERE f.id = n.file_id"
        ),
        {"ids": list(work_ids)},
    )


def due_again(connection: Connection, work_ids: Sequence[int]) -> tuple[Ring, ...]:
    """Make rows due now, with all their patience before them again; gives what to ring for.

    Earlier attempts stay to be read, and count no more. A slice that was given up is open again with its row.
    """
    connection.execute(
        text(
            "UPDATE claim SET result = coalesce(result, 'crash') || ', seen' WHERE work_id = ANY(:ids) "
            "AND (result IS NULL OR result IN ('bug', 'trouble'))"
        ),
        {"ids": list(work_ids)},
    )
    reopen_slices(connection, work_ids)
    found = connection.execute(
        text(
            "UPDATE work w SET state = 'due', due_at = now(), rung_at = now(), troubled_since = NULL, reason = NULL, "
            "note = NULL FROM journal j WHERE j.id = w.event_id AND w.id = ANY(:ids) AND w.state IN ('parked', 'due') "
            "RETURNING w.id, w.stage, j.event, w.body"
        ),
        {"ids": list(work_ids)},
    )
    return tuple(Ring(row[0], row[1], label(restore(row[2], row[3]))) for row in found)


def postpone(connection: Connection, work_id: int, seconds: float, result: str) -> None:
    """Make the row due later and note how its last claim ended; the relay rings when it is time."""
    connection.execute(
        text("UPDATE claim SET result = :result WHERE work_id = :id AND result IS NULL"),
        {"id": work_id, "result": result},
    )
    connection.execute(
        text(
            "UPDATE work SET due_at = now() + make_interval(secs => :seconds), rung_at = NULL, "
            "troubled_since = CASE :result WHEN 'trouble' THEN coalesce(troubled_since, now()) WHEN 'waits' THEN "
            "troubled_since END "
            "WHERE id = :id AND state = 'due'"
        ),
        {"id": work_id, "seconds": seconds, "result": result},
    )


def isolate(connection: Connection, work_id: int, error: Exception) -> list[Ring]:
    """After a fault of ours: halve the batch, so that what is well goes on; what can't be halved parks at the fifth.

    Gives what to ring for.
    """
    row = connection.execute(
        text("SELECT stage FROM work WHERE id = :id AND state = 'due' FOR UPDATE SKIP LOCKED"),
        {"id": work_id},
    ).one_or_none()
    claimed = claim(connection, work_id, row[0]) if row else None
    if claimed is None or halve(connection, claimed):
        return []  # another worker's now, or two rows, for which the relay rings
    bugs = connection.execute(
        text("SELECT count(*) FROM claim WHERE work_id = :id AND result = 'bug'"), {"id": work_id}
    ).scalar_one()
    if bugs + 1 >= BUGS_TO_PARK:
        return give_up(connection, work_id, Reason.BUG, told(error))
    postpone(connection, work_id, _BUG_PAUSE, "bug")
    return []


def told(error: BaseException) -> str:
    """Tell of an error what holds no debtor's data: its type and where it was, never its message."""
    frames = "".join(traceback.format_tb(error.__traceback__)[-6:])
    return f"{type(error).__name__}\n{frames}"


def halve(connection: Connection, claimed: Claimed) -> bool:
    """Make two rows of one; False where the event can't be cut. An open slice of a file becomes two."""
    halves = _halves(claimed.event)
    if halves is None:
        return False
    for letter, half in zip("ab", halves, strict=True):
        connection.execute(
            text(
                "INSERT INTO work (event_id, stage, part, body, state, due_at) "
                "SELECT event_id, stage, part || :letter, CAST(:body AS jsonb), 'due', now() FROM work WHERE id = :id"
            ),
            {"letter": letter, "body": body_of(half), "id": claimed.work_id},
        )
    if isinstance(half, events.PaymentsReceived | events.PaymentsReleased):
        connection.execute(
            text("UPDATE bank_file SET open_slices = open_slices + 1 WHERE id = :id"), {"id": half.file_id}
        )
    connection.execute(
        text("UPDATE work SET state = 'halved', done_at = now() WHERE id = :id"), {"id": claimed.work_id}
    )
    return True


def _halves(event: object) -> tuple[object, object] | None:
    match event:
        case events.PaymentsReceived(_, first, until) | events.ConversionRequested(_, first, until) if (
            until - first > 1
        ):
            middle = (first + until) // 2
            return replace(event, until=middle), replace(event, first=middle)
        case events.PaymentsReleased(_, ids) | events.OriginalConcluded(ids) if len(ids) > 1:
            return tuple(replace(event, payment_ids=half) for half in _cut(ids))  # type: ignore[return-value]
        case events.CaseChanged(ids) | events.CasesOpened(ids) | events.VoucherVoided(_, ids) if len(ids) > 1:
            return tuple(replace(event, case_ids=half) for half in _cut(ids))  # type: ignore[return-value]
        case events.VouchersApproved(ids) | events.VoucherAbsent(ids) | events.RetryAsked(ids) if (
            len(ids) > 1
        ):
            return tuple(replace(event, voucher_ids=half) for half in _cut(ids))  # type: ignore[return-value]
        case events.NumbersAsked(_, ids) if len(ids) > 1:
            return tuple(replace(event, invoice_ids=half) for half in _cut(ids))  # type: ignore[return-value]
        case events.PartReady(_, vouchers, _) if len(vouchers) > 1:
            return tuple(replace(event, vouchers=half) for half in _cut(vouchers))  # type: ignore[return-value]
        case _:
            return None


def _cut(values: tuple[T, ...]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    middle = len(values) // 2
    return values[:middle], values[middle:]
