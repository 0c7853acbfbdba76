"""`kk2 voucher`: see the vouchers and help those on that stopped on their way to Visma."""

from datetime import date
from typing import Annotated

import typer

from ops.cli import reaching
from ops.cli.acting import act
from ops.cli.errors import CommandError
from ops.cli.making import DryRun, Json, Name, Why, day, group
from ops.cli.printing import kroner

app = group(
    "The vouchers on their way to Visma: see them, retry, confirm, correct, discard, restore.", "voucher"
)
_Id = Annotated[int, typer.Argument(metavar="ID", help="The voucher's id, as `kk2 voucher list` shows it.")]
_Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number that it has in Visma.")]
_Day = Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="A voucher date.")]


@app.command(
    epilog="Examples: kk2 voucher retry 12   and   kk2 voucher retry --all --company 100 --code PeriodClosed --dry-run"
)
def retry(
    voucher: Annotated[int | None, typer.Argument(metavar="[ID]", help="One voucher.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All refused vouchers that the options below match.")
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

    With --all the number and the sum of what matches are shown before anything is sent.
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
    which = repairs.Which(company, code, first, last)
    with reaching.reading() as connection:
        number, total = repairs.matching(connection, which)
    typer.echo(f"{number} refused vouchers match, {kroner(total)} kr", err=json)
    if number and not yes and not dry_run:
        typer.confirm("Send them again?", abort=True, err=True)
    act(
        lambda c, who: repairs.retry_all(c, which, vouchers=number, total=total, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json,
    )  # fmt: skip


@app.command(epilog='Example: kk2 voucher confirm 12 4711 --reason "seen in voucher registration"')
def confirm(
    voucher: _Id,
    number: _Number,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """End a doubt: the voucher is in Visma, under this number."""
    from ops.repairs import vouchers as repairs

    act(lambda c, who: repairs.confirm(c, voucher, number, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 voucher absent 12 --reason "looked through all of Monday"')
def absent(
    voucher: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """End a doubt: somebody has looked and Visma does not have the voucher; it is sent again, with the same reference."""
    from ops.repairs import vouchers as repairs

    act(
        lambda c, who: repairs.absent(c, voucher, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(
    epilog='Example: kk2 voucher correct 12 --reason "wrong sub-ledger account; the setup is mended"'
)
def correct(
    voucher: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Take a voucher back that is not booked, so that its money is proposed anew once case or setup is corrected."""
    from ops.repairs import vouchers as repairs

    act(
        lambda c, who: repairs.void(c, voucher, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(
    epilog='Example: kk2 voucher discard 12 --posted-by-hand 4711 --reason "posted in Visma by Kari"'
)
def discard(
    voucher: _Id,
    posted_by_hand: Annotated[
        str, typer.Option(metavar="NUMBER", help="It was posted in Visma, under this number.")
    ] = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Send a voucher no more: it was posted by hand, or else its money goes back to the proposal."""
    from ops.repairs import vouchers as repairs

    if posted_by_hand:
        act(lambda c, who: repairs.by_hand(c, voucher, posted_by_hand, person=who),
            name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip
        return
    act(
        lambda c, who: repairs.void(c, voucher, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(epilog="Example: kk2 voucher restore 12")
def restore(
    voucher: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Take up again a voucher that was discarded or corrected, while nothing newer has taken its money."""
    from ops.repairs import vouchers as repairs

    act(
        lambda c, who: repairs.restore(c, voucher, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )
