"""`kk2 file`: bank files, from the folder to the vouchers."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import StateOfFile
from ops.cli.errors import SaidNoError
from ops.cli.making import DryRun, InFile, Json, Limit, Name, Why, group
from ops.cli.reasons import repair_of
from schemas.wording import counted

if TYPE_CHECKING:
    from ops.file_trial import Trial
    from ops.queries.files import AssignmentRow

app = group("Bank files: see them, add one, release or refuse one that is held.", "file")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The file's id, as `kk2 file list` shows it.")]


@app.command("list", epilog="Example: kk2 file list --state held")
def list_(
    state: StateOfFile = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List bank files, the newest first: payments, kroner, state, and why one waits for a person."""
    from ops.queries import files

    with reaching.reading() as connection:
        found = files.listed(connection, state=state, most=limit)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("id", "name", "state", "format", "landed", "payments", "kroner", "waits because"),
        [
            (f.id, f.name, f.state, f.format, f.landed_at, f.payments, printing.kroner(f.total), f.waits)
            for f in found
        ],
        right="id payments kroner",
    )


@app.command(epilog="Example: kk2 file show 17")
def show(file: _Id, json: Json = False) -> None:
    """Show one file: its assignments, its notes or its fault, and what became of its payments."""
    from ops.queries import files

    with reaching.reading() as connection:
        found = files.shown(connection, file)
    if found is None:
        raise SaidNoError(f"there is no file {file}")
    if json:
        printing.as_json([found])
        return
    f = found.file
    printing.pairs(
        [("file", f"{f.id} {f.name}"), ("state", f.state), ("fault", found.fault), ("waits because", f.waits),
         ("format", f.format), ("landed", f.landed_at), ("sha256", found.sha256), ("bytes", f.size),
         ("payments", f.payments), ("kroner", printing.kroner(f.total)),
         ("vouchers", " ".join(map(str, found.vouchers))), ("came again as", ", ".join(found.seen_again))]
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("account", "assignment", "payments", "kroner", "the file says", "now", "kroner now", "first", "last"),
        [
            (a.account, a.number, a.payments, printing.kroner(a.total), printing.kroner(a.control_total), a.payments_now,
             printing.kroner(a.total_now), a.earliest, a.latest)
            for a in found.assignments
        ],
        right="payments kroner says now",
    )  # fmt: skip
    for a in found.assignments:
        typer.echo(_compared(a))
    typer.echo("")
    printing.table(
        ("payments that are", "number", "kroner"),
        [(each.state, each.payments, printing.kroner(each.amount)) for each in found.states],
        right="number kroner",
    )
    for note in found.notes:
        typer.echo(f"line {note.line}: {note.code}: {note.text}")


def _compared(a: "AssignmentRow") -> str:
    """Say whether what the file says, what was read and what stands are one."""
    said = f"account {a.account}, assignment {a.number}:"
    if not a.agrees:
        return f"{said} the three DIFFER: what was read or what stands is not what the file says. See kk2 balance"
    if a.control_total == a.total:
        return f"{said} the file, what was read and what stands agree"
    more = printing.kroner(a.control_total - a.total)
    return f"{said} they agree; the file says {more} kr more than moves, and its notes say why"


@app.command(
    epilog="Example: kk2 file add /tmp/OCR.D240112 --reason 'sent by e-mail, the bank's line was down'"
)
def add(
    file: InFile, reason: Why = "", try_only: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Take in one file from anywhere, as if it had been dropped into the watched folder; it stays where it is.

    Exit status 1 for a copy of a file that came before. With --dry-run the same as `kk2 file dry-run`.
    """
    if try_only:
        _try(file, json=json)
    from ops.repairs.adding import add_file
    from ops.repairs.people import named

    site, who = reaching.site(), reaching.actor(name)
    engine = reaching.database()
    with engine.connect() as connection:
        person = named(connection, who, reason)
    done = add_file(engine, file, site=site, person=person)
    reaching.ring(done.rings)
    if json:
        printing.as_json([done.landed])
    else:
        typer.echo(done.sentence)


@app.command(epilog="Example: kk2 file inbox")
def inbox(limit: Limit = 50, json: Json = False) -> None:
    """List what stands in the inbox, the oldest first: the watcher takes each once it is whole."""
    from workers.watch import InboxGoneError, standing

    try:
        found = standing(reaching.site().inbox_folder, limit)
    except InboxGoneError as gone:
        raise SaidNoError(str(gone)) from None
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("name", "bytes", "last changed", "ends whole"),
        [(each.name, each.size, each.changed_at, "yes" if each.whole else "no") for each in found],
        right="bytes",
    )


@app.command("dry-run", epilog="Example: kk2 file dry-run OCR.D240112")
def dry_run(file: InFile, json: Json = False) -> None:
    """Try a file: what would become of each of its payments now, by the stages themselves, with nothing of it kept.

    Exit status 1 if the file would be refused, is known already, or would be held whole.
    """
    _try(file, json=json)


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


def _try(file: Path, *, json: bool) -> NoReturn:
    from ops.file_trial import BusyError, try_file
    from workers.relay import Ringer
    from workers.shell import Hands

    silent = Ringer(lambda _: None)
    try:
        trial = try_file(Hands(reaching.database(), silent, reaching.site()), file)
    except BusyError as busy:
        raise SaidNoError(str(busy)) from None
    if json:
        printing.as_json([trial])
    else:
        _print_trial(file, trial)
    raise typer.Exit(0 if trial.goes_on else 1)


def _print_trial(file: Path, trial: "Trial") -> None:
    for fault in trial.faults:
        typer.echo(f"{file}:{fault}", err=True)
    if trial.seen:
        typer.echo(f"{file}: came before as {trial.seen}", err=True)
    if trial.faults or trial.seen:
        return
    typer.echo(f"{counted(trial.payments, 'payment')}, {printing.kroner(trial.total)} kr, would end so:")
    if trial.control_total != trial.total:
        typer.echo(f"the file itself says {printing.kroner(trial.control_total)} kr, and its notes say why")
    printing.table(
        ("state", "reason", "payments", "kroner", "repair"),
        [
            (o.state, o.reason, o.payments, printing.kroner(o.amount), repair_of(o.reason))
            for o in trial.outcomes
        ],
        right="payments kroner",
    )
    typer.echo("")
    printing.table(
        ("would cover", "kroner"),
        [(part.kind, printing.kroner(part.amount)) for part in trial.parts],
        right="kroner",
    )
    typer.echo("")
    printing.table(
        ("line", "KID", "kroner", "state", "reason", "cases"),
        [
            (w.line, w.kid, printing.kroner(w.amount), w.state, w.reason, ", ".join(no for _, no in w.cases))
            for w in trial.ways
        ],
        right="line kroner",
    )
    if trial.payments > len(trial.ways):
        typer.echo(f"… and {counted(trial.payments - len(trial.ways), 'payment')} more")
    for note in trial.notes:
        typer.echo(f"line {note.line}: {note.code}: {note.text}")
    if trial.held:
        typer.echo(f"the whole file would wait: {trial.held}")
