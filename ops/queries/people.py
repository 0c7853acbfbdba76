"""Users: what one may do and how they come in, and the tokens with which programs act in their names."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in a list, without what it says. `ended_at`: ended before its time; `valid`: a program may use it now."""

    id: int
    person: str
    purpose: str
    made_at: datetime
    ends_at: datetime
    seen_at: datetime | None
    ended_at: datetime | None
    valid: bool


@dataclass(frozen=True, slots=True)
class UserShown:
    """A user. `subject`: what the sign-in service `issuer` calls the user, None for nothing; `seen_at`: the last act of an open session."""

    name: str
    roles: tuple[str, ...]
    has_password: bool
    issuer: str
    subject: str | None
    made_at: datetime
    disabled_at: datetime | None
    sessions: int
    seen_at: datetime | None
    tokens: tuple[TokenRow, ...]


def shown(connection: Connection, name: str) -> UserShown | None:
    """One user, None for a name that nobody has."""
    row = connection.execute(
        text(
            "SELECT p.roles, p.password <> '' AS has_password, p.issuer, p.subject, p.made_at, p.disabled_at, "
            "count(s.person) AS sessions, max(s.seen_at) AS seen_at FROM person p LEFT JOIN session s ON s.person = p.name "
            "WHERE p.name = :name GROUP BY p.name"
        ),
        {"name": name},
    ).one_or_none()
    if row is None:
        return None
    return UserShown(
        name, tuple(row.roles), row.has_password, row.issuer, row.subject, row.made_at, row.disabled_at, row.sessions,
        row.seen_at, tokens(connection, name),
    )  # fmt: skip


def tokens(connection: Connection, name: str | None = None) -> tuple[TokenRow, ...]:
    """All tokens, or those of one user, the newest first."""
    rows = connection.execute(
        text(
            "SELECT id, person, purpose, made_at, ends_at, seen_at, ended_at, ended_at IS NULL AND ends_at > now() FROM token "
            "WHERE CAST(:name AS text) IS NULL OR person = :name ORDER BY id DESC"
        ),
        {"name": name},
    )
    return tuple(TokenRow(*row) for row in rows)
