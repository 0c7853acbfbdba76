"""Who may sign in and act: users with their roles, made, changed and ended by an administrator."""

import re
from collections.abc import Collection

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Row, text

from ops.access import ALL_ROLES, Role
from ops.repairs.acts import Done, Person, Refusal, leave, too_late

SHORTEST, LONGEST = 12, 1_000  # characters of a password
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")
_NAME = re.compile(r"\w[\w .@+-]{0,98}\w|\w")
_ONE_AT_A_TIME = 7_203_022  # advisory lock: two administrators who take each other's role must not both do so
SERVICE = "sign-in service"
"""Who stands in the audit for what groups there did to a user here."""
_RESERVED = {"new", SERVICE}  # `new`: the page where a user is added


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
    """Add a user. `password` None: none to sign in with; `subject` is what the sign-in service (OIDC) calls the person."""
    hashed = None if password is None else _hashed(password)
    alone(connection)
    if subject is not None:
        _need_free(connection, subject)
    new_user(connection, name, roles, hashed=hashed, subject=subject)
    detail = {"roles": sorted(roles), "password": password is not None, "elsewhere": subject is not None}
    rings = leave(connection, person, "add user", f"user {name}", detail, [])
    return Done(rings, f"user {name} is added: {', '.join(sorted(roles))}")


def new_user(
    connection: Connection,
    name: str,
    roles: Collection[Role],
    *,
    hashed: str | None = None,
    issuer: str = "",
    subject: str | None = None,
) -> None:
    """Make a user's row, under `alone`; raises `Refusal` for a name that can't be one, or is somebody's already."""
    _need_roles(name, roles)
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise Refusal(f"a user can't be called {name!r}: letters, digits, blanks and . @ _ + -, at most 100")
    if not _users(connection) and Role.ADMIN not in roles:
        raise Refusal(f"the first user is an administrator: give {name} the role {Role.ADMIN}")
    made = connection.execute(
        text(
            "INSERT INTO person (name, password, issuer, subject, roles) VALUES (:name, :password, :issuer, :subject, :roles) "
            "ON CONFLICT (name) DO NOTHING RETURNING 1"
        ),
        {
            "name": name,
            "password": hashed or "",
            "issuer": issuer,
            "subject": subject,
            "roles": sorted(roles),
        },
    ).scalar()
    if made is None:
        raise too_late(connection, f"user {name}", "is there already: change what it has instead")


def change_roles(connection: Connection, name: str, roles: Collection[Role], *, person: Person) -> Done:
    """Give a user other roles than before; they hold from the next look on."""
    alone(connection)
    before = _user(connection, name)
    _need_roles(name, roles)
    if sorted(roles) == before.roles:
        raise too_late(connection, f"user {name}", "has these roles already")
    if Role.ADMIN not in roles:
        keep_an_admin(connection, name)
    give_roles(connection, name, roles)
    detail = {"before": before.roles, "roles": sorted(roles)}
    rings = leave(connection, person, "change roles", f"user {name}", detail, [])
    return Done(rings, f"user {name} has other roles now: {', '.join(sorted(roles))}")


def give_roles(connection: Connection, name: str, roles: Collection[Role]) -> None:
    """Write a user's roles."""
    connection.execute(
        text("UPDATE person SET roles = :roles WHERE name = :name"), {"name": name, "roles": sorted(roles)}
    )


def disable(connection: Connection, name: str, *, person: Person) -> Done:
    """Let a user sign in and act no more, from this moment, nor by a token; what the user did stays under that name."""
    if name == person.actor:
        raise Refusal("nobody disables themselves: another administrator does it")
    alone(connection)
    if _user(connection, name).disabled_at is not None:
        raise too_late(connection, f"user {name}", "is disabled already")
    keep_an_admin(connection, name)
    connection.execute(text("UPDATE person SET disabled_at = now() WHERE name = :name"), {"name": name})
    cut_off(connection, name)
    rings = leave(connection, person, "disable user", f"user {name}", {}, [])
    return Done(rings, f"user {name} is disabled")


def enable(connection: Connection, name: str, *, person: Person) -> Done:
    """Let a user who was disabled sign in again, with the roles and the password of before; tokens stay ended."""
    alone(connection)
    if _user(connection, name).disabled_at is None:
        raise too_late(connection, f"user {name}", "is not disabled")
    connection.execute(text("UPDATE person SET disabled_at = NULL WHERE name = :name"), {"name": name})
    rings = leave(connection, person, "enable user", f"user {name}", {}, [])
    return Done(rings, f"user {name} may sign in again")


def link(connection: Connection, name: str, subject: str, *, person: Person) -> Done:
    """Say what the sign-in service (OIDC) calls a user; from then on the groups there decide the roles."""
    alone(connection)
    _user(connection, name)
    _need_free(connection, subject)
    connection.execute(
        text("UPDATE person SET subject = :subject, issuer = '' WHERE name = :name"),
        {"name": name, "subject": subject},
    )
    rings = leave(connection, person, "link user", f"user {name}", {}, [])
    return Done(rings, f"user {name} may sign in by the sign-in service")


def set_password(connection: Connection, name: str, password: str, *, person: Person) -> Done:
    """Give a user another password, or a first one; open sessions end."""
    hashed = _hashed(password)
    _user(connection, name)
    _keep_password(connection, name, hashed)
    rings = leave(connection, person, "set password", f"user {name}", {}, [])
    return Done(rings, f"user {name} has another password now, and every session of {name} has ended")


def change_password(connection: Connection, old: str, new: str, *, person: Person) -> Done:
    """Change one's own password, knowing the one before; open sessions end."""
    if not fits(connection, person.actor, old):
        raise Refusal("the password of before is not that, or there is none: an administrator can set one")
    _keep_password(connection, person.actor, _hashed(new))
    rings = leave(connection, person, "change own password", f"user {person.actor}", {}, [])
    return Done(rings, "the password is changed, and every other session has ended")


def end_sessions(connection: Connection, name: str, *, person: Person) -> Done:
    """Sign a user out everywhere; who still may, signs in again."""
    _user(connection, name)
    ended = _end_sessions(connection, name)
    rings = leave(connection, person, "end sessions", f"user {name}", {"sessions": ended}, [])
    return Done(rings, f"user {name} is signed out everywhere")


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


def alone(connection: Connection) -> None:
    """Wait until nobody else changes users, and let nobody until the commit."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})


def keep_an_admin(connection: Connection, name: str) -> None:
    """Refuse what would leave the site without an administrator who may sign in; asked under `alone`."""
    if last_admin(connection, name):
        raise Refusal(f"user {name} is the last administrator: give another user the role {Role.ADMIN} first")


def last_admin(connection: Connection, name: str) -> bool:
    """Whether this user is an administrator, and nobody else is."""
    admins = connection.execute(
        text("SELECT name FROM person WHERE disabled_at IS NULL AND :admin = ANY(roles)"),
        {"admin": Role.ADMIN},
    ).scalars()
    return set(admins) == {name}


def cut_off(connection: Connection, name: str) -> None:
    """End a user's sessions and tokens."""
    _end_sessions(connection, name)
    connection.execute(
        text("UPDATE token SET ended_at = now() WHERE person = :name AND ended_at IS NULL"), {"name": name}
    )


def _users(connection: Connection) -> bool:
    return bool(connection.execute(text("SELECT EXISTS (SELECT FROM person)")).scalar_one())


def _user(connection: Connection, name: str) -> Row[tuple[list[str], object]]:
    found = connection.execute(
        text("SELECT roles, disabled_at FROM person WHERE name = :name"), {"name": name}
    ).one_or_none()
    if found is None:
        raise Refusal(f"there is no user {name}: kk2 user list")
    return found


def _need_roles(name: str, roles: Collection[Role]) -> None:
    if not roles:
        raise Refusal(f"user {name} needs at least one role of {', '.join(Role)}")


def _need_free(connection: Connection, subject: str) -> None:
    """Two users can't be the same person of the sign-in service."""
    if not subject.strip():
        raise Refusal("what the sign-in service calls the user can't be empty")
    other = connection.execute(
        text("SELECT name FROM person WHERE subject = :subject"), {"subject": subject}
    ).scalar()
    if other is not None:
        raise Refusal(f"the sign-in service calls user {other} so already")


def _hashed(password: str) -> str:
    if len(password) < SHORTEST:
        raise Refusal(f"a password has at least {SHORTEST} characters; this has {len(password)}")
    if len(password) > LONGEST:
        raise Refusal(f"a password has at most {LONGEST} characters; this has {len(password)}")
    return _HASHER.hash(password)


def _keep_password(connection: Connection, name: str, hashed: str) -> None:
    connection.execute(
        text("UPDATE person SET password = :password WHERE name = :name"), {"name": name, "password": hashed}
    )
    _end_sessions(connection, name)


def _end_sessions(connection: Connection, name: str) -> int:
    ended = connection.execute(text("DELETE FROM session WHERE person = :name RETURNING 1"), {"name": name})
    return len(ended.all())
