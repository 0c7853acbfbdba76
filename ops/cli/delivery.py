"""`kk2 stop delivery` and `kk2 start delivery`: the brake on the way to Visma."""

from typing import Annotated

import typer

from ops.cli.acting import act
from ops.cli.making import DryRun, Json, Name, Why, group

stop = group("Stop something that runs by itself.", "stop")
start = group("Let what was stopped go on.", "start")
_Company = Annotated[str, typer.Argument(metavar="[COMPANY]", help="One company; else all.")]


@stop.callback()
def _stop() -> None:
    """Stop something that runs by itself."""


@start.callback()
def _start() -> None:
    """Let what was stopped go on."""


@stop.command("delivery", epilog='Example: kk2 stop delivery 100 --reason "Visma is upgraded tonight"')
def stop_delivery(
    company: _Company = "*", reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Send nothing more to Visma, of a company or of all, until it is started again; survives restarts."""
    from ops.repairs.braking import stop_delivery as stopped

    act(lambda c, who: stopped(c, company, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


@start.command("delivery", epilog="Example: kk2 start delivery 100")
def start_delivery(
    company: _Company = "*", reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Send to Visma again; what waited goes at once."""
    from ops.repairs.braking import start_delivery as started

    act(lambda c, who: started(c, company, person=who), name=name, reason=reason, dry_run=dry_run, json=json)
