"""What people did, each act chained to the one before by its hash: a row that is changed or taken away breaks the chain."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

_ONE_AT_A_TIME = 7_203_021  # advisory lock: the chain has one end, and who appends must be alone there
_BEGINNING = bytes(32)
"""What stands as `previous` in the first row."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a person, as the audit has it."""

    id: int
    at: datetime
    actor: str
    act: str
    subject: str
    reason: str


def note(
    connection: Connection, actor: str, act: str, subject: str, reason: str, detail: Mapping[str, object]
) -> int:
    """Append an act inside the transaction that does it; gives its id.

    `subject` as people name it: `payment 17`, `voucher 4`. `detail`: ids and small whole values, never personal
    data. Raises ValueError without an actor. Ends with a lock that lasts until the commit, so it comes last.
    """
    if not actor.strip():
        raise ValueError("an act needs the name of the person who did it")
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    # In a statement of its own, after the lock: only so does it see what the one before us committed.
    end = connection.execute(text("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")).scalar()
    at = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    previous = _BEGINNING if end is None else bytes(end)
    body = json.dumps(dict(detail), ensure_ascii=False)
    made = connection.execute(
        text(
            "INSERT INTO audit (at, actor, act, subject, reason, detail, previous, hash) "
            "VALUES (:at, :actor, :act, :subject, :reason, CAST(:detail AS jsonb), :previous, :hash) RETURNING id"
        ),
        {
            "at": at,
            "actor": actor,
            "act": act,
            "subject": subject,
            "reason": reason,
            "detail": body,
            "previous": previous,
            "hash": _hash(previous, at, (actor, act, subject, reason, json.loads(body))),
        },
    )
    return int(made.scalar_one())


def verify(connection: Connection) -> int | None:
    """Walk the whole chain; gives the id of the first row that does not fit, None if all do.

    A chain that was cut off at its end can't be told from one that was never longer: keep the last hash elsewhere.
    """
    expected = _BEGINNING
    rows = connection.execute(
        text("SELECT id, at, actor, act, subject, reason, detail, previous, hash FROM audit ORDER BY id"),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        right = _hash(expected, row.at, (row.actor, row.act, row.subject, row.reason, row.detail))
        if bytes(row.previous) != expected or bytes(row.hash) != right:
            rows.close()
            return int(row.id)
        expected = right
    return None


def rows(connection: Connection) -> Iterator[Mapping[str, object]]:
    """The whole chain, link by link, as another can verify it: `at` as it is hashed, `previous` and `hash` in hex."""
    found = connection.execute(
        text("SELECT id, at, actor, act, subject, reason, detail, previous, hash FROM audit ORDER BY id"),
        execution_options={"yield_per": 1000},
    )
    for row in found.mappings():
        yield {
            **row,
            "at": _moment(row["at"]),
            "previous": bytes(row["previous"]).hex(),
            "hash": bytes(row["hash"]).hex(),
        }


def latest(connection: Connection, subject: str) -> Act | None:
    """The last act on a subject: who was first, when two people do the same."""
    row = connection.execute(
        text(
            "SELECT id, at, actor, act, subject, reason FROM audit WHERE subject = :subject ORDER BY id DESC LIMIT 1"
        ),
        {"subject": subject},
    ).one_or_none()
    return None if row is None else Act(row.id, row.at, row.actor, row.act, row.subject, row.reason)


def _hash(previous: bytes, at: datetime, words: tuple[str, str, str, str, object]) -> bytes:
    """The link: what came before, and every value of the row in one canonical form."""
    values = [_moment(at), *words]
    canonical = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode()).digest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
