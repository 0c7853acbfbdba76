"""`kk2 work`: the pieces of work that wait for a person, whatever they are, and trying one again."""

from dataclasses import asdict
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import StageOfWork, StateOfWork, WaitsFor
from ops.cli.errors import SaidNoError
from ops.cli.making import DryRun, Json, Limit, Name, Why, group
from ops.cli.reasons import repair_of

app = group("The pieces of work that wait for a person, whatever they are.", "work")


_Id = Annotated[int, typer.Argument(metavar="ID", help="The work row's id, as `kk2 work list` shows it.")]


@app.command("list", epilog="Example: kk2 work list --state parked")
def list_(
    state: StateOfWork = None,
    stage: StageOfWork = None,
    reason: WaitsFor = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List open work, the oldest first; beside what waits for a person stands why, and the command that helps."""
    from ops.queries import work

    with reaching.reading() as connection:
        found = work.listed(connection, stage=stage, state=state, reason=reason, most=limit)
    if json:
        printing.as_json({**asdict(row), "repair": repair_of(row.reason)} for row in found)
        return
    printing.table(
        ("id", "stage", "about", "state", "since", "attempts", "waits because", "repair"),
        [
            (w.id, w.stage, w.about, w.state, w.made_at, w.attempts, w.note, repair_of(w.reason))
            for w in found
        ],
        right="id attempts",
    )


@app.command(epilog="Example: kk2 work show 311")
def show(work: _Id, json: Json = False) -> None:
    """Show one piece of work, open or done: why it waits, what ends the wait, its event, and every attempt."""
    from ops.queries import work as queries

    with reaching.reading() as connection:
        found = queries.shown(connection, work)
    if found is None:
        raise SaidNoError(f"there is no work {work}")
    w = found.work
    if json:
        printing.as_json([{**asdict(found), "repair": repair_of(w.reason)}])
        return
    printing.pairs(
        [("work", w.id), ("stage", w.stage), ("about", w.about), ("state", w.state), ("waits because", w.note),
         ("repair", repair_of(w.reason)), ("event", f"{found.event_id} {found.event}"), ("its words", str(found.body)),
         ("made", w.made_at), ("due", w.due_at), ("rung", found.rung_at), ("done", found.done_at)]
    )  # fmt: skip
    typer.echo("")
    printing.table(("attempt", "result"), [(claim.at, claim.result or "begun") for claim in found.claims])


@app.command(epilog="Example: kk2 work sums")
def sums(json: Json = False) -> None:
    """Count what waits for people, by reason, in number and kroner, with the command that helps."""
    from ops.queries import work

    with reaching.reading() as connection:
        found = work.parked_sums(connection)
    if json:
        printing.as_json({**asdict(row), "repair": repair_of(row.reason)} for row in found)
        return
    printing.table(
        ("reason", "stage", "number", "kroner", "oldest", "repair"),
        [
            (s.reason, s.stage, s.rows, printing.kroner(s.amount), s.oldest, repair_of(s.reason))
            for s in found
        ],
        right="number kroner",
    )


@app.command(epilog='Example: kk2 work retry 311 --reason "the setup has the client now"')
def retry(work: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False) -> None:
    """Try a piece of work again: the world is back, the setup is complete, the program is mended."""
    from ops.repairs.retrying import try_again

    act(lambda c, who: try_again(c, work, person=who), name=name, reason=reason, dry_run=dry_run, json=json)
