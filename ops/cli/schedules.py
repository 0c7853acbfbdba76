"""`kk2 schedule`: what runs by the clock for each company, and a person's word about it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import one_of
from ops.cli.making import DryRun, Json, Limit, Name, Why, group, moment

if TYPE_CHECKING:
    from ops.queries.schedules import RunRow

app = group("What runs by the clock, for each company: when it ran, when it runs, and your word.", "schedule")


def _kind(word: str) -> str:
    from workers.clock import BALANCE, CLOCKED  # the page with it, which a help page need not wait for

    return one_of((*CLOCKED, BALANCE))(word)


_Kind = Annotated[
    str, typer.Argument(metavar="KIND", parser=_kind, help="What runs, as `kk2 schedule list` shows it.")
]
_Company = Annotated[
    str,
    typer.Argument(
        metavar="[COMPANY]", help="The company's code; none for balance, which is of the whole site."
    ),
]
_Until = Annotated[
    datetime,
    typer.Option("--until", parser=moment, metavar="MOMENT", help="By the clock in Norway: '2026-01-31 08:00'."),
]  # fmt: skip


@app.command("list", epilog="Example: kk2 schedule list")
def list_(json: Json = False) -> None:
    """List what runs by the clock: its last run, how that ended and what it took, its next, and what people said."""
    from ops.queries import schedules

    with reaching.reading() as connection:
        found = schedules.listed(connection)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("schedule", "times", "last", "result", "took", "next", "note"),
        [(s.name, s.times, s.last.slot if s.last else None, _ended(s.last), _took(s.last), s.next, s.note) for s in found],
        right="took",
    )  # fmt: skip
    if not found:
        typer.echo("the clock has not begun: beat makes its schedules with its first tick; see kk2 doctor")


@app.command(epilog="Example: kk2 schedule show rest 100")
def show(kind: _Kind, company: _Company = "", limit: Limit = 50, json: Json = False) -> None:
    """Show the runs of one schedule, the newest first: who started each, how it ended, what it took, its work."""
    from ops.queries import schedules

    with reaching.reading(company=company or None) as connection:
        found = schedules.shown(connection, f"{kind} {company}".strip(), limit)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("slot", "by", "result", "took", "work"),
        [(r.slot, r.by, _ended(r), _took(r), ", ".join(map(str, r.work_ids))) for r in found],
        right="took",
    )


@app.command(epilog="Example: kk2 schedule run rest 100")
def run(
    kind: _Kind,
    company: _Company = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Run it now, also while it is paused; its next run comes as it would."""
    from ops.repairs.scheduling import run_now

    act(lambda c, who: run_now(c, kind, company, person=who), name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(
    epilog="Example: kk2 schedule pause rest 100 --until '2026-12-01 08:00' --reason 'Visma is upgraded'"
)
def pause(
    kind: _Kind,
    until: _Until,
    company: _Company = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Let it rest until a time; what falls before then is not caught up."""
    from ops.repairs.scheduling import pause as paused

    act(lambda c, who: paused(c, kind, company, until, person=who), name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog="Example: kk2 schedule skip rest 100 --reason 'the year is being closed'")
def skip(
    kind: _Kind,
    company: _Company = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Let its next run pass; the one after it comes as it would."""
    from ops.repairs.scheduling import skip_next

    act(lambda c, who: skip_next(c, kind, company, person=who), name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


@app.command(epilog="Example: kk2 schedule resume rest 100")
def resume(
    kind: _Kind,
    company: _Company = "",
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """End its pause and take back its skip; what the pause swallowed is not caught up, `kk2 schedule run` does that."""
    from ops.repairs.scheduling import resume as resumed

    act(lambda c, who: resumed(c, kind, company, person=who), name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


def _ended(last: "RunRow | None") -> str:
    if last is None:
        return ""
    return f"{last.result}: {last.why}" if last.why else last.result


def _took(last: "RunRow | None") -> str:
    return "" if last is None or last.seconds is None else f"{last.seconds:.1f} s"
