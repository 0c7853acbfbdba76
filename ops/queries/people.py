"""Users: who may sign in, and with which roles."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user in a list. `signs_in`: by password, elsewhere (OIDC), or both; `seen_at`: the last act of an open session."""

    name: str
    roles: tuple[str, ...]
    signs_in: str
    made_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None


def users(connection: Connection) -> tuple[UserRow, ...]:
    """All users, by name."""
    rows = connection.execute(
        text(
            "SELECT p.name, p.roles, concat_ws(' and ', CASE WHEN p.password <> '' THEN 'password' END, "
            "CASE WHEN p.subject IS NOT NULL THEN 'elsewhere' END) AS signs_in, p.made_at, p.disabled_at, max(s.seen_at) "
            "FROM person p LEFT JOIN session s ON s.person = p.name GROUP BY p.name ORDER BY p.name"
        )
    )
    return tuple(UserRow(row[0], tuple(row[1]), *row[2:]) for row in rows)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in a list, without what it says. `ended_at`: ended before its time."""

    id: int
    person: str
    purpose: str
    made_at: datetime
    ends_at: datetime
    seen_at: datetime | None
    ended_at: datetime | None


def tokens(connection: Connection) -> tuple[TokenRow, ...]:
    """All tokens, the newest first."""
    rows = connection.execute(
        text("SELECT id, person, purpose, made_at, ends_at, seen_at, ended_at FROM token ORDER BY id DESC")
    )
    return tuple(TokenRow(*row) for row in rows)
