"""`kk2 drill`: rehearse a fault on a training site."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.errors import NO
from ops.cli.making import Json, Name, group

if TYPE_CHECKING:
    from ops.drill import Result

commands = group("Rehearsals.")


@commands.command(epilog="Example: KK2_FOLDER=/srv/training kk2 drill worker-killed")
def drill(
    which: Annotated[
        str, typer.Argument(metavar="[NAME]", help="The drill; without it all are listed.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="Seconds until it has failed.")] = 600,
    name: Name = "",
    json: Json = False,
) -> None:
    """Play a fault on a running training site, wait until all work has ended, and prove that every øre is where it belongs.

    Each brings a bank file of small payments. Exit status 0: it held; 1: it did not, and what did not is named; 2: it can't
    be played here, and nothing was struck. Only where KK2_TRAINING is true and every Visma of the setup is simulated.
    """
    from ops.drill import DRILLS, Ground, play
    from ops.repairs.people import named

    if not which:
        _list(json=json)
        return
    found = {each.name: each for each in DRILLS}.get(which)
    if found is None:
        raise typer.BadParameter(
            f"no such drill: {which}; there are {', '.join(each.name for each in DRILLS)}", param_hint="NAME"
        )
    site, engine = reaching.site(), reaching.database()
    with reaching.reading() as connection:
        person = named(connection, reaching.actor(name), f"drill {which}")
    ground = Ground(
        engine, site, reaching.accounting(), person, reaching.ring, _teller(json=json), float(limit)
    )
    result = play(ground, found)
    if json:
        printing.as_json([result])
    else:
        _print(result)
    raise typer.Exit(0 if result.passed else NO)


def _list(*, json: bool) -> None:
    from ops.drill import DRILLS

    if json:
        printing.as_json(
            {"drill": d.name, "does": d.does, "seconds": d.seconds, "look": d.look} for d in DRILLS
        )
        return
    printing.table(
        ("drill", "what it does", "about", "look at"),
        [(each.name, each.does, f"{each.seconds} s", each.look) for each in DRILLS],
    )


def _teller(*, json: bool) -> Callable[[str], None]:
    """Say what is done with the time since the command began; programs are told the end alone."""
    import time

    began = time.monotonic()
    return lambda said: None if json else typer.echo(f"{time.monotonic() - began:6.1f} s  {said}")


def _print(result: "Result") -> None:
    for check in result.checks:
        typer.echo(f"{'ok  ' if check.holds else 'FAIL'}  {check.what}: {check.found}")
    verdict = "passed" if result.passed else "FAILED"
    typer.echo(f"{result.drill} {verdict}, {result.seconds:.1f} s from the fault to the end of all work")
    typer.echo(f"look at: {result.look}")
