"""`kk2 case add-cost`, `waive`, `withdraw`, `merge`, `close` and their opposites; `ageing`: a person corrects a case."""

from datetime import date
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.cases import case_id
from ops.cli.choosing import one_of
from ops.cli.making import DryRun, Json, Limit, Name, Why, day, kroner
from schemas.case import Kind

commands = typer.Typer()
_Case = Annotated[str, typer.Argument(metavar="CASE", help="The case's number, or id:ID.")]
_Amount = Annotated[
    int, typer.Option("--amount", parser=kroner, metavar="KRONER", help="Kroner, as 38 or 1234.50.")
]
_Item = Annotated[int, typer.Option("--item", help="The item's id, as `kk2 case show` names it.")]


@commands.command(
    "add-cost",
    epilog='Example: kk2 case add-cost 0221-00000038 --kind fee --amount 38 --reason "notice of 2026-11-02"',
)
def add_cost(
    case: _Case,
    amount: _Amount,
    kind: Annotated[
        str, typer.Option("--kind", parser=one_of(("costs", "fee")), metavar="KIND", help="costs or fee.")
    ],
    due: Annotated[
        date | None, typer.Option("--due", parser=day, metavar="DAY", help="When it is due; else today.")
    ] = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Add a cost or fee to a case; payments are split anew, and what is booked already is corrected by the next proposal."""
    from ops.repairs.claims import Claim
    from ops.repairs.claims import add_cost as add

    found = case_id(case)
    claim = Claim(Kind[kind.upper()], amount, due)
    act(lambda c, who: add(c, found, claim, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


@commands.command(epilog='Example: kk2 case withdraw 0221-00000038 --item 112 --reason "added twice"')
def withdraw(
    case: _Case, item: _Item, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Take back a cost or fee that a person added, with its waivers."""
    from ops.repairs.claims import withdraw as take_back

    found = case_id(case)
    act(
        lambda c, who: take_back(c, found, item, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@commands.command(
    epilog='Example: kk2 case waive 0221-00000038 --item 111 --part interest --reason "agreed by phone"'
)
def waive(
    case: _Case,
    item: _Item,
    part: Annotated[
        str,
        typer.Option(
            "--part",
            parser=one_of(("principal", "costs", "fee", "interest")),
            metavar="PART",
            help="What the item is, or the interest of an invoice.",
        ),
    ],
    amount: Annotated[
        int | None,
        typer.Option(
            "--amount", parser=kroner, metavar="KRONER", help="Kroner; else all that is owed of it."
        ),
    ] = None,
    on: Annotated[
        date | None, typer.Option("--on", parser=day, metavar="DAY", help="From this day; else today.")
    ] = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Let part of a claim go, at most what is owed of it on the day; it is never bank money."""
    from ops.repairs.claims import LetGo
    from ops.repairs.claims import waive as let

    found = case_id(case)
    let_go = LetGo(item, Kind[part.upper()], amount, on)
    act(
        lambda c, who: let(c, found, let_go, person=who), name=name, reason=reason, dry_run=dry_run, json=json
    )


@commands.command(
    "withdraw-waiver", epilog='Example: kk2 case withdraw-waiver 0221-00000038 --waiver 7 --reason "not kept"'
)
def withdraw_waiver(
    case: _Case,
    waiver: Annotated[int, typer.Option("--waiver", help="The waiver's id, as `kk2 case show` names it.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Take back a waiver that a person gave: it is owed again."""
    from ops.repairs.claims import withdraw_waiver as take_back

    found = case_id(case)
    act(
        lambda c, who: take_back(c, found, waiver, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@commands.command(epilog='Example: kk2 case merge 0221-00000038 --into 0221-00000040 --reason "one debtor"')
def merge(
    case: _Case,
    into: Annotated[str, typer.Option("--into", metavar="CASE", help="The main case: its number, or id:ID.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Merge a case into another of the same debtor, which then owes what is left; the merged one's KID leads there."""
    from ops.repairs.merging import merge as merge_into

    found, main = case_id(case), case_id(into)
    act(
        lambda c, who: merge_into(c, found, main, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@commands.command(epilog='Example: kk2 case unmerge 0221-00000038 --reason "two debtors after all"')
def unmerge(
    case: _Case, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Part a case that a person merged: what was carried over is its own again; payments stay where they were split."""
    from ops.repairs.merging import unmerge as part

    found = case_id(case)
    act(lambda c, who: part(c, found, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


@commands.command(epilog='Example: kk2 case close 0221-00000038 --reason "the estate is insolvent"')
def close(
    case: _Case, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Close a case with its rest, whatever it is. Nothing goes to Visma; a later payment is taken in as before."""
    from ops.repairs.closing import close as close_case

    found = case_id(case)
    act(lambda c, who: close_case(c, found, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


@commands.command(epilog='Example: kk2 case reopen 0221-00000038 --reason "found in employment"')
def reopen(
    case: _Case, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Open again a case that a person closed."""
    from ops.repairs.closing import reopen as open_again

    found = case_id(case)
    act(lambda c, who: open_again(c, found, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


@commands.command(epilog="Example: kk2 case ageing --within 90 --client KOM")
def ageing(
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    client: Annotated[str | None, typer.Option(help="Of this client.")] = None,
    within: Annotated[int, typer.Option(min=0, max=365, help="Days from today.")] = 180,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List open cases whose oldest invoice is barred by limitation soon, or is already; what stops it stands in KK2."""
    from ops.queries import ageing as queries

    with reaching.reading(company=company, client=client) as connection:
        found = queries.ageing(connection, company=company, client=client, within=within, most=limit)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("case", "client", "customer", "debtor", "invoice", "due", "open", "barred", "days"),
        [
            (a.case_no, f"{a.company}/{a.client}", a.customer_no, a.debtor_name, a.invoice_no, a.due_on,
             printing.kroner(a.open), a.barred_on, a.days)
            for a in found
        ],
        right="open days",
    )  # fmt: skip
