"""`kk2 stop delivery` and `kk2 start delivery`: the brake on the way to Visma."""

from datetime import datetime
from typing import Annotated

import typer

from ops.cli.acting import act
from ops.cli.errors import CommandError
from ops.cli.making import DryRun, Json, Name, Why, group, moment

stop = group("Stop something that runs by itself.", "stop")
start = group("Let what was stopped go on.", "start")
_Company = Annotated[str, typer.Argument(metavar="[COMPANY]", help="One company; else all.")]
_Installation = Annotated[
    str, typer.Option(metavar="CODE", help="One installation: all companies that are in this Visma.")
]
_Until = Annotated[
    datetime | None,
    typer.Option(
        parser=moment, metavar="MOMENT", help="Until then, by the clock in Norway; else until it is started."
    ),
]


@stop.callback()
def _stop() -> None:
    """Stop something that runs by itself."""


@start.callback()
def _start() -> None:
    """Let what was stopped go on."""


@stop.command(
    "delivery",
    epilog='Example: kk2 stop delivery 100 --until "2026-03-05 08:00" --reason "Visma is upgraded tonight"',
)
def stop_delivery(
    company: _Company = "*",
    installation: _Installation = "",
    until: _Until = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Send nothing more to Visma, of a company, an installation or all, until a time or until it is started.

    It survives restarts. One client can't be stopped by itself: a voucher holds the lines of several.
    """
    from ops.repairs.braking import stop_delivery as stopped

    scope = _scope(company, installation)
    act(
        lambda c, who: stopped(c, scope, until, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@start.command("delivery", epilog="Example: kk2 start delivery 100")
def start_delivery(
    company: _Company = "*",
    installation: _Installation = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Send to Visma again; what waited goes at once."""
    from ops.repairs.braking import start_delivery as started

    scope = _scope(company, installation)
    act(lambda c, who: started(c, scope, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


def _scope(company: str, installation: str) -> str:
    if company != "*" and installation:
        raise CommandError("name a company or an installation, not both")
    from ops.repairs.braking import of_installation

    return of_installation(installation) if installation else company
