"""`kk2 proposal`: the posting proposals as they stand now, and a person's approval of exactly what was shown."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.making import DryRun, Json, Limit, Name, Why, group, span_of
from schemas.wording import counted

if TYPE_CHECKING:
    from ops.queries.correcting import Covered
    from workers.facts.proposals import Place

app = group("Posting proposals: what would be posted now, and a person's approval of it.", "proposal")
_Company = Annotated[str, typer.Argument(metavar="COMPANY", help="The company's code.")]
_File = Annotated[int | None, typer.Option("--file", metavar="ID", help="Only the payments of this file.")]
_Client = Annotated[str | None, typer.Option("--client", help="Only what is on this client's cases.")]
_Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="ACCOUNT/DAY/REF",
        help="Only this sum on the bank statement; may be given several times.",
    ),
]


@app.command("list", epilog="Example: kk2 proposal list --client KOM")
def list_(client: _Client = None, json: Json = False) -> None:
    """List the proposal of each company: payments, kroner, what is parked, and why it waits for a person."""
    from ops.queries import proposals

    with reaching.reading(client=client) as connection:
        companies = proposals.companies_with_proposals(connection, client)
        found = [proposals.proposal(connection, company, None, client=client) for company in companies]
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("company", "payments", "kroner", "parked", "waits because"),
        [(p.company, p.payments, printing.kroner(p.amount), p.parked, _first_of(p.waits)) for p in found],
        right="payments kroner parked",
    )


@app.command(epilog="Example: kk2 proposal show 100")
def show(
    company: _Company, file: _File = None, only: _Groups = None, client: _Client = None, json: Json = False
) -> None:
    """Show a company's proposal as it is now, one row for each sum on the bank statement, and its digest.

    With --client only what is on its cases; that is approved with the rest, and has no digest.
    """
    from ops.queries import proposals
    from ops.queries.correcting import four_eyes

    with reaching.reading(company=company, client=client) as connection:
        found = proposals.proposal(connection, company, file, _places(only), client)
        eyes = four_eyes(connection, company, file, proposals.proposal(connection, company, file).absolute)
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
    for back in found.sent_back:
        what = f"file {back.file_id}" if back.file_id else "all of it"
        typer.echo(f"sent back ({what}) by {back.actor}: {back.reason}")
    if eyes.last:
        alone = f" (who approved {printing.kroner(eyes.alone)} kr alone today)" if eyes.alone else ""
        then = ", so another person approves it" if eyes.over else ""
        typer.echo(f"last corrected by {eyes.last.actor}{alone}{then}")
    if found.digest:
        typer.echo(f"digest {found.digest}")


@app.command(epilog="Example: kk2 proposal approve 100 --digest 3fa1b2c4d5e6f708:480:12345600:3")
def approve(
    company: _Company,
    file: _File = None,
    only: _Groups = None,
    digest: Annotated[
        str, typer.Option(help="The digest of what was shown; without it, what stands now is shown.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask after showing what stands now.")] = False,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Approve and post a company's proposal, exactly as it was shown: a change since then is said and nothing is posted.

    With --group only those sums of the bank statement; the rest stays in the proposal.
    """
    from ops.queries import proposals
    from ops.repairs.proposals import approve as approved

    if not digest:
        with reaching.reading(company=company) as connection:
            shown = proposals.proposal(connection, company, file, _places(only))
        typer.echo(
            f"company {company}: {counted(shown.payments, 'payment')}, {printing.kroner(shown.amount)} kr, {shown.parked} parked",
            err=json,
        )
        if not yes and not dry_run:
            typer.confirm("Approve and post them?", abort=True, err=True)
        digest = shown.digest
    act(
        lambda c, who: approved(c, company, file, digest, person=who, only=_places(only)),
        name=name, reason=reason, dry_run=dry_run, json=json,
    )  # fmt: skip


@app.command("corrected", epilog="Example: kk2 proposal corrected 100")
def corrected_(company: _Company, file: _File = None, json: Json = False) -> None:
    """List the proposal's payments that stand otherwise than the machine split them first, with both versions."""
    from ops.queries.correcting import corrected

    with reaching.reading(company=company) as connection:
        found = corrected(connection, company, file)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("payment", "kroner", "the machine", "now", "last by"),
        [
            (each.payment_id, printing.kroner(each.amount), _covers(each.machine) or f"parked: {each.parked_for}",
             _covers(each.person), each.last.actor if each.last else "")
            for each in found
        ],
        right="payment kroner",
    )  # fmt: skip


@app.command(
    "send-back", epilog="Example: kk2 proposal send-back 100 --file 17 --reason 'two payments look swapped'"
)
def send_back_(
    company: _Company,
    file: _File = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Send a proposal back with a reason: neither policy nor a person posts it until it is taken up."""
    from ops.repairs import send_back

    act(
        lambda c, who: send_back(c, company, file, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command("take-up", epilog="Example: kk2 proposal take-up 100 --file 17 --reason 'they are right now'")
def take_up_(
    company: _Company,
    file: _File = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Take a proposal up that was sent back: it can be approved again."""
    from ops.repairs import take_up

    act(
        lambda c, who: take_up(c, company, file, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )


@app.command("booked", epilog="Example: kk2 proposal booked --month 2026-03 --company 100")
def booked_(
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="The days of this month.")] = "",
    company: Annotated[str | None, typer.Option(help="Only this company.")] = None,
    days: Annotated[bool, typer.Option("--days", help="Day by day.")] = False,
    payments: Annotated[bool, typer.Option("--payments", help="Payment by payment.")] = False,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    """List what was booked before by month, or by day: from the bank, and by Visma on our invoices, together.

    With --payments the bank's payments, and of each whether it may go back to the proposal.
    """
    from ops.queries.booked import booked, booked_payments

    first, last = span_of(month)
    if payments:
        with reaching.reading() as connection:
            rows = booked_payments(connection, company=company, first=first, last=last, most=limit)
        if json:
            printing.as_json(rows)
            return
        printing.table(
            ("payment", "day", "company", "case", "kroner", "voucher", "no. in Visma", "back to the proposal"),
            [
                (p.payment_id, p.day, p.company, p.case_no, printing.kroner(p.amount), p.voucher_id, p.voucher_no,
                 f"kk2 payment undo {p.payment_id}" if p.back else "")
                for p in rows
            ],
            right="payment kroner voucher",
        )  # fmt: skip
        return
    with reaching.reading() as connection:
        found = booked(
            connection, company=company, first=first, last=last, by_day=days or bool(month), most=limit
        )
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("from" if not (days or month) else "day", "company", "what", "number", "kroner"),
        [(b.day, b.company, b.kind, b.number, printing.kroner(b.amount)) for b in found],
        right="number kroner",
    )


@app.command("seen", epilog="Example: kk2 proposal seen 100")
def seen_(company: _Company, name: Name = "") -> None:
    """Say what is new in a company's proposal since you looked last, and keep that you have seen it now."""
    from ops.queries import looks, proposals

    person = reaching.actor(name)
    with reaching.reading(company=company) as connection:
        now = proposals.proposal(connection, company, None)
        since = looks.since(connection, person, now)
    with reaching.database().begin() as connection:
        looks.seen(connection, person, now)
    if since.at is None:
        typer.echo("you have not looked before")
        return
    typer.echo(f"since then: {since.payments:+d} in number, {printing.kroner(since.amount)} kr")
    for place, (payments, amount) in sorted(since.changes.items()):
        typer.echo(f"{'/'.join(map(str, place))}: {payments:+d} in number, {printing.kroner(amount)} kr")


def _covers(parts: "tuple[Covered, ...]") -> str:
    return ", ".join(f"{p.kind} {p.invoice_no or p.case_no} {printing.kroner(p.amount)}" for p in parts)


def _places(written: list[str] | None) -> "tuple[Place, ...]":
    from ops.queries.proposals import place_of

    try:
        return tuple(place_of(each) for each in written or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _first_of(waits: tuple[str, ...]) -> str:
    """The oldest reason in full; `proposal show` has them all."""
    return f"{waits[0]} (and {len(waits) - 1} more)" if len(waits) > 1 else "".join(waits)
