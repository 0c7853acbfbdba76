"""How a person's act is done from the command line: in one transaction, with a name on it, and then the workers are told."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from ops.cli import printing, reaching

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ops.repairs.acts import Done, Person


def act(
    do: "Callable[[Connection, Person], Done]", *, name: str, reason: str, dry_run: bool, json: bool
) -> None:
    """Do an act and commit it, or with `dry_run` take it back; a refusal goes to standard error with exit status 1."""
    from ops.repairs.people import named

    with reaching.database().connect() as connection:
        done = do(connection, named(connection, reaching.actor(name), reason))
        if dry_run:
            connection.rollback()
        else:
            connection.commit()
    if json:
        printing.as_json([{"done": not dry_run, "sentence": done.sentence}])
    else:
        typer.echo(f"dry run, nothing is changed: {done.sentence}" if dry_run else done.sentence)
    if not dry_run:
        reaching.ring(done.rings)
