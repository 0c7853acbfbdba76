"""`kk2 voucher`: see the vouchers and help those on that stopped on their way to Visma."""

from datetime import date
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import BecauseOf, CauseOfFailure, StateInVisma, StateOfVoucher
from ops.cli.errors import CommandError, SaidNoError
from ops.cli.making import DryRun, Json, Limit, Name, Why, day, group
from ops.cli.making import kroner as in_ore
from ops.cli.printing import kroner
from schemas.voucher import Discarded

app = group(
    "The vouchers on their way to Visma: see them, retry, confirm, correct, discard, restore.", "voucher"
)
_Id = Annotated[int, typer.Argument(metavar="ID", help="The voucher's id, as `kk2 voucher list` shows it.")]
_Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number that it has in Visma.")]
_Day = Annotated[date | None, typer.Option(parser=day, metavar="DAY", help="A voucher date.")]


@app.command("list", epilog="Example: kk2 voucher list --state refused --company 100")
def list_(
    state: StateOfVoucher = None,
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    code: Annotated[str | None, typer.Option(help="With this code of Visma's.")] = None,
    cause: CauseOfFailure = None,
    search: Annotated[str | None, typer.Option(help="Our reference, or the number in Visma.")] = None,
    amount: Annotated[
        int | None, typer.Option(parser=in_ore, metavar="KRONER", help="Of this sum, as 1234.50.")
    ] = None,
    in_visma: StateInVisma = None,
    first: _Day = None,
    last: _Day = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List vouchers, the newest first: reference, kroner, state, Visma's number, and why one waits for a person."""
    from ops.queries import vouchers

    with reaching.reading(company=company) as connection:
        found = vouchers.listed(
            connection,
            state=state,
            company=company,
            code=code,
            first=first,
            last=last,
            cause=cause,
            search=search,
            amount=amount,
            in_visma=in_visma,
            most=limit,
        )
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("id", "reference", "company", "date", "statement", "part", "payments", "kroner", "state", "in Visma", "waits because"),
        [
            (v.id, v.reference, v.company, v.voucher_on, v.statement_ref, v.part, v.payments, printing.kroner(v.total),
             v.state, v.voucher_no, v.waits or v.note)
            for v in found
        ],
        right="id payments kroner",
    )  # fmt: skip


@app.command(epilog="Example: kk2 voucher show 12")
def show(voucher: _Id, json: Json = False) -> None:
    """Show one voucher: its lines, every attempt to bring it to Visma, its payments, and what people did."""
    from ops.queries import vouchers

    with reaching.reading() as connection:
        found = vouchers.shown(connection, voucher)
    if found is None:
        raise SaidNoError(f"there is no voucher {voucher}")
    if json:
        printing.as_json([found])
        return
    v = found.voucher
    in_visma = f"{v.voucher_no} {v.ledger_state or ''}" if v.voucher_no else None
    printing.pairs(
        [("voucher", f"{v.id} {v.reference}"), ("text", found.text), ("state", v.state), ("in Visma", in_visma),
         ("company", v.company), ("date", v.voucher_on), ("statement", f"{v.statement_ref} {v.part}"),
         ("payments", f"{v.payments}: {' '.join(map(str, found.payment_ids[:20]))}"),
         ("approved", f"by {v.approved_by}"), ("code", v.code), ("Visma says", v.note), ("waits because", v.waits),
         ("what to do", found.do), ("in job", " ".join(map(str, found.job_ids)))]
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("no", "account", "text", "kroner", "customer", "invoice", "kid"),
        [
            (
                line.no,
                line.account,
                line.text,
                kroner(line.amount),
                line.customer_no,
                line.invoice_no,
                line.kid,
            )
            for line in found.posting_lines
        ],
        right="no kroner",
    )
    typer.echo("")
    printing.table(
        ("attempt", "at", "what", "verdict", "status", "code", "note"),
        [(a.attempt, a.at, a.what, a.verdict, a.status, a.code, a.note) for a in found.attempts],
        right="attempt",
    )
    for each in found.acts:
        typer.echo(f"{each.at:%Y-%m-%d %H:%M} {each.act} by {each.actor}: {each.reason}")


@app.command(epilog='Example: kk2 voucher confirm 12 4711 --reason "seen in voucher registration"')
def confirm(
    voucher: _Id,
    number: _Number,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """End a doubt: the voucher is in Visma, under this number."""
    from ops.repairs import vouchers as repairs

    act(lambda c, who: repairs.confirm(c, voucher, number, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 voucher absent 12 --reason "looked through all of Monday"')
def absent(
    voucher: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """End a doubt: somebody has looked and Visma does not have the voucher; it is sent again, with the same reference."""
    from ops.repairs import vouchers as repairs

    act(
        lambda c, who: repairs.absent(c, voucher, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(
    epilog='Example: kk2 voucher correct 12 --reason "wrong sub-ledger account; the setup is mended"'
)
def correct(
    voucher: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Take a voucher back that is not booked, so that its money is proposed anew once case or setup is corrected."""
    from ops.repairs import vouchers as repairs

    act(
        lambda c, who: repairs.void(c, voucher, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(
    epilog='Examples: kk2 voucher discard 12 --posted-by-hand 4711 --reason "posted in Visma by Kari"   and   '
    'kk2 voucher discard 12 --because wrong_month --reason "belongs to March"'
)
def discard(
    voucher: _Id,
    posted_by_hand: Annotated[
        str, typer.Option(metavar="NUMBER", help="It was posted in Visma, under this number.")
    ] = "",
    because: BecauseOf = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Send a voucher no more: it was posted by hand, or else its money goes back to the proposal."""
    from ops.repairs import vouchers as repairs

    if because is None and not posted_by_hand:
        raise CommandError(f"say --because {', '.join(Discarded)}; or --posted-by-hand NUMBER")
    if posted_by_hand:
        if because not in (None, Discarded.BOOKED_BY_HAND):
            raise CommandError(f"posted by hand and {because}: say one of them")
        act(lambda c, who: repairs.by_hand(c, voucher, posted_by_hand, person=who),
            name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip
        return
    act(
        lambda c, who: repairs.void(c, voucher, because, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command(epilog="Example: kk2 voucher restore 12")
def restore(
    voucher: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Take up again a voucher that was discarded or corrected, while nothing newer has taken its money."""
    from ops.repairs import vouchers as repairs

    act(
        lambda c, who: repairs.restore(c, voucher, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )
