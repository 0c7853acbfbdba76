"""`kk2 case import`, `ready`, `numbers`, `retry-numbers`: new cases from Visma, and their numbers' way back."""

from dataclasses import asdict
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.cases import case_id
from ops.cli.choosing import StateOfInvoice, StateOfNumber
from ops.cli.making import DryRun, Json, Limit, Name, Why
from ops.cli.reasons import repair_of

commands = typer.Typer()
_Company = Annotated[str | None, typer.Option(help="Of this company.")]
_Client = Annotated[str | None, typer.Option(help="Of this client.")]
_Case = Annotated[str | None, typer.Option("--case", help="Of this case: its number, or id:ID.")]


@commands.command("import", epilog="Example: kk2 case import 100")
def import_(
    company: Annotated[
        str | None, typer.Argument(metavar="COMPANY", help="The company; else each that imports.")
    ] = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Ask Visma now for invoices that are ready for collection; a parked one is weighed again with the setup of today."""
    from ops.repairs.invoices import import_now

    act(
        lambda c, who: import_now(c, company, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json,
    )  # fmt: skip


@commands.command(epilog="Example: kk2 case ready --state parked")
def ready(
    company: _Company = None,
    client: _Client = None,
    state: StateOfInvoice = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List invoices from Visma that have no case yet, why they wait, and the command that helps."""
    from ops.queries import invoices

    with reaching.reading(company=company, client=client) as connection:
        found = invoices.ready(connection, company=company, client=client, state=state, most=limit)
    if json:
        printing.as_json({**asdict(row), "repair": repair_of(row.reason)} for row in found)
        return
    printing.table(
        ("id", "invoice", "client", "customer", "proposal", "kroner", "state", "told", "because", "repair"),
        [
            (r.id, r.invoice_no, f"{r.company}/{r.client}", r.customer_no, r.proposal_no, printing.kroner(r.original), r.state,
             r.told_at, r.note or "", repair_of(r.reason))
            for r in found
        ],
        right="id kroner",
    )  # fmt: skip


@commands.command(epilog="Example: kk2 case numbers --state refused")
def numbers(
    company: _Company = None,
    client: _Client = None,
    case: _Case = None,
    state: StateOfNumber = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List where case numbers stand on their way to Visma: waiting, written, or refused with Visma's words."""
    from ops.queries import invoices

    found_id = case_id(case) if case else None
    with reaching.reading(company=company, client=client) as connection:
        found = invoices.numbers(
            connection, company=company, client=client, state=state, case_id=found_id, most=limit
        )
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("invoice", "case", "client", "since", "in Visma"),
        [
            (n.invoice_no, n.case_no, f"{n.company}/{n.client}", n.at, n.says)
            for n in found
        ],
    )  # fmt: skip


@commands.command(epilog="Example: kk2 case retry-numbers --client KOM --reason 'the customer is put right'")
def retry_numbers(
    company: _Company = None,
    client: _Client = None,
    case: _Case = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Write case numbers in Visma again that it refused or that wait: of a case, a client, a company, or all of them.

    Of a case that is named also those that were written: somebody in Visma may have taken the mark off.
    """
    from ops.repairs.invoices import Numbers, write_again

    which = Numbers(company, client, case_id(case) if case else None)
    act(
        lambda c, who: write_again(c, which, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json,
    )  # fmt: skip
