"""`kk2 transaction`: what happened to our invoices in Visma, what that moved, and what a person may do about it."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import StateOfTransaction, WaitsFor
from ops.cli.errors import SaidNoError
from ops.cli.making import DryRun, Json, Limit, Name, Why, group
from ops.cli.reasons import repair_of

if TYPE_CHECKING:
    from ops.queries.transactions import TransactionRow

app = group("Transactions from Visma: what happened to our invoices there, and what it moved.", "transaction")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The transaction's id, as the list shows it.")]


@app.command(epilog="Example: kk2 transaction fetch 100")
def fetch(
    company: Annotated[str, typer.Argument(metavar="[COMPANY]", help="One company; else all.")] = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Ask Visma now what happened to our invoices there; the clock does so each day by itself."""
    from ops.repairs.transactions import fetch_now

    act(
        lambda c, who: fetch_now(c, company, person=who), name=name, reason=reason, dry_run=dry_run, json=json
    )


@app.command("list", epilog="Example: kk2 transaction list --state parked --company 100")
def list_(
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    state: StateOfTransaction = None,
    reason: WaitsFor = None,
    invoice: Annotated[str | None, typer.Option(help="On this invoice.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List transactions, the newest first; debit is positive, so a payment is negative. Parked ones with their repair."""
    from ops.queries import transactions

    with reaching.reading(company=company) as connection:
        found = transactions.listed(
            connection, company=company, state=state, reason=reason, invoice_no=invoice, most=limit
        )
    if json:
        printing.as_json(found)
        return
    _print(found)


@app.command(epilog="Example: kk2 transaction show 17")
def show(transaction: _Id, json: Json = False) -> None:
    """Show a transaction with all of its corrections, what it moves, and what people did with it."""
    from ops.queries import transactions

    with reaching.reading() as connection:
        found = transactions.shown(connection, transaction)
    if found is None:
        raise SaidNoError(f"there is no transaction {transaction}")
    if json:
        printing.as_json([found])
        return
    t = found.transaction
    printing.pairs(
        [("transaction", f"{t.id}, in Visma {t.transaction_id}, version {t.version}"), ("company", t.company),
         ("what", f"{t.kind} of {amount_of(t)} kr on {t.day}"), ("invoice", t.invoice_no),
         ("voucher", f"{t.voucher_no}, line {t.line}"), ("type", t.voucher_type), ("registrar", t.registrar),
         ("reference", t.reference), ("text", t.text), ("came", t.came_at), ("state", t.state),
         ("case", t.case_no and f"{t.case_no} (id:{t.case_id}), item {t.item_id}"), ("waits", t.note),
         ("repair", repair_of(t.reason))]
    )  # fmt: skip
    typer.echo("")
    _print(found.versions)
    for each in found.acts:
        typer.echo(f"{each.at:%Y-%m-%d} {each.actor}: {each.act}; {each.reason}")


@app.command(epilog="Example: kk2 transaction retry 17   (without an ID: all that are parked)")
def retry(
    transactions: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Of these only.")
    ] = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Decide parked transactions again, by what is known now: a case came, a voucher ended, the setup is complete."""
    from ops.repairs.transactions import retry as again

    act(
        lambda c, who: again(c, transactions or [], person=who), name=name, reason=reason, dry_run=dry_run, json=json
    )  # fmt: skip


@app.command(epilog="Example: kk2 transaction apply 17 --item 4 --reason 'booked by hand under WS-Inf'")
def apply(
    transaction: _Id,
    item: Annotated[
        int | None, typer.Option(help="The invoice's item, as `kk2 case show` has it; else by its number.")
    ] = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Let a parked transaction, or one set aside, move an invoice's principal; its case is settled again."""
    from ops.repairs.transactions import apply as applied

    act(
        lambda c, who: applied(c, transaction, item, person=who), name=name, reason=reason, dry_run=dry_run, json=json
    )  # fmt: skip


@app.command("set-aside", epilog="Example: kk2 transaction set-aside 17 --reason 'our own voucher of 2024'")
def set_aside(
    transaction: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Say that a parked or applied transaction moves nothing here, for instance because the money is here already."""
    from ops.repairs.transactions import set_aside as aside

    act(
        lambda c, who: aside(c, transaction, person=who), name=name, reason=reason, dry_run=dry_run, json=json
    )


def amount_of(row: "TransactionRow") -> str:
    """The amount, with the one that it corrects: `-300.00 was -400.00`."""
    return printing.kroner(row.amount) + ("" if row.was is None else f" was {printing.kroner(row.was)}")


def _print(found: "tuple[TransactionRow, ...]") -> None:
    printing.table(
        ("id", "company", "day", "voucher", "kind", "invoice", "kroner", "state", "case", "reason", "repair"),
        [
            (t.id, t.company, t.day, t.voucher_no, t.kind, t.invoice_no, amount_of(t), t.state, t.case_no, t.reason,
             repair_of(t.reason))
            for t in found
        ],
        right="id kroner",
    )  # fmt: skip
