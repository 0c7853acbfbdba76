"""`kk2 voucher failed` and `kk2 voucher retry`: what is not delivered, by cause, and sending it again."""

from datetime import date
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.errors import CommandError
from ops.cli.making import DryRun, Json, Name, Why, day
from ops.cli.printing import kroner
from schemas.wording import counted

commands = typer.Typer()
_Day = Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="A voucher date.")]


@commands.command(epilog="Example: kk2 voucher failed")
def failed(json: Json = False) -> None:
    """Show what is not delivered, by cause, the greatest sum first: an example of each, and what to do."""
    from ops.queries import pauses, vouchers

    with reaching.reading() as connection:
        found, stops = vouchers.failures(connection), pauses.standing(connection)
    if json:
        printing.as_json([*stops, *found])
        return
    for stop in stops:
        ends = f" until {printing.moment(stop.until)}" if stop.until else ""
        typer.echo(
            f"delivery of {stop.scope} is stopped by {stop.actor}{ends}: {stop.reason}; "
            f"{counted(stop.vouchers, 'voucher')}, {kroner(stop.total)} kr"
        )
    printing.table(
        ("cause", "code", "vouchers", "kroner", "oldest", "example", "what to do", "Visma says"),
        [
            (f.cause, f.code, f.vouchers, printing.kroner(f.total), f.oldest, f.example, f.do, f.note)
            for f in found
        ],
        right="vouchers kroner example",
    )


@commands.command(
    epilog="Examples: kk2 voucher retry 12   and   kk2 voucher retry --all --company 100 --code PeriodClosed --dry-run"
)
def retry(
    voucher: Annotated[int | None, typer.Argument(metavar="[ID]", help="One voucher.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All refused vouchers that the options below match.")
    ] = False,
    gave_up: Annotated[
        bool, typer.Option("--gave-up", help="With --all: those that Visma did not answer for days, instead.")
    ] = False,
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    code: Annotated[str | None, typer.Option(help="Refused with this code of Visma's.")] = None,
    first: _Day = None,
    last: _Day = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before all that match are sent.")] = False,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Send a refused voucher again, with the same reference; one in doubt is asked for first.

    With --all the number and the sum of what matches are shown before anything is sent; a job sends them (kk2 job show).
    """
    from ops.repairs import vouchers as repairs

    if (voucher is None) is not every:
        raise CommandError("name one voucher, or give --all")
    if voucher is not None:
        act(
            lambda c, who: repairs.retry(c, voucher, person=who),
            name=name,
            reason=reason,
            dry_run=dry_run,
            json=json,
        )
        return
    which = repairs.Which(company, code, first, last, gave_up)
    with reaching.reading(company=company) as connection:
        number, total = repairs.matching(connection, which)
    typer.echo(f"{counted(number, 'failed voucher')} found, {kroner(total)} kr", err=json)
    if number and not yes and not dry_run:
        typer.confirm("Send them again?", abort=True, err=True)
    act(
        lambda c, who: repairs.retry_all(c, which, vouchers=number, total=total, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json,
    )  # fmt: skip
