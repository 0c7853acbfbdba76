"""`kk2 day`: a company's days, bank, cases and Visma side by side; to sign, to open again, and to print."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.errors import NO, UNKNOWN, CommandError, SaidNoError
from ops.cli.making import DryRun, Json, Name, Why, day, group

if TYPE_CHECKING:
    from ops.queries.days import Day
    from pipeline.reconciliation import Between

app = group("Days as the bank booked them, held against cases and Visma; to sign and to print.", "day")
_Company = Annotated[str, typer.Argument(metavar="COMPANY", help="The company's code.")]
_Day = Annotated[date, typer.Argument(parser=day, metavar="DAY", help="The day that the bank booked.")]


@app.command("list", epilog="Example: kk2 day list 100 2026-03-01")
def list_(company: _Company, first: _Day, json: Json = False) -> None:
    """List a month's days, from the one of the day that is given: three sums, what differs, who signed."""
    from ops.queries import days

    with reaching.reading(company=company) as connection:
        found = days.month(connection, company, first)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("day", "payments", "bank", "cases", "visma", "state", "signed by", "at"),
        [
            (d.facts.day, d.facts.payments, *map(printing.kroner, (d.balance.bank, d.balance.cases, d.balance.visma)),
             d.state, d.signature.actor if d.signature else "", d.signature.at if d.signature else None)
            for d in found
        ],
        right="payments bank cases visma",
    )  # fmt: skip


@app.command(epilog="Example: kk2 day show 100 2026-03-02")
def show(company: _Company, of: _Day, json: Json = False) -> None:
    """Show a day: its sums, what differs and where, its vouchers with Visma's numbers, its signatures.

    Exit status 1: something differs and is not explained, or has changed since it was signed; 3: Visma has not told all.
    """
    from ops.queries.days import DayState

    found = _found(company, of)
    if json:
        printing.as_json([found])
    else:
        _print(found)
    raise typer.Exit({DayState.DIFFERS: NO, DayState.CHANGED: NO, DayState.UNKNOWN: UNKNOWN}.get(found.state, 0))  # fmt: skip


@app.command(
    epilog="Example: kk2 day sign 100 2026-03-02 --explain vouchers='two payments wait for an answer'"
)
def sign(
    company: _Company,
    of: _Day,
    explain: Annotated[
        list[str], typer.Option(metavar="DIFFERENCE=WHY", help="cases, vouchers or visma, and why it is so.")
    ] = [],  # noqa: B006 - Typer's way of saying that none need be given
    digest: Annotated[str, typer.Option(help="Sign only if the numbers still have this digest.")] = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Sign a day: refused while something differs, or is unknown, and is not explained."""
    from ops.repairs import signing

    explained = dict(map(_explained, explain))
    act(lambda c, who: signing.sign(c, company, of, explained, digest, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog='Example: kk2 day reopen 100 2026-03-02 --reason "a payment was assigned since"')
def reopen(
    company: _Company,
    of: _Day,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Open a signed day again; its signature stays to be read."""
    from ops.repairs import signing

    act(lambda c, who: signing.reopen(c, company, of, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog="Example: kk2 day pdf 100 2026-03-02 --out day.pdf")
def pdf(
    company: _Company,
    of: _Day,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the document goes.")],
) -> None:
    """Print a day to a PDF, in Norwegian: sums, differences, vouchers, who signed, and the digest of the numbers."""
    from ops.desk.day_document import document

    out.write_bytes(document(_found(company, of)))
    typer.echo(f"{out}: day {company} {of}")


def _found(company: str, of: date) -> "Day":
    from ops.queries import days

    with reaching.reading(company=company) as connection:
        found = days.shown(connection, company, of)
    if found is None:
        raise SaidNoError(f"nothing was booked for company {company} on {of}")
    return found


def _explained(written: str) -> "tuple[Between, str]":
    from pipeline.reconciliation import Between

    between, _, why = written.partition("=")
    if between not in set(Between) or not why.strip():
        raise CommandError(f"expected DIFFERENCE=WHY with {', '.join(Between)}, found {written!r}")
    return Between(between), why


def _print(found: "Day") -> None:
    balance = found.balance
    printing.pairs(
        [
            ("company", found.facts.company),
            ("day", found.facts.day),
            ("state", found.state),
            ("bank file", printing.kroner(balance.bank)),
            ("cases, suspense and waiting", printing.kroner(balance.cases)),
            ("vouchers that should be in Visma", printing.kroner(balance.vouchers)),
            ("vouchers as Visma has them", printing.kroner(balance.visma)),
            ("digest", found.digest),
        ]
    )
    typer.echo("\ndifferences")
    printing.table(
        ("difference", "kroner", "of", "because", "explained", "do"),
        [
            (each.between, printing.kroner(row.amount), row.subject, row.cause, row.explained, row.act)
            for each in balance.differences
            for row in each.rows
        ],
        right="kroner",
    )
    typer.echo("\nvouchers")
    printing.table(
        ("id", "reference", "state", "Visma's no.", "there", "on the bank account", "in Visma"),
        [
            (v.id, v.reference, v.state, v.voucher_no, v.ledger_state, printing.kroner(v.bank), printing.kroner(v.in_visma))
            for v in found.facts.vouchers
        ],
    )  # fmt: skip
    if found.history:
        typer.echo("\nsignatures")
        printing.table(
            ("at", "by", "act", "reason", "explained", "digest"),
            [
                (s.at, s.actor, s.act, s.reason, "; ".join(f"{k}: {v}" for k, v in s.explained.items()), s.digest[:12])
                for s in found.history
            ],
        )  # fmt: skip
    if found.changes:
        typer.echo("\nchanged since it was signed")
        printing.table(
            ("what", "signed", "now"), [(c.name, _number(c.signed), _number(c.now)) for c in found.changes]
        )


def _number(value: int | str | None) -> str:
    return value if isinstance(value, str) else printing.kroner(value)
