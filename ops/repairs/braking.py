"""Stop and start delivery to Visma: of one company, of one installation (a Visma), or of all (`*`).

Looked at immediately before each send. It survives restarts, and ends when it is started, or by itself at its time.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_company, need_reason
from schemas.schedule import OSLO
from schemas.wording import counted
from workers.facts.deliveries import ALL, STANDS, of_installation
from workers.store import epoch
from workers.store import setup as setup_store

__all__ = ["ALL", "name_of", "of_installation", "start_delivery", "stop_delivery"]


def stop_delivery(
    connection: Connection, scope: str, until: datetime | None = None, *, person: Person
) -> Done:
    """Stop before the next send. What is under way is not called back. `until`: when it ends by itself, None for never.

    A stop that stands may be made longer, never shorter: its maker may count on it.
    """
    need_reason(person, "to stop delivery")
    _need_scope(connection, scope)
    if (
        until is not None
        and connection.execute(text("SELECT now() >= :until"), {"until": until}).scalar_one()
    ):
        raise Refusal(f"{_told(until)} has passed; a stop ends later than now")
    made = connection.execute(
        text(
            "INSERT INTO brake (scope, actor, reason, until) VALUES (:scope, :actor, :reason, :until) "
            "ON CONFLICT (scope) DO UPDATE SET actor = excluded.actor, reason = excluded.reason, until = excluded.until, "
            "since = now() WHERE brake.until < coalesce(excluded.until, 'infinity')"
        ),
        {"scope": scope, "actor": person.actor, "reason": person.reason, "until": until},
    ).rowcount
    if not made:
        row = connection.execute(
            text("SELECT actor, since, reason, until FROM brake WHERE scope = :scope"), {"scope": scope}
        ).one()
        ends = f" until {_told(row.until)}" if row.until else ""
        raise Refusal(f"stopped already by {row.actor} on {_told(row.since)}{ends}: {row.reason}")
    detail = {"until": until.isoformat()} if until else {}
    rings = leave(connection, person, "stop delivery", name_of(scope), detail, [])
    ends = f" until {_told(until)}, and goes on by itself then" if until else ""
    return Done(rings, f"delivery of {name_of(scope)} is stopped{ends}")


def start_delivery(connection: Connection, scope: str, *, person: Person) -> Done:
    """Let vouchers go again; the relay rings for those that waited."""
    if scope == ALL and epoch.restored(connection):
        need_reason(person, "to start delivery after a restore without kk2 visma recover")
    gone = connection.execute(
        text(f"DELETE FROM brake WHERE scope = :scope AND {STANDS}"), {"scope": scope}
    ).rowcount
    if not gone:
        raise Refusal(f"delivery of {name_of(scope)} is not stopped")
    waiting = connection.execute(
        text(
            "UPDATE work SET due_at = now(), rung_at = NULL WHERE stage = 'deliver' AND state = 'due' AND due_at > now() "
            "AND troubled_since IS NULL"
        )
    ).rowcount
    rings = leave(connection, person, "start delivery", name_of(scope), {}, [])
    left = connection.execute(text(f"SELECT scope FROM brake WHERE {STANDS} ORDER BY scope")).scalars().all()
    still = f"; still stopped: {', '.join(map(name_of, left))}" if left else ""
    return Done(rings, f"delivery of {name_of(scope)} goes on, {counted(waiting, 'call')} waited{still}")


def name_of(scope: str) -> str:
    """Name what is stopped, for a person."""
    if scope == ALL:
        return "all companies"
    return scope if scope.startswith(of_installation("")) else f"company {scope}"


def _need_scope(connection: Connection, scope: str) -> None:
    if scope == ALL:
        return
    if not scope.startswith(of_installation("")):
        need_company(connection, scope)
        return
    known = sorted(setup_store.current(connection).installations)
    if scope not in map(of_installation, known):
        raise Refusal(f"the setup has no {scope}; it has {', '.join(known) or 'none'}")


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(OSLO):%Y-%m-%d at %H:%M}"
