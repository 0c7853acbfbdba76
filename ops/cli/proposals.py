"""`kk2 proposal`: the posting proposals as they stand now, and a person's approval of exactly what was shown."""

from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.making import DryRun, Json, Name, Why, group
from schemas.wording import counted

app = group("Posting proposals: what would be posted now, and a person's approval of it.", "proposal")
_Company = Annotated[str, typer.Argument(metavar="COMPANY", help="The company's code.")]
_File = Annotated[int | None, typer.Option("--file", metavar="ID", help="Only the payments of this file.")]


@app.command("list", epilog="Example: kk2 proposal list")
def list_(json: Json = False) -> None:
    """List the proposal of each company: payments, kroner, what is parked, and why it waits for a person."""
    from ops.queries import proposals

    with reaching.reading() as connection:
        companies = proposals.companies_with_proposals(connection)
        found = [proposals.proposal(connection, company, None) for company in companies]
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("company", "payments", "kroner", "parked", "waits because"),
        [(p.company, p.payments, printing.kroner(p.amount), p.parked, _first_of(p.waits)) for p in found],
        right="payments kroner parked",
    )


@app.command(epilog="Example: kk2 proposal show 100")
def show(company: _Company, file: _File = None, json: Json = False) -> None:
    """Show a company's proposal as it is now, one row for each sum on the bank statement, and its digest."""
    from ops.queries import proposals

    with reaching.reading(company=company) as connection:
        found = proposals.proposal(connection, company, file)
    if json:
        printing.as_json([found])
        return
    printing.table(
        ("account", "booked", "statement", "payments", "kroner", "parked", "kroner parked"),
        [
            (g.account, g.booked_on, g.statement_ref, g.payments, printing.kroner(g.amount), g.parked,
             printing.kroner(g.parked_amount))
            for g in found.groups
        ],
        right="payments kroner parked",
    )  # fmt: skip
    typer.echo(
        f"\n{counted(found.payments, 'payment')}, {printing.kroner(found.amount)} kr; {found.parked} of them parked"
    )
    for why in found.waits:
        typer.echo(f"waits: {why}")
    typer.echo(f"digest {found.digest}")


@app.command(epilog="Example: kk2 proposal approve 100 --digest 3fa1b2c4d5e6f708:480:12345600:3")
def approve(
    company: _Company,
    file: _File = None,
    digest: Annotated[
        str, typer.Option(help="The digest of what was shown; without it, what stands now is shown.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask after showing what stands now.")] = False,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Approve and post a company's proposal, exactly as it was shown: a change since then is said and nothing is posted."""
    from ops.queries import proposals
    from ops.repairs.proposals import approve as approved

    if not digest:
        with reaching.reading(company=company) as connection:
            shown = proposals.proposal(connection, company, file)
        typer.echo(
            f"company {company}: {counted(shown.payments, 'payment')}, {printing.kroner(shown.amount)} kr, {shown.parked} parked",
            err=json,
        )
        if not yes and not dry_run:
            typer.confirm("Approve and post them?", abort=True, err=True)
        digest = shown.digest
    act(
        lambda c, who: approved(c, company, file, digest, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json,
    )  # fmt: skip


def _first_of(waits: tuple[str, ...]) -> str:
    """The oldest reason in full; `proposal show` has them all."""
    return f"{waits[0]} (and {len(waits) - 1} more)" if len(waits) > 1 else "".join(waits)
