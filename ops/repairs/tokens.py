"""Tokens, with which programs act in a user's name: made and ended by an administrator, or by the user."""

import hashlib
import secrets

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave
from ops.repairs.people import named

LONGEST_TOKEN = 400  # days


def kept(token: str) -> bytes:
    """Give what the database has of a token or a cookie: nobody can sign in with it."""
    return hashlib.sha256(token.encode()).digest()


def make_token(
    connection: Connection, name: str, purpose: str, days: int, *, person: Person
) -> tuple[Done, str]:
    """Make a token with which a program acts in the user's name for so many days; it is shown this once, and kept as a hash."""
    if not 1 <= days <= LONGEST_TOKEN:
        raise Refusal(f"a token lasts 1 to {LONGEST_TOKEN} days, not {days}")
    named(connection, name, "")
    token = f"kk2_{secrets.token_urlsafe(32)}"
    made = connection.execute(
        text(
            "INSERT INTO token (kept, person, purpose, ends_at) VALUES (:kept, :name, :purpose, now() + make_interval(days => :days)) "
            "RETURNING id, ends_at"
        ),
        {"kept": kept(token), "name": name, "purpose": purpose, "days": days},
    ).one()
    rings = leave(
        connection, person, "make own token" if name == person.actor else "make token", f"user {name}",
        {"token": made.id, "days": days}, [],
    )  # fmt: skip
    return Done(rings, f"token {made.id} of user {name} lasts until {made.ends_at:%Y-%m-%d}"), token


def end_token(connection: Connection, token_id: int, *, person: Person) -> Done:
    """End a token before its time."""
    name = connection.execute(
        text("UPDATE token SET ended_at = now() WHERE id = :id AND ended_at IS NULL RETURNING person"),
        {"id": token_id},
    ).scalar()
    if name is None:
        raise Refusal(f"there is no token {token_id} that could be ended")
    rings = leave(
        connection, person, "end own token" if name == person.actor else "end token", f"user {name}",
        {"token": token_id}, [],
    )  # fmt: skip
    return Done(rings, f"token {token_id} of user {name} has ended")
