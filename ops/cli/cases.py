"""`kk2 case`: take in what KK2 knows of its cases, give back what became of them, and look."""

import csv
import sys
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.brought import print_brought
from ops.cli.choosing import StateOfCase
from ops.cli.errors import CommandError, SaidNoError
from ops.cli.making import DryRun, InFile, Json, Limit, Name, Why, day, group
from ops.cli.transactions import amount_of
from schemas.money import decimal_text
from schemas.wording import counted

app = group("Cases: apply what KK2 says, export what became of them, and look.", "case")
_Case = Annotated[str, typer.Argument(metavar="CASE", help="The case's number, or id:ID.")]


@app.command(epilog="Example: kk2 case apply cases.csv --dry-run   (its records: kk2 case records)")
def apply(file: InFile, dry_run: DryRun = False, name: Name = "", json: Json = False) -> None:
    """Take in cases, claims, waivers, withdrawals and merges from CSV or JSON, all or nothing; again changes nothing."""
    from ops import case_file

    applied = case_file.apply(reaching.database(), file, actor=reaching.actor(name), dry_run=dry_run)
    if json:
        printing.as_json(
            [{"records": applied.records, "opened": applied.opened, "changed": applied.changed,
              "renamed": applied.renamed, "done": not dry_run}]
        )  # fmt: skip
    else:
        would = "would be " if dry_run else ""
        typer.echo(
            f"{counted(applied.records, 'record')}: {counted(applied.opened, 'case')} {would}opened, {applied.changed} {would}changed, "
            f"{applied.renamed} {would}renamed"
        )
    reaching.ring(applied.rings)


@app.command("list", epilog="Example: kk2 case list --client KOM --state open")
def list_(
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    client: Annotated[str | None, typer.Option(help="Of this client.")] = None,
    state: StateOfCase = None,
    kid: Annotated[str | None, typer.Option(help="That this KID leads to.")] = None,
    customer: Annotated[str | None, typer.Option(help="Of this customer number.")] = None,
    debtor: Annotated[str | None, typer.Option(help="Whose name has this in it.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List cases by their number: debtor, state, and what is owed without the interest, which runs day by day."""
    from ops.queries import cases

    with reaching.reading(company=company, client=client) as connection:
        found = cases.listed(
            connection,
            company=company,
            client=client,
            state=state,
            kid=kid,
            customer_no=customer,
            debtor=debtor,
            most=limit,
        )
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("id", "case", "client", "customer", "debtor", "opened", "state", "kroner", "being split"),
        [
            (c.id, c.case_no, f"{c.company}/{c.client}", c.customer_no, c.debtor_name, c.opened_on, c.state,
             printing.kroner(c.balance), c.being_settled)
            for c in found
        ],
        right="id kroner",
    )  # fmt: skip


@app.command(epilog="Example: kk2 case show 0221-00000038 --on 2026-12-31")
def show(
    case: _Case,
    on: Annotated[
        date | None, typer.Option("--on", parser=day, metavar="DAY", help="As of this day; else today.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a case on a day: each claim with what is open and its interest, what each payment covered, its number in Visma."""
    from ops.queries import asking, cases, invoices
    from ops.queries.corrections import corrections

    found_id = case_id(case)
    with reaching.reading() as connection:
        found = cases.shown(connection, found_id, on or asking.today(connection))
        numbers = invoices.numbers(connection, company=None, client=None, state=None, case_id=found_id)
        brought = corrections(connection, found_id)
    if found is None:
        raise SaidNoError(f"there is no case {case}")
    if json:
        printing.as_json(
            [
                {
                    **asdict(found),
                    "numbers": [asdict(number) for number in numbers],
                    "corrections": asdict(brought),
                }
            ]
        )
        return
    c, owed = found.case, found.balance
    printing.pairs(
        [("case", f"{c.case_no} (id:{c.id}) of {c.company}/{c.client}"), ("debtor", f"{c.customer_no} {c.debtor_name}"),
         ("state", f"{c.state}, stopped against Visma" if c.stopped else c.state), ("merged into", c.merged_into and f"id:{c.merged_into}"), ("opened", c.opened_on), ("from", brought.origin), ("closed by a person", c.closed_on),
         ("KIDs", " ".join(found.kids)), (f"owed on {owed.day}", f"{printing.kroner(owed.total)} kr")]
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("item", "of", "invoice", "due", "was", "open", "interest"),
        [
            (o.item_id, o.kind, o.invoice_no, o.due_on, printing.kroner(o.amount), printing.kroner(o.open),
             printing.kroner(o.interest))
            for o in owed.claims
        ],
        right="item was open interest",
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("payment", "booked", "kroner", "principal", "costs", "fee", "interest", "rest"),
        [
            (
                p.payment_id,
                p.booked_on,
                *map(printing.kroner, (p.amount, p.principal, p.costs, p.fee, p.interest, p.rest)),
            )
            for p in found.payments
        ],
        right="payment kroner principal costs fee interest rest",
    )
    for number in numbers:
        typer.echo(f"case number on invoice {number.invoice_no} in Visma: {number.says}")
    for claim in owed.claims:
        if claim.credit:
            typer.echo(
                f"credit of {printing.kroner(claim.credit)} kr on invoice {claim.invoice_no}: it stands in Visma"
            )
    if found.moved:
        typer.echo("")
        printing.table(
            ("transaction", "day", "moved by Visma", "kroner", "item", "invoice", "voucher", "text"),
            [
                (t.id, t.day, t.kind, amount_of(t), t.item_id, t.invoice_no, t.voucher_no, t.text)
                for t in found.moved
            ],
            right="transaction kroner item",
        )
    print_brought(brought)


@app.command(epilog="Example: kk2 case records")
def records() -> None:
    """Show which records a file of cases may hold, and the keys of each."""
    from ops.case_rows import RECORDS

    printing.table(
        ("record", "keys", "that may be left out"),
        [
            (
                record,
                ", ".join(name for name, key in keys.items() if key.required),
                ", ".join(name for name, key in keys.items() if not key.required),
            )
            for record, keys in RECORDS.items()
        ],
    )


@app.command(epilog="Example: kk2 case export --since 2026-11-01 > to-kk2.csv")
def export(
    since: Annotated[date, typer.Option(parser=day, metavar="DAY", help="From this day on.")],
    json: Json = False,
) -> None:
    """Write what became of cases, for KK2: opened, paid (by payment and part), moved in Visma, closed; CSV, or JSON lines."""
    from dataclasses import astuple, fields, replace

    from ops.case_export import Exported
    from ops.case_export import export as exported

    with reaching.reading() as connection:
        found = exported(connection, since)
        if json:
            printing.as_json(found)
            return
        writer = csv.writer(sys.stdout, delimiter=";")
        writer.writerow([field.name for field in fields(Exported)])
        for each in found:
            writer.writerow(
                astuple(each)
                if each.amount is None
                else astuple(replace(each, amount=decimal_text(each.amount)))  # type: ignore[arg-type]
            )


@app.command(epilog='Example: kk2 case stop 0221-00000038 --reason "the invoice is disputed in Visma"')
def stop(case: _Case, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False) -> None:
    """Leave a case out of the control against Visma, which lists it as stopped; its money goes on as before."""
    from ops.repairs.stopping import stop_case

    found = case_id(case)
    act(lambda c, who: stop_case(c, found, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


@app.command(epilog="Example: kk2 case resume 0221-00000038")
def resume(
    case: _Case, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Hold a stopped case against Visma again, from the next control on."""
    from ops.repairs.stopping import resume_case

    found = case_id(case)
    act(
        lambda c, who: resume_case(c, found, person=who), name=name, reason=reason, dry_run=dry_run, json=json
    )


def case_id(case: str) -> int:
    """The id of a case that a person names: by its number, if only one client has it, or by `id:17`."""
    from ops.queries.naming import called

    with reaching.reading() as connection:
        found = called(connection, case)
    if not found:
        raise SaidNoError(f"there is no case {case}")
    if len(found) > 1:
        several = ", ".join(f"id:{each} ({client})" for each, client in found)
        raise CommandError(f"several clients have a case {case}: name one of {several}")
    return found[0][0]
