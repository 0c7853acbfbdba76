"""Who is signed in: a random token in a cookie, its hash and its end in the database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from ops.access import Role
from ops.access import may as roles_may
from ops.repairs import Person
from ops.repairs.tokens import kept

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=12)
_PATIENCE = "30s"  # no page is worth more of the database's time


def cookie(*, secure: bool) -> str:
    """The cookie's name. With `__Host-` a browser takes it from this host alone, over TLS alone."""
    return "__Host-kk2" if secure else "kk2"


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a session lasts: without a look, and whatever happens."""

    idle: timedelta = IDLE
    whole: timedelta = WHOLE


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page. `secret` is what each of their forms must bring back."""

    name: str
    roles: frozenset[Role]
    language: str
    theme: str
    secret: str

    def may(self, act: str) -> bool:
        """Whether the visitor's roles have the act."""
        return roles_may(self.roles, act)


def begin(connection: Connection, name: str, lasting: Lasting = Lasting()) -> str:
    """Begin a session for a person who has proven who they are; gives the token for the cookie. Ended ones are swept away."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        text("DELETE FROM session WHERE begun_at < now() - :whole OR seen_at < now() - :idle"),
        {"whole": lasting.whole, "idle": lasting.idle},
    )
    connection.execute(
        text("INSERT INTO session (token, person, secret) VALUES (:token, :name, :secret)"),
        {"token": kept(token), "name": name, "secret": secrets.token_urlsafe(24)},
    )
    return token


def visitor(engine: Engine, token: str, lasting: Lasting = Lasting()) -> Visitor | None:
    """Give who has this token, None once the session ended: by rest, by age, or because the user was disabled or has no role."""
    if not token:
        return None
    with engine.begin() as connection:
        row = connection.execute(
            text(
                "SELECT p.name, p.roles, p.language, p.theme, s.secret, s.seen_at < now() - interval '1 minute' AS stale "
                "FROM session s JOIN person p ON p.name = s.person WHERE s.token = :token AND p.disabled_at IS NULL AND p.roles <> '{}' "
                "AND s.seen_at > now() - :idle AND s.begun_at > now() - :whole"
            ),
            {"token": kept(token), "idle": lasting.idle, "whole": lasting.whole},
        ).one_or_none()
        if row is None:
            return None
        if row.stale:
            connection.execute(
                text("UPDATE session SET seen_at = now() WHERE token = :token"), {"token": kept(token)}
            )
    return Visitor(row.name, frozenset(Role(role) for role in row.roles), row.language, row.theme, row.secret)


def end(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(text("DELETE FROM session WHERE token = :token"), {"token": kept(token)})


def prefer(connection: Connection, name: str, *, language: str | None, theme: str | None) -> None:
    """Keep how a person likes the screen."""
    connection.execute(
        text(
            "UPDATE person SET language = coalesce(:language, language), theme = coalesce(:theme, theme) WHERE name = :name"
        ),
        {"language": language, "theme": theme, "name": name},
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads, and sees one moment whatever the workers do meanwhile."""
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{_PATIENCE}'"))
        yield connection


def bearer(engine: Engine, token: str) -> Person | None:
    """Give the user in whose name a program acts with this token, None once it ended or the user was disabled."""
    with engine.begin() as connection:
        row = connection.execute(
            text(
                "UPDATE token t SET seen_at = now() FROM person p WHERE t.kept = :kept AND p.name = t.person "
                "AND p.disabled_at IS NULL AND p.roles <> '{}' AND t.ended_at IS NULL AND t.ends_at > now() RETURNING p.name, p.roles"
            ),
            {"kept": kept(token)},
        ).one_or_none()
    return None if row is None else Person(row.name, "", frozenset(Role(role) for role in row.roles))
