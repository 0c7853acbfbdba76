"""`kk2 case`: take in what KK2 knows of its cases, give back what became of them, and look."""

import csv
import sys
from datetime import date
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.errors import CommandError, SaidNoError
from ops.cli.making import DryRun, InFile, Json, Name, day, group
from schemas.money import decimal_text

app = group("Cases: apply what KK2 says, export what became of them, and look.", "case")


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
            f"{applied.records} records: {applied.opened} cases {would}opened, {applied.changed} {would}changed, "
            f"{applied.renamed} {would}renamed"
        )
    reaching.ring(applied.rings)


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
    """Write what became of cases, for KK2: opened, paid (by payment and part), closed; CSV, or JSON lines."""
    from dataclasses import astuple, fields

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
                else (*astuple(each)[:-2], decimal_text(each.amount), each.state)
            )


def case_id(case: str) -> int:
    """The id of a case that a person names: by its number, if only one client has it, or by `id:17`."""
    from workers.store.cases import standing

    kind, _, number = case.partition(":")
    if kind == "id" and number.isdigit():
        return int(number)
    with reaching.reading() as connection:
        found = standing(connection, case)
    if not found:
        raise SaidNoError(f"there is no case {case}")
    if len(found) > 1:
        several = ", ".join(f"id:{each} ({client})" for each, client in found)
        raise CommandError(f"several clients have a case {case}: name one of {several}")
    return found[0][0]
