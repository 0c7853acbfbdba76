"""`kk2 shadow`: everything but delivery, compared day by day with what people post by hand; and its end."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.errors import NO, UNKNOWN
from ops.cli.making import DryRun, Json, Name, Since, Why, day, group

if TYPE_CHECKING:
    from ops.shadowing import InShadow
    from pipeline.shadowing import Beside

app = group("Shadow mode: everything but delivery, beside what people post by hand.", "shadow")


@app.callback()
def _shadow() -> None:
    """Shadow mode: everything but delivery, beside what people post by hand."""


@app.command(epilog="Example: kk2 shadow compare --day 2026-11-23")
def compare(
    company: Annotated[
        str | None, typer.Option(help="Only this company; else all that are in shadow.")
    ] = None,
    on: Annotated[
        date | None, typer.Option("--day", parser=day, metavar="DAY", help="Only this voucher date.")
    ] = None,
    since: Since = None,
    voucher_type: Annotated[
        str, typer.Option("--type", help="The voucher type that people use; else the company's own.")
    ] = "",
    json: Json = False,
) -> None:
    """Compare what we would have posted with Visma's vouchers of the day and type, whoever registered them.

    Of the last fortnight, unless a day is given. Visma tells sums of debits and no accounts: a group of ours is laid
    beside a voucher of its sum. Exit status 0: each day agrees; 1: a day differs; 3: Visma could not tell.
    """
    from ops import shadowing
    from ops.queries import asking
    from pipeline.shadowing import Likeness
    from workers.facts.shadows import COMPARED
    from workers.store.setup import current

    with reaching.reading(company=company) as connection:
        rows = current(connection).companies
        today = asking.today(connection)
    in_shadow = [code for code, dated in sorted(rows.items()) if not dated.latest().value.posting]
    first, last = (on, on) if on else (since or today - COMPARED, today)
    with reaching.database().connect() as connection:
        found = shadowing.beside(
            connection, reaching.accounting(), [company] if company else in_shadow, first, last,
            voucher_type=voucher_type,
        )  # fmt: skip
    if json:
        printing.as_json(found)
    else:
        _print(found)
    worst = {each.likeness for each in found}
    raise typer.Exit(NO if Likeness.DIFFERS in worst else UNKNOWN if Likeness.UNKNOWN in worst else 0)


@app.command(epilog='Example: kk2 shadow end 100 --reason "we post from Monday on"')
def end(
    company: Annotated[str, typer.Argument(metavar="COMPANY", help="The company, no longer in shadow.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Say that what was approved in shadow mode was posted by hand: it is counted, and never sent."""
    from ops.repairs.vouchers import end_shadow

    act(
        lambda c, who: end_shadow(c, company, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


def _print(found: "list[InShadow]") -> None:
    if not found:
        typer.echo("no company is in shadow mode")
    for each in found:
        if each.unknown:
            typer.echo(f"unknown {each.unknown}")
        elif not each.days:
            typer.echo(f"company {each.company}: nothing on these days, neither here nor in Visma")
        for compared in each.days:
            sums = f"ours {printing.kroner(compared.ours)}, Visma {printing.kroner(compared.theirs)} kr"
            typer.echo(
                f"{compared.likeness:<7} company {each.company} {compared.day}: {sums}: {compared.says}"
            )
            if compared.likeness != "agrees":
                printing.table(
                    ("account", "statement", "our kroner", "our vouchers", "Visma's no.", "Visma's kroner"),
                    [_row(row) for row in compared.rows],
                    right="our kroner",
                )


def _row(row: "Beside") -> tuple[str, ...]:
    theirs = ", ".join(row.theirs)
    there = printing.kroner(row.total) if row.theirs else "-"
    if row.ours is None:
        return ("-", "-", "-", "", theirs, there)
    ids = ", ".join(map(str, row.ours.vouchers))
    return (
        row.ours.account,
        row.ours.statement_ref,
        printing.kroner(row.ours.total),
        ids,
        theirs or "-",
        there,
    )
