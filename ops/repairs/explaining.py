"""Explain a difference between KK2 and Visma: it stays listed, and is open again once either side says something else."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late


def explain(connection: Connection, difference_id: int, *, person: Person) -> Done:
    """Put a person's name and reason on an open difference."""
    need_reason(person, "to explain a difference")
    found = connection.execute(
        text("SELECT subject, state FROM difference WHERE id = :id FOR UPDATE"), {"id": difference_id}
    ).one_or_none()
    if found is None:
        raise Refusal(f"there is no difference {difference_id}: kk2 visma differences")
    subject = f"difference {difference_id}"
    if found.state != "open":
        raise too_late(connection, subject, f"is {found.state}")
    connection.execute(
        text(
            "UPDATE difference SET state = 'explained', explained_by = :actor, reason = :reason WHERE id = :id"
        ),
        {"id": difference_id, "actor": person.actor, "reason": person.reason},
    )
    rings = leave(connection, person, "explain", subject, {"of": found.subject}, [])
    return Done(rings, f"{subject} ({found.subject}) is explained, until either side says something else")
