"""Acknowledge an alarm: who has seen it, and what is being done about it. It ends when its condition does."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late


def acknowledge(connection: Connection, alarm_id: int, *, person: Person) -> Done:
    """Put a name and a reason on an alarm that stands; the first who does so is named to the second."""
    need_reason(person, "to acknowledge an alarm")
    subject = f"alarm {alarm_id}"
    row = connection.execute(
        text("SELECT ended_at, seen_by FROM alarm WHERE id = :id FOR UPDATE"), {"id": alarm_id}
    ).one_or_none()
    if row is None:
        raise Refusal(f"there is no alarm {alarm_id}")
    if row.ended_at is not None:
        raise too_late(connection, subject, "is over already")
    if row.seen_by:
        raise too_late(connection, subject, "is acknowledged already")
    connection.execute(
        text("UPDATE alarm SET seen_at = now(), seen_by = :actor, seen_why = :why WHERE id = :id"),
        {"id": alarm_id, "actor": person.actor, "why": person.reason.strip()},
    )
    rings = leave(connection, person, "acknowledge", subject, {}, [])
    return Done(rings, f"{subject} is acknowledged")
