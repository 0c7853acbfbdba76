"""`kk2 user`: who may sign in to the console, and do what, there and here."""

import os
import sys
from typing import Annotated

import typer

from ops.access import Role
from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import one_of
from ops.cli.errors import CommandError
from ops.cli.making import DryRun, Json, Name, Why, group

app = group("Users: who may sign in to the console, and do what, there and here.", "user")
_User = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]


@app.command(epilog="Example: kk2 user add kari --role clerk --role operator")
def add(
    user: _User,
    role: Annotated[
        list[str], typer.Option("--role", parser=one_of(Role), metavar="ROLE", help=f"{', '.join(Role)}.")
    ],
    subject: Annotated[str, typer.Option(help="What the sign-in service (OIDC) calls the user.")] = "",
    keep_password: Annotated[
        bool, typer.Option("--keep-password", help="Ask for none: it stays, or there is none.")
    ] = False,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Add a user, or change one: the roles, the password, or back after `kk2 user disable`.

    The password is asked for, or taken from KK2_NEW_PASSWORD; it stands in no command line.
    """
    from ops.repairs import people

    password = None if keep_password else _password()
    roles = [Role(each) for each in role]
    act(lambda c, who: people.add(c, user, roles, password, subject or None, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 user disable kari --reason "has left"')
def disable(
    user: _User, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Let a user sign in and act no more, from this moment; sessions that are open end."""
    from ops.repairs import people

    act(
        lambda c, who: people.disable(c, user, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


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
    from ops.repairs import people
    from ops.repairs.people import named

    with reaching.database().begin() as connection:
        person = named(connection, reaching.actor(name), reason)
        done, made = people.make_token(connection, user, purpose, days, person=person)
    if json:
        printing.as_json([{"sentence": done.sentence, "token": made}])
    else:
        typer.echo(f"{done.sentence}\n{made}")


@app.command(epilog="Example: kk2 user tokens")
def tokens(json: Json = False) -> None:
    """List the tokens of programs: whose, what for, until when, and when each was used last."""
    from ops.queries import people

    with reaching.reading() as connection:
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
    from ops.repairs import people

    act(
        lambda c, who: people.end_token(c, token_id, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command("list", epilog="Example: kk2 user list")
def list_(json: Json = False) -> None:
    """List the users: their roles, how they sign in, and when they were seen last."""
    from ops.queries import people

    with reaching.reading() as connection:
        found = people.users(connection)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("name", "roles", "signs in by", "seen", "disabled"),
        [(u.name, ", ".join(u.roles), u.signs_in, u.seen_at, u.disabled_at) for u in found],
    )


def _password() -> str:
    given = os.environ.get("KK2_NEW_PASSWORD")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise CommandError(
            "a password is wanted: set KK2_NEW_PASSWORD, or call it at a terminal, or --keep-password"
        )
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
