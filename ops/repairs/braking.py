"""Stop and start delivery to Visma, of one company or of all (`*`). Looked at before each send; it survives restarts."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_company, need_reason
from schemas.wording import counted
from workers.store import epoch

ALL = "*"


def stop_delivery(connection: Connection, scope: str, *, person: Person) -> Done:
    """Stop before the next send. What is under way is not called back."""
    need_reason(person, "to stop delivery")
    if scope != ALL:
        need_company(connection, scope)
    made = connection.execute(
        text(
            "INSERT INTO brake (scope, actor, reason) VALUES (:scope, :actor, :reason) ON CONFLICT (scope) DO NOTHING"
        ),
        {"scope": scope, "actor": person.actor, "reason": person.reason},
    ).rowcount
    if not made:
        row = connection.execute(
            text("SELECT actor, since, reason FROM brake WHERE scope = :scope"), {"scope": scope}
        ).one()
        raise Refusal(f"stopped already by {row.actor} on {row.since:%Y-%m-%d at %H:%M}: {row.reason}")
    rings = leave(connection, person, "stop delivery", _name(scope), {}, [])
    return Done(rings, f"delivery of {_name(scope)} is stopped")


def start_delivery(connection: Connection, scope: str, *, person: Person) -> Done:
    """Let vouchers go again; the relay rings for those that waited."""
    if scope == ALL and epoch.restored(connection):
        need_reason(person, "to start delivery after a restore without kk2 visma recover")
    if not connection.execute(text("DELETE FROM brake WHERE scope = :scope"), {"scope": scope}).rowcount:
        raise Refusal(f"delivery of {_name(scope)} is not stopped")
    waiting = connection.execute(
        text(
            "UPDATE work SET due_at = now(), rung_at = NULL WHERE stage = 'deliver' AND state = 'due' AND due_at > now() "
            "AND troubled_since IS NULL"
        )
    ).rowcount
    rings = leave(connection, person, "start delivery", _name(scope), {}, [])
    left = connection.execute(text("SELECT scope FROM brake ORDER BY scope")).scalars().all()
    still = f"; still stopped: {', '.join(map(_name, left))}" if left else ""
    return Done(rings, f"delivery of {_name(scope)} goes on, {counted(waiting, 'call')} waited{still}")


def _name(scope: str) -> str:
    return "all companies" if scope == ALL else f"company {scope}"
