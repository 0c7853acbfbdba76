"""Who comes by the site's sign-in service (OIDC): made or found here, with the roles that the groups there give each time."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.access import ALL_ROLES, Role
from ops.repairs.acts import Person, Refusal, leave
from ops.repairs.people import SERVICE, alone, cut_off, give_roles, last_admin, new_user

_GROUPS = Person(SERVICE, "the groups there", ALL_ROLES)


@dataclass(frozen=True, slots=True)
class Proven:
    """What the sign-in service proved: `subject` is the person's id at this issuer, `name` what a new user is called here."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]


def come(connection: Connection, proven: Proven) -> str | Refusal:
    """Give the name under which this person may sign in now, or the refusal; commit either way.

    A known person gets the roles of today's groups, none too, which ends sessions and tokens; a new one is added.
    """
    alone(connection)
    row = connection.execute(
        text(
            "SELECT name, roles, issuer, disabled_at FROM person WHERE subject = :subject AND issuer IN ('', :issuer) "
            "ORDER BY issuer DESC LIMIT 1"
        ),
        {"subject": proven.subject, "issuer": proven.issuer},
    ).one_or_none()
    if row is None:
        return _first_time(connection, proven)
    if row.disabled_at is not None:
        return Refusal(f"user {row.name} was disabled on {row.disabled_at:%Y-%m-%d}")
    if not row.issuer:
        connection.execute(
            text("UPDATE person SET issuer = :issuer WHERE name = :name"),
            {"issuer": proven.issuer, "name": row.name},
        )
    if Role.ADMIN not in proven.roles and last_admin(connection, row.name):
        cut_off(connection, row.name)
        return Refusal(
            f"user {row.name} is the last administrator, and the groups no longer say so: give another user the role first"
        )
    if sorted(proven.roles) != row.roles:
        give_roles(connection, row.name, proven.roles)
        if not proven.roles:
            cut_off(connection, row.name)
        detail = {"before": row.roles, "roles": sorted(proven.roles)}
        leave(connection, _GROUPS, "change roles", f"user {row.name}", detail, [])
    return str(row.name) if proven.roles else _no_role(proven.name)


def _first_time(connection: Connection, proven: Proven) -> str | Refusal:
    if not proven.roles:
        return _no_role(proven.name)
    taken = connection.execute(
        text("SELECT EXISTS (SELECT FROM person WHERE name = :name)"), {"name": proven.name}
    )
    if taken.scalar_one():
        # The name is no proof: at many services people choose it themselves.
        return Refusal(
            f"a user {proven.name} is here already: an administrator says kk2 user link {proven.name} --subject {proven.subject}"
        )
    try:
        new_user(connection, proven.name, proven.roles, issuer=proven.issuer, subject=proven.subject)
    except Refusal as no:
        return no
    detail = {"roles": sorted(proven.roles), "password": False, "elsewhere": True}
    leave(connection, _GROUPS, "add user", f"user {proven.name}", detail, [])
    return proven.name


def _no_role(name: str) -> Refusal:
    return Refusal(
        f"no group of {name} gives a role here: ask who runs the sign-in service, or an administrator"
    )
