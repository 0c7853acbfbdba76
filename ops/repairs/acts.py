"""What every act of a person has in common: it is allowed now or refused in a sentence, and it leaves its name."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.access import ACTS, Role, may
from schemas.events import CaseChanged, FileSettled, PersonActed
from workers import audit
from workers.journal import Ring, record
from workers.store import setup as setup_store


class Refusal(Exception):  # noqa: N818 - said to a person: the act is refused, nothing was changed
    """An act that can't be done now; the message is a sentence for the person, and says who was first where someone was."""


@dataclass(frozen=True, slots=True)
class Done:
    """An act that stands once the caller commits: then ring for `rings`. `sentence` says what was done, `made` an id."""

    rings: tuple[Ring, ...]
    sentence: str
    made: int | None = None


class NotAllowed(Refusal):
    """The person's roles do not have this act; the message says which do."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, why, and what that person is to the desk."""

    actor: str
    reason: str
    roles: frozenset[Role]


def leave(
    connection: Connection,
    person: Person,
    act: str,
    subject: str,
    detail: Mapping[str, object],
    happened: Sequence[object],
) -> tuple[Ring, ...]:
    """Record the act's events (or `PersonActed`, where it makes no work) and its audit row; gives what to ring for.

    Comes last in an act: the audit's end is locked until the commit. Raises `NotAllowed`, whoever asks and by whatever
    door: no act can be done without coming here.
    """
    need_role(person.actor, person.roles, act)
    rings = record(connection, list(happened) or [PersonActed(act, subject)], actor=person.actor)
    audit.note(connection, person.actor, act, subject, person.reason, detail)
    return tuple(rings)


def need_role(actor: str, roles: Iterable[Role], act: str) -> None:
    """Refuse who has none of the act's roles; asked early too, so that nobody learns from another refusal what stands there."""
    if not may(roles, act):
        needed = " or ".join(role for role in Role if role in ACTS[act])
        raise NotAllowed(f"{actor} may not do this ({act}): it is for the role {needed}")


def need_reader(person: Person, readers: Collection[Role]) -> None:
    """Refuse who has none of the roles that read something."""
    if person.roles.isdisjoint(readers):
        needed = " or ".join(role for role in Role if role in readers)
        raise NotAllowed(f"{person.actor} may not read this: it is for the role {needed}")


def need_reason(person: Person, act: str) -> None:
    """Refuse an act that nobody could explain later."""
    if not person.reason.strip():
        raise Refusal(f"say why: {act} needs a reason")


def need_company(connection: Connection, company: str) -> None:
    """Refuse a company that the setup does not have: whatever is asked of it would look as if it were done."""
    known = sorted(setup_store.current(connection).companies)
    if company not in known:
        raise Refusal(f"the setup has no company {company}; it has {', '.join(known) or 'none'}")


def need_client(connection: Connection, company: str | None, client: str) -> None:
    """Refuse a client that the setup does not have, or not in this company."""
    known = sorted(f"{of}/{code}" for of, code in setup_store.current(connection).clients)
    if not any(client == each.split("/")[1] and company in (None, each.split("/")[0]) for each in known):
        raise Refusal(
            f"the setup has no client {client}{f' in company {company}' if company else ''}; it has {', '.join(known) or 'none'}"
        )


def too_late(connection: Connection, subject: str, stands: str) -> Refusal:
    """Make the refusal for what is not as the act needs it; it names the last who did something, and when."""
    last = audit.latest(connection, subject)
    if last is None:
        return Refusal(f"{subject} {stands}")
    return Refusal(f"{subject} {stands}; last: {last.act} by {last.actor} on {last.at:%Y-%m-%d at %H:%M}")


def split_anew(connection: Connection, case_ids: Collection[int]) -> list[object]:
    """Mark cases to be split anew; gives the event, or none for no case."""
    if not case_ids:
        return []
    ids = sorted(case_ids)
    connection.execute(text("UPDATE kk2_case SET dirty = true WHERE id = ANY(:ids)"), {"ids": ids})
    return [CaseChanged(tuple(ids))]


def close(connection: Connection, work_ids: Sequence[int]) -> None:
    """Close parked rows: what they waited for is done."""
    connection.execute(
        text("UPDATE work SET state = 'done', done_at = now() WHERE id = ANY(:ids) AND state = 'parked'"),
        {"ids": list(work_ids)},
    )


def propose_anew(connection: Connection, file_id: int, person: Person) -> tuple[Ring, ...]:
    """Close what waits of a file's proposals and have them made again, as when the file was settled."""
    parked = connection.execute(
        text(
            "SELECT id FROM work WHERE state = 'parked' AND stage = 'propose' AND (body->>'file_id')::int = :file "
            "ORDER BY id FOR UPDATE"
        ),
        {"file": file_id},
    )
    ids = [row[0] for row in parked]
    if not ids:
        return ()
    close(connection, ids)
    return tuple(record(connection, [FileSettled(file_id)], actor=person.actor))
