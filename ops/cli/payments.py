"""`kk2 payment`: each payment, why it is where it is, and the repairs of one that waits for a person."""

from dataclasses import asdict
from typing import Annotated

import typer

from ops.cli import cases, printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import StateOfPayment, WaitsFor
from ops.cli.errors import NO, CommandError, SaidNoError
from ops.cli.making import DryRun, Json, Limit, Name, Since, Why, group
from ops.cli.reasons import repair_of
from schemas.case import CoverOrder, Kind
from schemas.money import Money, from_decimal_text

app = group("Payments: see them, ask why, and help on those that wait for a person.", "payment")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The payment's id, as `kk2 payment list` shows it.")]
_Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="The payments' ids.")]


@app.command("list", epilog="Example: kk2 payment list --state parked --company 100")
def list_(
    state: StateOfPayment = None,
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    file: Annotated[int | None, typer.Option(metavar="ID", help="In this file.")] = None,
    kid: Annotated[str | None, typer.Option(help="With this KID.")] = None,
    case: Annotated[str | None, typer.Option(help="On this case: its number, or id:ID.")] = None,
    amount: Annotated[str | None, typer.Option(help="Of exactly these kroner, as 1234.50.")] = None,
    since: Since = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List payments, the newest first; beside one that waits for a person stands why, and the command that helps."""
    from ops.queries import payments

    case_id = None if case is None else cases.case_id(case)
    ore = None if amount is None else _kroner(amount)
    with reaching.reading(company=company) as connection:
        found = payments.listed(
            connection, state=state, company=company, file_id=file, kid=kid, case_id=case_id, amount=ore,
            first=since, last=None, most=limit,
        )  # fmt: skip
    if json:
        printing.as_json({**asdict(p), "repair": repair_of(p.reason)} for p in found)
        return
    printing.table(
        ("id", "file", "line", "booked", "kroner", "kid", "state", "case", "waits because", "repair"),
        [
            (p.id, p.file_id, p.line, p.booked_on, printing.kroner(p.amount), p.kid, p.state, p.case_no, p.note,
             repair_of(p.reason))
            for p in found
        ],
        right="id file line kroner",
    )  # fmt: skip


@app.command(epilog="Example: kk2 payment parked --company 100 --reason unknown_kid")
def parked(
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    reason: WaitsFor = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Show the payments that wait for a person, the oldest first, each with cases that something points to."""
    from ops.queries import payments

    with reaching.reading(company=company) as connection:
        found = payments.parked(connection, company=company, reason=reason, most=limit)
    if json:
        printing.as_json({**asdict(p), "repair": repair_of(p.payment.reason)} for p in found)
        return
    for each in found:
        p = each.payment
        typer.echo(f"payment {p.id}, {printing.kroner(p.amount)} kr, booked {p.booked_on}: {p.note}")
        typer.echo(f"    {repair_of(p.reason)}")
        for case in each.suggestions:
            typer.echo(f"    perhaps {case.case_no} ({case.confidence} of 100): {'; '.join(case.reasons)}")
    if not found:
        typer.echo("no payment waits for a person")


@app.command(epilog="Example: kk2 payment show 17")
def show(payment: _Id, json: Json = False) -> None:
    """Show one payment: where its money is, every split it ever had, cases that it may be for, and what people did."""
    from ops.queries import payments

    with reaching.reading() as connection:
        found = payments.shown(connection, payment)
    if found is None:
        raise SaidNoError(f"there is no payment {payment}")
    if json:
        printing.as_json([found])
        return
    p = found.payment
    printing.pairs(
        [("payment", f"{p.id}, file {p.file_id} line {p.line}"), ("state", p.state), ("kroner", printing.kroner(p.amount)),
         ("account", p.account), ("booked", p.booked_on), ("interest until", p.interest_on),
         ("statement", p.statement_ref), ("kid", p.kid), ("company", p.company), ("case", p.case_no),
         ("takes back payment", found.reverses), ("taken back by", found.taken_back_by), ("text", found.text),
         ("waits because", p.note), ("repair", repair_of(p.reason))]
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("split", "of", "invoice", "case", "kroner", "stands", "voucher", "which is", "in Visma"),
        [
            (s.id, s.kind, s.invoice_no, s.case_no, printing.kroner(s.amount), s.stands, s.voucher_id, s.voucher_state,
             s.voucher_no)
            for s in found.splits
        ],
        right="split kroner voucher",
    )  # fmt: skip
    for share in found.shares:
        typer.echo(f"{printing.kroner(share.amount)} kr of it is case {share.case_no}'s")
    for case in found.suggestions:
        typer.echo(f"perhaps {case.case_no} ({case.confidence} of 100): {'; '.join(case.reasons)}")
    for refund in found.refunds:
        typer.echo(
            f"refund {refund.id}, {printing.kroner(refund.amount)} kr: {refund.state} {refund.reference}".rstrip()
        )
    for note in found.notes:
        typer.echo(f"{note.at:%Y-%m-%d %H:%M} note by {note.actor}: {note.text}")
    for each in found.acts:
        typer.echo(f"{each.at:%Y-%m-%d %H:%M} {each.act} by {each.actor}: {each.reason}")


@app.command("why", epilog="Example: kk2 payment why 17")
def why_(payment: _Id, json: Json = False) -> None:
    """Say why a payment was split so: from the bank's line over order, interest and sums to Visma's number, in Norwegian."""
    from ops.why import as_text, why

    with reaching.reading() as connection:
        found = why(connection, payment)
    if found is None:
        raise SaidNoError(f"there is no payment {payment}")
    if json:
        printing.as_json([found])
    else:
        typer.echo(as_text(found))
    raise typer.Exit(0 if found.agrees else NO)


@app.command(
    epilog='Example: kk2 payment reject-suggestion 17 --case 0221-00000038 --reason "another Hansen"'
)
def reject_suggestion(
    payment: _Id,
    case: Annotated[str, typer.Option("--case", help="The suggested case's number, or id:ID.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Say that a suggested case is not the payment's: it is not suggested for it again."""
    from ops.repairs import reject_suggestion as reject

    found = cases.case_id(case)
    act(lambda c, who: reject(c, payment, found, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 payment release 17 18 --reason "two invoices of the same amount"')
def release(
    payments: _Ids, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Let held or parked payments go on: they are matched and split anew."""
    from ops.repairs import payments as repairs

    act(
        lambda c, who: repairs.release(c, payments, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(epilog='Example: kk2 payment refuse 17 --reason "the bank sent it twice"')
def refuse(
    payment: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Say that a held or parked payment is not to be booked by us: booked elsewhere, refunded, or sent twice."""
    from ops.repairs import payments as repairs

    act(
        lambda c, who: repairs.refuse(c, payment, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(
    epilog='Example: kk2 payment cover 17 --order costs,fee,interest,principal --reason "the debtor asked for it"'
)
def cover(
    payment: _Id,
    order: Annotated[str, typer.Option(help="principal, costs, fee and interest, each once, by comma.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Cover one payment in the order that the debtor chose, instead of the client's; its case is split anew."""
    from ops.repairs import payments as repairs

    kinds = _order(order)
    act(lambda c, who: repairs.choose_order(c, payment, kinds, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


def _order(text: str) -> CoverOrder:
    try:
        return tuple(Kind[word.strip().upper()] for word in text.split(","))
    except KeyError as strange:
        raise CommandError(f"{strange} is not one of principal, costs, fee, interest") from None


def _kroner(text: str) -> Money:
    try:
        return from_decimal_text(text.replace(",", "."))
    except ValueError:
        raise CommandError(f"{text!r} is not an amount in kroner, as 1234.50") from None
