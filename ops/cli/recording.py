"""`kk2 file record` and `read-again`: the lines of a file as they came, and one more try at a file that could not be read."""

from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.errors import SaidNoError
from ops.cli.making import DryRun, Json, Name, Why, group

commands = group("What is asked of one file's lines.")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The file's id, as `kk2 file list` shows it.")]


@commands.command(epilog="Example: kk2 file record 17 --line 4711")
def record(
    file: _Id,
    line: Annotated[int | None, typer.Option(min=1, help="Show the page that has this line.")] = None,
    page: Annotated[int, typer.Option(min=1, help="Which page of 200 lines.")] = 1,
    json: Json = False,
) -> None:
    """Show a file's lines as they came: 200 at a time, what is wrong marked under its columns, payers' accounts covered."""
    from ops import file_record
    from ops.queries import files

    with reaching.reading() as connection:
        found = files.shown(connection, file)
    if found is None:
        raise SaidNoError(f"there is no file {file}")
    page = file_record.page_of(line) if line else page
    shown = file_record.record(reaching.site().archive_folder, found, page)
    if json:
        printing.as_json([shown])
        return
    if not shown.lines:
        raise SaidNoError(f"file {file} ends before page {page}")
    for each in shown.lines:
        typer.echo(f"{each.number:>8}  {each.text}")
        if each.says:
            marks = "".join(("^" if marked else " ") * len(piece) for piece, marked in each.pieces)
            typer.echo(f"          {marks.rstrip()}")
        for says in each.says:
            typer.echo(f"          {says}")
    if shown.more:
        typer.echo(f"more: kk2 file record {file} --page {page + 1}")


@commands.command("read-again", epilog='Example: kk2 file read-again 17 --reason "the new version reads it"')
def read_again(
    file: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Have a file that could not be read tried once more; never one of which anything was taken in."""
    from ops.repairs.files import read_again as again

    act(lambda c, who: again(c, file, person=who), name=name, reason=reason, dry_run=dry_run, json=json)
