"""`kk2 file`: bank files, from the folder to the vouchers."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from ops.cli import reaching
from ops.cli.acting import act
from ops.cli.errors import CommandError
from ops.cli.making import DryRun, InFile, Json, Name, Why, group

app = group("Bank files: see them, add one, release or refuse one that is held.", "file")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The file's id, as `kk2 file list` shows it.")]


@app.command(epilog="Example: kk2 file add /tmp/OCR.D240112")
def add(file: InFile, dry_run: DryRun = False, json: Json = False) -> None:
    """Drop a file into the watched folder, as the bank's client does: whole, or not at all."""
    from ops.cli import printing

    inbox = reaching.site().inbox_folder
    target = inbox / file.name
    if not inbox.is_dir():
        raise CommandError(f"{inbox} is not there: is KK2_FOLDER right, and has the watcher run?")
    if target.exists():
        raise CommandError(f"{target} is there already, and the watcher has not taken it yet")
    content = file.read_bytes()
    if not dry_run:
        half = inbox / f".{file.name}.part"
        half.write_bytes(content)
        half.rename(target)
    sentence = f"{file.name}, {len(content)} bytes, {'would be' if dry_run else 'is'} dropped into {inbox}"
    if json:
        printing.as_json([{"done": not dry_run, "sentence": sentence}])
    else:
        typer.echo(sentence)


@app.command(epilog='Example: kk2 file release 17 --reason "the bank split one file in two"')
def release(
    file: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Let a held file go on, with all its payments: none of it came before."""
    from ops.repairs.files import release_file

    act(
        lambda c, who: release_file(c, file, person=who), name=name, reason=reason, dry_run=dry_run, json=json
    )


@app.command(epilog='Example: kk2 file refuse 17 --reason "the bank sent Monday twice"')
def refuse(file: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False) -> None:
    """Refuse a held file: not one of its payments is booked; an unreadable one is taken off the list."""
    from ops.repairs.files import refuse_file

    act(lambda c, who: refuse_file(c, file, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


@app.command(
    "mark-known", epilog='Example: kk2 file mark-known old/*.ocr --reason "booked by hand before the start"'
)
def mark_known(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Say of files that all of them was booked by hand: should they come, they are recognised and not booked again."""
    for file in files:
        _mark(file, name=name, reason=reason, dry_run=dry_run, json=json)


def _mark(file: Path, *, name: str, reason: str, dry_run: bool, json: bool) -> None:
    from ops.repairs.files import mark_known as known

    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    act(lambda c, who: known(c, sha256=digest, name=file.name, size=len(content), person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip
