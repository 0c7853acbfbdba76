"""Users: their list, and what an administrator does with one."""

from typing import Any

from pydantic import Field, create_model
from sqlalchemy import Connection

from ops.access import Role
from ops.desk.acting import Act, AnyAct, MayGiveReason, Secret, Wanted, WithReason
from ops.desk.listing import Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.repairs import Done, Person, Refusal, people, tokens

NEW = "new"
"""Stands for the user who is added, where a path wants one; nobody is called so."""
_STATE = "CASE WHEN p.disabled_at IS NULL THEN 'open' ELSE 'disabled' END"

USERS = Listing(
    name="users",
    title=N_("Users"),
    path="/users",
    source="person p",
    columns=(
        Column("name", N_("Name"), "p.name", Shape.WRITTEN, link="/users/{name}"),
        Column("roles", N_("Roles"), "p.roles", Shape.WORDS),
        Column(
            "signs_in", N_("Signs in by"),
            "array_remove(ARRAY[CASE WHEN p.password <> '' THEN 'password' END, CASE WHEN p.subject IS NOT NULL THEN 'sign-in service' END], NULL)",
            Shape.WORDS,
        ),
        Column("state", N_("State"), _STATE, Shape.WORD),
        Column("seen_at", N_("Last seen"), "(SELECT max(s.seen_at) FROM session s WHERE s.person = p.name)", Shape.MOMENT),
        Column("made_at", N_("Added"), "p.made_at", Shape.MOMENT),
    ),
    facets=(Facet("state", N_("State"), _STATE, ("open", "disabled")),),
    search="p.name ILIKE '%' || :q || '%' OR :q = ANY(p.roles)",
    search_hint=N_("Name or role"),
    order="p.name",
    empty=N_("No user is like that."),
    readers=frozenset({Role.ADMIN, Role.AUDITOR}),
)  # fmt: skip

_REASON: Any = (str, Field("", title=N_("Reason (may be empty)"), max_length=500))
_ROLES: dict[str, Any] = {role: (bool, Field(False, title=f"Role: {role}")) for role in Role}
Roles = create_model("Roles", __base__=Wanted, **_ROLES, reason=_REASON)
"""Which roles, each by itself, and why."""
NewUser = create_model(
    "NewUser",
    __base__=Wanted,
    name=(str, Field(title=N_("Name"), min_length=1, max_length=100)),
    **_ROLES,
    password=(Secret, Field("", title=N_("Password (may be empty)"))),
    linked=(
        str,
        Field("", title=N_("What the sign-in service calls the user (may be empty)"), max_length=255),
    ),
    reason=_REASON,
)


class NewPassword(MayGiveReason):
    """The password."""

    password: Secret = Field(title=N_("New password"))


class Linked(MayGiveReason):
    """The id there."""

    linked: str = Field(title=N_("What the sign-in service calls the user"), min_length=1, max_length=255)


def roles_of(asked: Any) -> list[Role]:
    """The roles that a form has marked."""
    return [role for role in Role if getattr(asked, role)]


def _add(connection: Connection, subject: str, asked: Any, person: Person) -> Done:
    if subject != NEW:
        raise Refusal(f"a user is added at users/{NEW}")
    password = asked.password or None
    return people.add(connection, asked.name, roles_of(asked), password, asked.linked or None, person=person)


def _roles(connection: Connection, subject: str, asked: Any, person: Person) -> Done:
    return people.change_roles(connection, subject, roles_of(asked), person=person)


def _disable(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    return people.disable(connection, subject, person=person)


def _enable(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return people.enable(connection, subject, person=person)


def _end_sessions(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return people.end_sessions(connection, subject, person=person)


def _set_password(connection: Connection, subject: str, asked: NewPassword, person: Person) -> Done:
    return people.set_password(connection, subject, asked.password, person=person)


def _link(connection: Connection, subject: str, asked: Linked, person: Person) -> Done:
    return people.link(connection, subject, asked.linked, person=person)


def _end_token(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return tokens.end_token(connection, min(int(subject), 2**63 - 1), person=person)


LISTINGS = (USERS,)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "add user", "users", "add", N_("Add a user"), NewUser, _add,
        N_("With a password of at least 12 characters, or without one for who signs in by the sign-in service."), named=True,
        then="/users",
    ),
    Act(
        "change roles", "users", "roles", N_("Change the roles"), Roles, _roles,
        N_("The marked roles and no others, from the next look on. Who signs in by the sign-in service has those of the groups there again next time."),
        named=True,
    ),
    Act(
        "set password", "users", "password", N_("Set a password"), NewPassword, _set_password,
        N_("At least 12 characters. Every session of the user ends."), named=True,
    ),
    Act(
        "link user", "users", "link", N_("Link to the sign-in service"), Linked, _link,
        N_("From then on the user may sign in there, and the groups there decide the roles."), named=True,
    ),
    Act(
        "end sessions", "users", "end-sessions", N_("Sign the user out everywhere"), MayGiveReason, _end_sessions,
        N_("Who still may, signs in again. Tokens are not ended."), named=True,
    ),
    Act(
        "disable user", "users", "disable", N_("Disable the user"), WithReason, _disable,
        N_("The user signs in and acts no more, from this moment; sessions and tokens end. What the user did stays under that name."),
        grave=True, named=True,
    ),
    Act(
        "enable user", "users", "enable", N_("Let the user sign in again"), MayGiveReason, _enable,
        N_("With the roles and the password of before. Tokens stay ended."), named=True,
    ),
    Act("end token", "tokens", "end", N_("End the token"), MayGiveReason, _end_token, N_("The program that uses it is let in no more."), grave=True, then="/users"),
)  # fmt: skip
