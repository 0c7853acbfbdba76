"""Who may sign in and act: users with their roles, made and ended by an administrator."""

import hashlib
import secrets
from collections.abc import Collection

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, text

from ops.access import ALL_ROLES, Role
from ops.repairs.acts import Done, Person, Refusal, leave, too_late

SHORTEST = 12  # characters of a password
LONGEST_TOKEN = 400  # days
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")


def named(connection: Connection, actor: str, reason: str) -> Person:
    """Give the person of this name with the roles that the site gave; raises `Refusal` for a name that may not act.

    A site without users has nobody to ask yet: whoever reaches its database may do all, and begins by adding one.
    """
    row = connection.execute(
        text("SELECT roles, disabled_at FROM person WHERE name = :name"), {"name": actor}
    ).one_or_none()
    if row is None:
        if connection.execute(text("SELECT EXISTS (SELECT FROM person)")).scalar_one():
            raise Refusal(
                f"this site has users, and {actor} is none of them: say who acts (--as NAME or KK2_ACTOR), or kk2 user add"
            )
        return Person(actor, reason, ALL_ROLES)
    if row.disabled_at is not None:
        raise Refusal(f"user {actor} was disabled on {row.disabled_at:%Y-%m-%d}")
    return Person(actor, reason, frozenset(Role(role) for role in row.roles))


def add(
    connection: Connection,
    name: str,
    roles: Collection[Role],
    password: str | None,
    subject: str | None,
    *,
    person: Person,
) -> Done:
    """Add a user, or give one that stands other roles, another password, or back what was disabled.

    `password` None leaves what stands; `subject` is what the site's sign-in service (OIDC) calls the person.
    """
    if not name.strip() or name != name.strip():
        raise Refusal("a user needs a name, without blanks around it")
    if not roles:
        raise Refusal(f"user {name} needs at least one role of {', '.join(Role)}")
    if password is not None and len(password) < SHORTEST:
        raise Refusal(f"a password has at least {SHORTEST} characters; this has {len(password)}")
    hashed = None if password is None else _HASHER.hash(password)
    new = connection.execute(
        text(
            "INSERT INTO person (name, password, subject, roles) VALUES (:name, coalesce(:password, ''), :subject, :roles) "
            "ON CONFLICT (name) DO UPDATE SET password = coalesce(:password, person.password), roles = :roles, "
            "subject = coalesce(:subject, person.subject), disabled_at = NULL RETURNING xmax = 0"
        ),
        {"name": name, "password": hashed, "subject": subject, "roles": sorted(roles)},
    ).scalar_one()
    if not new:
        _end_sessions(connection, name)
    detail = {"roles": sorted(roles), "password": password is not None, "elsewhere": subject is not None}
    rings = leave(connection, person, "add user", f"user {name}", detail, [])
    return Done(rings, f"user {name} {'is added' if new else 'is changed'}: {', '.join(sorted(roles))}")


def disable(connection: Connection, name: str, *, person: Person) -> Done:
    """Let a user sign in and act no more, from this moment; what the user did stays under that name."""
    if name == person.actor:
        raise Refusal("nobody disables themselves: another administrator does it")
    done = connection.execute(
        text("UPDATE person SET disabled_at = now() WHERE name = :name AND disabled_at IS NULL RETURNING 1"),
        {"name": name},
    ).scalar()
    if done is None:
        raise too_late(connection, f"user {name}", "is not there, or is disabled already")
    _end_sessions(connection, name)
    rings = leave(connection, person, "disable user", f"user {name}", {}, [])
    return Done(rings, f"user {name} is disabled")


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
    rings = leave(connection, person, "make token", f"user {name}", {"token": made.id, "days": days}, [])
    return Done(rings, f"token {made.id} of user {name} lasts until {made.ends_at:%Y-%m-%d}"), token


def end_token(connection: Connection, token_id: int, *, person: Person) -> Done:
    """End a token before its time."""
    name = connection.execute(
        text("UPDATE token SET ended_at = now() WHERE id = :id AND ended_at IS NULL RETURNING person"),
        {"id": token_id},
    ).scalar()
    if name is None:
        raise Refusal(f"there is no token {token_id} that could be ended")
    rings = leave(connection, person, "end token", f"user {name}", {"token": token_id}, [])
    return Done(rings, f"token {token_id} of user {name} has ended")


def fits(connection: Connection, name: str, password: str) -> bool:
    """Whether the password is this user's. Takes as long for a name that nobody has, so that names can't be found out."""
    row = connection.execute(
        text("SELECT password FROM person WHERE name = :name AND disabled_at IS NULL AND password <> ''"),
        {"name": name},
    ).scalar()
    try:
        return _HASHER.verify(row or _NOBODY, password) and row is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def _end_sessions(connection: Connection, name: str) -> None:
    connection.execute(text("DELETE FROM session WHERE person = :name"), {"name": name})
