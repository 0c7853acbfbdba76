"""`kk2 visma convert`, `conversions`, `conversion`: cases transferred before the bridge get their mark in Visma."""

import csv
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import one_of
from ops.cli.errors import NO, SaidNoError
from ops.cli.making import DryRun, InFile, Json, Limit, Name, Why
from schemas.conversion import Outcome
from schemas.money import Money, decimal_text
from schemas.wording import counted

if TYPE_CHECKING:
    from ops.converting import Compared
    from ops.queries.conversions import Row

commands = typer.Typer()
_PEOPLES = (Outcome.NOT_FOUND, Outcome.DIFFERS, Outcome.REFUSED)
_HEADS = ("row", "case", "customer", "invoice", "kroner", "open in Visma", "outcome", "because")


@commands.command(epilog="Example: kk2 visma convert earlier.xlsx --company 100 --dry-run")
def convert(
    file: InFile,
    company: Annotated[str, typer.Option(help="Whose cases they are.")],
    client: Annotated[
        str, typer.Option(help="The client, where several of the company use the same case numbers.")
    ] = "",
    accept_differences: Annotated[
        bool, typer.Option(help="Mark also where the amount differs, and take it as it is.")
    ] = False,
    limit: Limit = 20,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Mark invoices of cases transferred earlier in Visma, write their case numbers, and fetch their payments once.

    The file is CSV or XLSX with headings (Saksnummer, Kundenummer, Fakturanummer, KID, Beløp, or in English); its cases
    stand already: `kk2 case apply`. Each row is compared with its case and with Visma; no case is opened. `--dry-run`
    compares and writes nothing. The same file again goes on where it was broken off, and looks again at what was not well.
    """
    from ops.conversion_file import read, sha256_of
    from ops.repairs.conversions import ConversionFile
    from ops.repairs.conversions import convert as begin

    if dry_run:
        from ops.converting import compare

        with reaching.reading(company=company, client=client or None):
            pass
        for _ in read(file):  # all of it is in order, or Visma is not asked for any of it
            pass
        rows = compare(reaching.database(), company, client, read(file), accepts=accept_differences)
        _would(rows, limit=limit, json=json)
        return
    of = ConversionFile(company, client, sha256_of(file), file.name, read(file))
    act(
        lambda c, who: begin(c, of, accepts=accept_differences, person=who),
        name=name, reason=reason, dry_run=False, json=json,
    )  # fmt: skip


@commands.command(epilog="Example: kk2 visma conversions --company 100")
def conversions(
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None, json: Json = False
) -> None:
    """List conversions, the newest first, and how far each is."""
    from ops.queries.conversions import listed

    with reaching.reading(company=company) as connection:
        found = listed(connection, company)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("id", "of", "file", "rows", "state", "begun", "by", "done"),
        [
            (c.id, f"{c.company}/{c.client or '*'}", c.name, c.rows, c.state, c.made_at, c.made_by, c.done_at)
            for c in found
        ],
        right="id rows",
    )


@commands.command(epilog="Example: kk2 visma conversion 3 --outcome not_found")
def conversion(
    conversion_id: Annotated[int, typer.Argument(metavar="ID", help="The conversion's number.")],
    outcome: Annotated[
        str | None,
        typer.Option(
            parser=one_of(Outcome), metavar="OUTCOME", help="Its rows with this one: " + ", ".join(Outcome)
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="All rows, or those asked for, as CSV.")] = False,
    json: Json = False,
) -> None:
    """Report what became of a conversion: the sums of each outcome, and the rows that wait for a person, or all as CSV."""
    from ops.queries import conversions as asked

    with reaching.reading() as connection:
        found = asked.shown(connection, conversion_id)
        if found is None:
            raise SaidNoError(f"there is no conversion {conversion_id}: `kk2 visma conversions` lists them")
        if json or as_csv:
            rows = asked.rows(connection, conversion_id, outcome)
            (_csv if as_csv else printing.as_json)(rows)
            return
        sums = asked.sums(connection, conversion_id)
        printing.pairs(
            [("conversion", f"{found.id}, {found.name}"), ("of", f"{found.company}/{found.client or '*'}"),
             ("state", found.state), ("begun", f"{found.made_at:%Y-%m-%d %H:%M} by {found.made_by}")]
        )  # fmt: skip
        _sums((s.outcome, s.rows, s.amount) for s in sums)
        shown = (outcome,) if outcome else tuple(each.value for each in _PEOPLES)
        typer.echo("")
        printing.table(
            _HEADS,
            (_cells(row) for row in asked.rows(connection, conversion_id, outcome) if row.outcome in shown),
            right="row kroner",
        )


def _would(rows: "Iterable[Compared]", *, limit: int, json: bool) -> None:
    """Print what would become of the rows; exit status 1 where a person would be needed."""
    number: Counter[Outcome] = Counter()
    amount: Counter[Outcome] = Counter()
    first: list[Compared] = []
    for row in rows:
        number[row.outcome] += 1
        amount[row.outcome] += row.amount
        if json:
            printing.as_json([row])
        elif row.outcome in _PEOPLES and len(first) < limit:
            first.append(row)
    sums = [(_WOULD.get(each, each.value), number[each], amount[each]) for each in Outcome if number[each]]
    left = sum(number[each] for each in _PEOPLES)
    if json:
        printing.as_json(
            [{"summary": {each.value: number[each] for each in Outcome if number[each]}, "done": False}]
        )
    else:
        typer.echo("dry run, nothing is changed")
        _sums(sums)
        if first:
            typer.echo("")
            printing.table(_HEADS, map(_cells, first), right="row kroner")
        if left > len(first):
            typer.echo(f"and {counted(left - len(first), 'more row')}: --limit")
    if left:
        raise typer.Exit(NO)


_WOULD = {Outcome.WAITING: "would be marked"}


def _sums(sums: Iterable[tuple[str, int, Money]]) -> None:
    printing.table(
        ("outcome", "rows", "kroner"),
        [(outcome, rows, printing.kroner(amount)) for outcome, rows, amount in sums],
        right="rows kroner",
    )


def _cells(row: "Row | Compared") -> tuple[printing.Cell, ...]:
    seen = "" if row.open_amount is None else printing.kroner(row.open_amount)
    return (
        row.line, row.case_no, row.customer_no, row.invoice_no, printing.kroner(row.amount), seen, row.outcome, row.note
    )  # fmt: skip


def _csv(rows: "Iterable[Row]") -> None:
    """Rows as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe: Visma's words are not ours."""
    from ops.queries.conversions import Row

    writer = csv.writer(sys.stdout, delimiter=";")
    names = [field.name for field in fields(Row)]
    writer.writerow(names)
    for row in rows:
        writer.writerow(_cell(name, value) for name, value in zip(names, astuple(row), strict=True))


def _cell(name: str, value: object) -> object:
    if name in ("amount", "open_amount"):
        return decimal_text(value) if isinstance(value, int) else ""
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )
