"""`kk2 payment assign`, `split`, `undo`, `comment`, and what is to go back to its payer: overpaid, refund, refunds, refunded, ageing."""

import sys
from datetime import date
from typing import Annotated

import typer

from ops.cli import cases, printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import REFUND_STATES, one_of
from ops.cli.errors import CommandError
from ops.cli.making import DryRun, Json, Limit, Name, Why, day, group, kroner
from schemas.money import Money

commands = group("")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The payment's id, as `kk2 payment list` shows it.")]
_Refund = Annotated[
    int, typer.Argument(metavar="REFUND", help="The refund's id, as `kk2 payment refunds` shows it.")
]
_Company = Annotated[str | None, typer.Option(help="Of this company.")]


@commands.command(epilog='Example: kk2 payment assign 17 --case 0221-00000038 --reason "the debtor called"')
def assign(
    payment: _Id,
    case: Annotated[str, typer.Option("--case", help="The case's number, or id:ID.")],
    original: Annotated[
        int | None, typer.Option(help="Of money that goes out: the payment that it takes back.")
    ] = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Give a payment to a case: a parked one, or one that is settled elsewhere. The next voucher moves what was posted."""
    from ops import repairs

    found = cases.case_id(case)
    act(lambda c, who: repairs.assign(c, payment, found, original=original, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@commands.command(epilog="Example: kk2 payment split 17 --case 0221-00000038=400.00 --case id:9=600.00")
def split(
    payment: _Id,
    case: Annotated[
        list[str],
        typer.Option("--case", metavar="CASE=KRONER", help="A case and its share; for each case once more."),
    ],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Share a payment over several cases, from where it is now; together the shares are the payment."""
    from ops import repairs

    shares = [_share(each) for each in case]
    act(lambda c, who: repairs.share_out(c, payment, shares, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@commands.command(epilog='Example: kk2 payment undo 17 --reason "it was for another debtor"')
def undo(
    payment: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Take a settled payment off its case, or its cases: it waits for a person, and the next proposal takes it back."""
    from ops import repairs

    act(
        lambda c, who: repairs.undo(c, payment, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@commands.command(epilog='Example: kk2 payment comment 17 "the debtor says that it was for two invoices"')
def comment(
    payment: _Id,
    words: Annotated[str, typer.Argument(metavar="TEXT", help="The note; `-` reads it from standard input.")],
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Keep a note on a payment; it is never changed, and stands in no log."""
    from ops import repairs

    said = sys.stdin.read() if words == "-" else words
    act(
        lambda c, who: repairs.comment(c, payment, said, person=who),
        name=name,
        reason="",
        dry_run=dry_run,
        json=json,
    )


@commands.command(epilog="Example: kk2 payment overpaid --company 100")
def overpaid(
    company: _Company = None,
    client: Annotated[str | None, typer.Option(help="Of this client.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List overpayments that were not paid back, the oldest first."""
    from ops.queries import refunds

    with reaching.reading(company=company, client=client) as connection:
        found = refunds.overpaid(connection, company=company, client=client, most=limit)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("payment", "case", "company", "client", "policy", "booked", "days", "overpaid", "paid back", "refund"),
        [
            (o.payment_id, o.case_no, o.company, o.client, o.policy, o.booked_on, o.age, printing.kroner(o.rest),
             printing.kroner(o.refunded), o.refund_id)
            for o in found
        ],
        right="payment days overpaid refund",
    )  # fmt: skip


@commands.command(epilog='Example: kk2 payment refund 17 --amount 250.00 --reason "paid twice"')
def refund(
    payment: _Id,
    amount: Annotated[
        Money | None,
        typer.Option("--amount", parser=kroner, metavar="KRONER", help="Kroner; else all that can go back."),
    ] = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Propose that money of a parked payment, or an overpayment, is paid back. It pays and books nothing by itself."""
    from ops import repairs

    act(lambda c, who: repairs.propose_refund(c, payment, amount, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@commands.command(epilog="Example: kk2 payment refunds --state proposed")
def refunds(
    company: _Company = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state", parser=one_of(REFUND_STATES), metavar="STATE", help="proposed, done or withdrawn."
        ),
    ] = "proposed",
    payment: Annotated[int | None, typer.Option(metavar="ID", help="Of this payment.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List what is to be paid back, with the payer's account: whoever pays it reads it here."""
    from ops.queries import refunds as queries

    with reaching.reading(company=company) as connection:
        found = queries.refunds(connection, company=company, state=state, payment_id=payment, most=limit)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("refund", "payment", "company", "kroner", "left of it", "to account", "state", "by", "paid", "reference"),
        [
            (r.id, r.payment_id, r.company, printing.kroner(r.amount), printing.kroner(r.left), r.debit_account, r.state,
             r.ended_by or r.proposed_by, r.paid_on, r.reference)
            for r in found
        ],
        right="refund payment kroner",
    )  # fmt: skip


@commands.command(epilog="Example: kk2 payment refunded 3 --on 2026-03-20 --reference 20260320-17")
def refunded(
    refund: _Refund,
    on: Annotated[
        date, typer.Option("--on", parser=day, metavar="DAY", help="The day on which it was paid.")
    ],
    reference: Annotated[str, typer.Option(help="The bank's or Visma's reference, so that it can be found.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Say that a refund was paid. Visma's people book it: the bridge posts nothing of it."""
    from ops import repairs

    act(lambda c, who: repairs.refunded(c, refund, paid_on=on, reference=reference, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@commands.command(
    "withdraw-refund", epilog='Example: kk2 payment withdraw-refund 3 --reason "a new claim took it"'
)
def withdraw_refund(
    refund: _Refund, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Say that a proposed refund is not to be paid after all."""
    from ops import repairs

    act(lambda c, who: repairs.withdraw_refund(c, refund, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@commands.command(epilog="Example: kk2 payment ageing --company 100")
def ageing(company: _Company = None, json: Json = False) -> None:
    """Show parked money by company and by the days since it was booked."""
    from ops.queries import refunds

    with reaching.reading(company=company) as connection:
        found = refunds.ageing(connection, company=company)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("company", "days", "payments", "kroner"),
        [(a.company or "(none)", a.days, a.payments, printing.kroner(a.amount)) for a in found],
        right="payments kroner",
    )


def _share(text: str) -> tuple[int, Money]:
    case, equals, amount = text.rpartition("=")
    if not equals:
        raise CommandError(f"expected a case and its share, as 0221-00000038=400.00, found {text!r}")
    return cases.case_id(case), kroner(amount)
