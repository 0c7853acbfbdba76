"""The life of a work row whose work is long: kept by lease, gone on with where it was, and one for a company at a time."""

import json

from sqlalchemy import Connection, text

from workers.shell.rows import NotYet
from workers.store import epoch

_RESTORED_PAUSE = 300.0


def lease(connection: Connection, work_id: int, seconds: float) -> None:
    """Keep a row from other workers for so long as a call may take: it is due again, and rung for, should this one die."""
    connection.execute(
        text(
            "UPDATE work SET due_at = now() + make_interval(secs => :seconds), rung_at = NULL "
            "WHERE id = :id AND state = 'due'"
        ),
        {"id": work_id, "seconds": seconds},
    )


def wait_for_recovery(connection: Connection, lost: str) -> None:
    """Raise `NotYet` as long as a restore is not accounted for; `lost` says what it may have lost, and what would follow."""
    if epoch.restored(connection):
        raise NotYet(_RESTORED_PAUSE, lost)


def remember(connection: Connection, work_id: int, found: dict[str, object]) -> None:
    """Keep beside the event's own words how far a row has come, so that the next attempt goes on from there."""
    connection.execute(
        text("UPDATE work SET body = body || CAST(:found AS jsonb) WHERE id = :id"),
        {"id": work_id, "found": json.dumps(found)},
    )


def remembered(connection: Connection, work_id: int) -> dict[str, object]:
    """The event's words, and what earlier attempts kept beside them."""
    found: dict[str, object] = connection.execute(
        text("SELECT body FROM work WHERE id = :id"), {"id": work_id}
    ).scalar_one()
    return found


def has_elder(connection: Connection, work_id: int, *, begun: bool) -> bool:
    """Whether an earlier row of the same stage asks for the same thing, is still to be done, and has come some way or not."""
    found = connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM work o JOIN work w ON (o.stage, o.body->>'company') = (w.stage, w.body->>'company') "
            "WHERE w.id = :id AND o.state = 'due' AND o.id < w.id AND jsonb_exists(o.body, 'since') = :begun)"
        ),
        {"id": work_id, "begun": begun},
    )
    return bool(found.scalar_one())


def close_parked(connection: Connection, work_id: int) -> None:
    """Close the parked rows of the same stage that asked for the same thing: this row is their answer."""
    connection.execute(
        text(
            "UPDATE work o SET state = 'done', done_at = now() FROM work w WHERE w.id = :id AND o.id <> w.id "
            "AND o.state = 'parked' AND o.invoice_id IS NULL AND (o.stage, o.body->>'company') = (w.stage, w.body->>'company')"
        ),
        {"id": work_id},
    )
