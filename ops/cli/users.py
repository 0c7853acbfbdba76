"""`kk2 user`: who may sign in to the console, and do what, there and here."""

import os
import sys
from typing import Annotated

import typer

from ops.access import Role
from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import StateOfUser, one_of
from ops.cli.errors import CommandError, SaidNoError
from ops.cli.making import DryRun, Json, Name, Why, group

app = group("Users: who may sign in to the console, and do what, there and here.", "user")
_User = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
_Roles = Annotated[
    list[str], typer.Option("--role", parser=one_of(Role), metavar="ROLE", help=f"{', '.join(Role)}.")
]
_Subject = Annotated[str, typer.Option("--subject", help="What the sign-in service (OIDC) calls the user.")]


@app.command(epilog="Example: kk2 user add kari --role clerk --role operator")
def add(
    user: _User,
    role: _Roles,
    subject: _Subject = "",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Ask for none: the user signs in elsewhere, or not yet.")
    ] = False,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Add a user; the first of a site is an administrator.

    The password is asked for, or taken from KK2_NEW_PASSWORD; it stands in no command line.
    """
    from ops.repairs import people

    password = None if no_password else _password("KK2_NEW_PASSWORD")
    roles = [Role(each) for each in role]
    act(lambda c, who: people.add(c, user, roles, password, subject or None, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 user roles kari --role clerk --role admin --reason "stands in for arne"')
def roles(
    user: _User, role: _Roles, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Give a user these roles and no others, from the next look on; who signs in by groups has theirs again next time."""
    from ops.repairs import people

    wanted = [Role(each) for each in role]
    act(lambda c, who: people.change_roles(c, user, wanted, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog="Example: kk2 user password kari")
def password(
    user: _User, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Give a user another password, or a first one; it is asked for, or taken from KK2_NEW_PASSWORD. Open sessions end."""
    from ops.repairs import people

    new = _password("KK2_NEW_PASSWORD")
    act(lambda c, who: people.set_password(c, user, new, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command("own-password", epilog="Example: kk2 user own-password --as kari")
def own_password(dry_run: DryRun = False, name: Name = "", json: Json = False) -> None:
    """Change your own password, knowing the one before; both are asked for, or taken from KK2_PASSWORD and KK2_NEW_PASSWORD."""
    from ops.repairs import people

    old, new = _password("KK2_PASSWORD"), _password("KK2_NEW_PASSWORD")
    act(lambda c, who: people.change_password(c, old, new, person=who),
        name=name, reason="", dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 user disable kari --reason "has left"')
def disable(
    user: _User, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Let a user sign in and act no more, from this moment; sessions that are open end, and tokens."""
    from ops.repairs import people

    act(lambda c, who: people.disable(c, user, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 user enable kari --reason "is back"')
def enable(
    user: _User, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Let a user who was disabled sign in again, with the roles and the password of before; tokens stay ended."""
    from ops.repairs import people

    act(lambda c, who: people.enable(c, user, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command("end-sessions", epilog='Example: kk2 user end-sessions kari --reason "lost a laptop"')
def end_sessions(
    user: _User, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Sign a user out everywhere; who still may, signs in again."""
    from ops.repairs import people

    act(lambda c, who: people.end_sessions(c, user, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog="Example: kk2 user link kari --subject 5f2c…")
def link(
    user: _User,
    subject: _Subject,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Say what the sign-in service (OIDC) calls a user who is here already; the groups there decide the roles from then on."""
    from ops.repairs import people

    act(lambda c, who: people.link(c, user, subject, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 user token kari --purpose "monthly report" --days 90')
def token(
    user: _User,
    purpose: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int, typer.Option(min=1, max=400, help="How long it lasts.")] = 90,
    reason: Why = "",
    name: Name = "",
    json: Json = False,
) -> None:
    """Make a token with which a program uses the API in the user's name; it is printed this once."""
    from ops.repairs.people import named
    from ops.repairs.tokens import make_token

    with reaching.database().begin() as connection:
        person = named(connection, reaching.actor(name), reason)
        done, made = make_token(connection, user, purpose, days, person=person)
    if json:
        printing.as_json([{"sentence": done.sentence, "token": made}])
    else:
        typer.echo(f"{done.sentence}\n{made}")


@app.command(epilog="Example: kk2 user tokens")
def tokens(name: Name = "", json: Json = False) -> None:
    """List the tokens of programs: whose, what for, until when, and when each was used last."""
    from ops.desk.people import USERS
    from ops.queries import people

    with reaching.reading_for(USERS.readers, name) as connection:
        found = people.tokens(connection)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("id", "user", "for", "until", "used", "ended"),
        [(t.id, t.person, t.purpose, t.ends_at, t.seen_at, t.ended_at) for t in found],
        right="id",
    )


@app.command("end-token", epilog='Example: kk2 user end-token 3 --reason "no longer used"')
def end_token(
    token_id: Annotated[
        int, typer.Argument(metavar="ID", help="The token's id, as `kk2 user tokens` shows it.")
    ],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """End a token before its time."""
    from ops.repairs.tokens import end_token

    act(lambda c, who: end_token(c, token_id, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command("list", epilog="Example: kk2 user list --state disabled")
def list_(state: StateOfUser = None, name: Name = "", json: Json = False) -> None:
    """List the users: their roles, how they sign in, and when they were seen last."""
    from ops.desk import listing
    from ops.desk.people import USERS

    with reaching.reading_for(USERS.readers, name) as connection:
        found = list(listing.everything(connection, USERS, listing.read(USERS, {"state": state or ""})))
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("name", "roles", "signs in by", "state", "seen"),
        [
            (u["name"], ", ".join(u["roles"]), ", ".join(u["signs_in"]), u["state"], u["seen_at"])
            for u in found
        ],
    )


@app.command(epilog="Example: kk2 user show kari")
def show(user: _User, name: Name = "", json: Json = False) -> None:
    """Show one user: roles, how they sign in, open sessions, tokens."""
    from ops.desk.people import USERS
    from ops.queries import people

    with reaching.reading_for(USERS.readers, name) as connection:
        found = people.shown(connection, user)
    if found is None:
        raise SaidNoError(f"there is no user {user}: kk2 user list")
    if json:
        printing.as_json([found])
        return
    there = f"{found.issuer or 'the sign-in service'} as {found.subject}" if found.subject else "no"
    printing.pairs(
        (
            ("user", found.name), ("roles", ", ".join(found.roles) or "none"), ("password", found.has_password),
            ("signs in elsewhere", there), ("disabled", found.disabled_at), ("open sessions", found.sessions),
            ("seen", found.seen_at), ("valid tokens", sum(token.valid for token in found.tokens)),
        )
    )  # fmt: skip


def _password(variable: str) -> str:
    given = os.environ.get(variable)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise CommandError(f"a password is wanted: set {variable}, or call it at a terminal")
    new = variable == "KK2_NEW_PASSWORD"
    return str(typer.prompt("new password" if new else "password", hide_input=True, confirmation_prompt=new))
