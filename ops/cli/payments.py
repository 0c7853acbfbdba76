"""`kk2 payment`: each payment, why it is where it is, and the repairs of one that waits for a person."""

from typing import Annotated

import typer

from ops.cli.acting import act
from ops.cli.errors import CommandError
from ops.cli.making import DryRun, Json, Name, Why, group
from schemas.case import CoverOrder, Kind

app = group("Payments: see them, ask why, and help on those that wait for a person.", "payment")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The payment's id, as `kk2 payment list` shows it.")]
_Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="The payments' ids.")]


@app.command(epilog='Example: kk2 payment assign 17 --case 0221-00000038 --reason "the debtor called"')
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
    """Give a parked payment to a case; what stands on the suspense account is moved by the next voucher."""
    from ops.cli.cases import case_id
    from ops.repairs import payments as repairs

    found = case_id(case)
    act(lambda c, who: repairs.assign(c, payment, found, original=original, person=who),
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
