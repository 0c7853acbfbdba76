"""The setup's rows: one of them, and all that its key ever said."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from workers.store import setup as store
from workers.store.setup import Noun


@dataclass(frozen=True, slots=True)
class SetupRow:
    """A row of the setup: what it says, from when, and who made it."""

    id: int
    kind: str
    key: str
    valid_from: date
    version: int
    made_at: datetime
    made_by: str
    value: Noun


def history(connection: Connection, row_id: int) -> tuple[SetupRow, ...]:
    """All rows of the key that a row is of, the newest first; none for no such row."""
    found = connection.execute(
        text(
            "SELECT r.id, r.kind, r.key, r.valid_from, r.version, r.made_at, r.made_by FROM setup_row r "
            "JOIN setup_row o ON o.kind = r.kind AND o.key = r.key WHERE o.id = :id "
            "ORDER BY r.valid_from DESC, r.version DESC"
        ),
        {"id": row_id},
    ).all()
    setup = store.current(connection)
    rows = {
        row.id: row.value
        for kind in (setup.installations, setup.companies, setup.accounts, setup.clients, setup.sub_ledgers)
        for dated in kind.values()
        for row in dated.rows
    }
    return tuple(
        SetupRow(r.id, r.kind, r.key, r.valid_from, r.version, r.made_at, r.made_by, rows[r.id])
        for r in found
        if r.id in rows
    )
