"""`kk2 visma`: what Visma has beside what we have."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.errors import NO, UNKNOWN, CommandError
from ops.cli.making import DryRun, Json, Name, Why, group

if TYPE_CHECKING:
    from ops.recovery import Recovered

app = group("What Visma has, beside what we have.", "visma")


@app.callback()
def _visma() -> None:
    """What Visma has, beside what we have."""


@app.command(epilog="Example: kk2 visma recover --dry-run")
def recover(
    same: Annotated[
        str, typer.Option(metavar="VOUCHER=REFERENCE", help="This voucher, never sent, is that one in Visma.")
    ] = "",
    apart: Annotated[
        str, typer.Option(metavar="REFERENCE", help="No voucher here will be that one in Visma.")
    ] = "",
    reason: Why = "after a restore",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """After a restore: take in what Visma has of ours, hold back what would be its double, start delivery again.

    Safe to call again: after the lost bank files were dropped once more, it finds their vouchers in Visma. Exit status
    1: a voucher in Visma is not accounted for; 3: Visma could not tell, and delivery stays stopped.
    """
    from ops import recovery
    from ops.repairs import recovering
    from ops.repairs.people import named

    with reaching.reading() as connection:
        person = named(connection, reaching.actor(name), reason)
    with reaching.database().connect() as connection:
        if same or apart:
            if same:
                step, rings = recovering.same(connection, *_pair(same), person=person)
            else:
                step, rings = recovering.apart(connection, apart, person=person)
            connection.rollback() if dry_run else connection.commit()
            found = recovery.Recovered((step,), (), (), 0, started=False)
        else:
            found, rings = recovery.recover(connection, reaching.accounting(), person, dry_run=dry_run)
    if json:
        printing.as_json([found])
    else:
        _print(found, dry_run=dry_run)
    if not dry_run:
        reaching.ring(rings)
    raise typer.Exit(NO if found.open or found.clashes else UNKNOWN if found.unknown else 0)


def _pair(written: str) -> tuple[int, str]:
    voucher, _, reference = written.partition("=")
    if not voucher.isdigit() or not reference:
        raise CommandError(f"expected VOUCHER=REFERENCE, as 17=K1-1-9, found {written!r}")
    return int(voucher), reference


def _print(found: "Recovered", *, dry_run: bool) -> None:
    if dry_run:
        typer.echo("dry run, nothing is changed")
    for step in found.steps:
        name = f"{step.reference} (Visma's no. {step.voucher_no}) " if step.reference else ""
        typer.echo(f"{'LOOK ' if step.clash else ''}{name}{step.says}")
    if found.open:
        typer.echo("in Visma and not accounted for; what has their date or sum is not sent:")
        printing.table(
            ("reference", "company", "Visma's no.", "date", "kroner", "lines"),
            [
                (o.reference, o.company, o.voucher_no, o.voucher_on, printing.kroner(o.total), o.lines)
                for o in found.open
            ],
            right="kroner lines",
        )
    for unknown in found.unknown:
        typer.echo(f"unknown {unknown}")
    if found.started:
        typer.echo(f"delivery {'would go' if dry_run else 'goes'} on")
    elif not found.steps and not found.open and not found.unknown:
        typer.echo("each voucher that Visma has of us is accounted for")
