"""How much there is of each kind, and the last of what happened and what people did, without what is of persons."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

_ID = re.compile(r".*_id|company")
_NUMBERED = re.compile(r"[a-z ]+ [0-9]+")
_COUNTS = """
SELECT 'file' AS what, state, count(*) AS number FROM bank_file GROUP BY state
UNION ALL SELECT 'case', state, count(*) FROM kk2_case GROUP BY state
UNION ALL SELECT 'invoice number', number_state, count(*) FROM invoice GROUP BY number_state
UNION ALL SELECT 'work ' || stage, state || coalesce(' ' || reason, ''), count(*) FROM work
    WHERE state <> 'done' GROUP BY stage, state, reason
UNION ALL SELECT 'alarm', CASE WHEN ended_at IS NULL THEN 'stands' ELSE 'over' END, count(*) FROM alarm GROUP BY 2
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Count:
    """How many of a kind are in a state."""

    what: str
    state: str
    number: int


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the journal; `about` has its ids alone, and of many ids their number."""

    id: int
    at: datetime
    event: str
    about: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Link:
    """An act in the audit's chain: not who did it and why. `subject` has a number, or only its kind."""

    id: int
    at: datetime
    act: str
    subject: str
    previous: str
    hash: str


def counts(connection: Connection) -> tuple[Count, ...]:
    """What there is by state, but for payments and vouchers, whose sums are kept (`tallies`)."""
    return tuple(Count(*row) for row in connection.execute(text(_COUNTS)))


def events(connection: Connection, most: int) -> tuple[Event, ...]:
    """The last of what happened, the newest first."""
    rows = connection.execute(
        text("SELECT id, at, event, body FROM journal ORDER BY id DESC LIMIT :most"), {"most": most}
    )
    return tuple(Event(row.id, row.at, row.event, _about(row.body)) for row in rows)


def links(connection: Connection, most: int) -> tuple[Link, ...]:
    """The end of the audit's chain, the newest first."""
    rows = connection.execute(
        text("SELECT id, at, act, subject, previous, hash FROM audit ORDER BY id DESC LIMIT :most"),
        {"most": most},
    )
    return tuple(
        Link(
            row.id,
            row.at,
            row.act,
            row.subject if _NUMBERED.fullmatch(row.subject) else row.subject.split(" ")[0],
            bytes(row.previous).hex(),
            bytes(row.hash).hex(),
        )
        for row in rows
    )


def _about(body: Mapping[str, object]) -> Mapping[str, object]:
    many = {name: len(value) for name, value in body.items() if isinstance(value, list)}
    return {name: value for name, value in body.items() if _ID.fullmatch(name)} | many
