"""`kk2 visma control`, `differences`, `explain`: KK2 held against Visma, and what a person says of the differences."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import PartOfControl, StateOfDifference
from ops.cli.errors import NO, UNKNOWN
from ops.cli.making import DryRun, Json, Limit, Name, Why, group
from schemas.wording import counted

if TYPE_CHECKING:
    from ops.queries.controls import DifferenceRow, RunRow

commands = group("KK2 held against Visma.")
_Company = Annotated[str | None, typer.Option(help="Of this company; else of all.")]
_ALL = 1_000_000


@commands.command(epilog="Example: kk2 visma control --company 100 --part vouchers")
def control(
    company: _Company = None, part: PartOfControl = None, name: Name = "", json: Json = False
) -> None:
    """Hold KK2 against Visma now: vouchers, sums of the bank statement, invoices of cases; keep and show what differs.

    All parts are looked at; --part shows one. Exit status 1: something differs and is not explained; 3: Visma could not
    tell all, or did not answer. What is marked as with us in Visma and has no case here can't be asked for.
    """
    from ops.queries import controls

    status = 0
    for each in _companies(company):
        run = _control(each, reaching.actor(name))
        with reaching.reading() as connection:
            found = controls.differences(connection, company=each, part=part, state="open", most=_ALL)
        if json:
            printing.as_json([controls.ControlReport(each, run, found)])
        else:
            _print(each, run, found)
        status = NO if found or status == NO else UNKNOWN if run is None or run.unknown else status
    raise typer.Exit(status)


@commands.command(epilog="Example: kk2 visma differences --state open --json")
def differences(
    company: _Company = None,
    part: PartOfControl = None,
    state: StateOfDifference = None,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    """List what differed at the last control, the oldest first, with the likely cause and what to do; without the gone."""
    from ops.queries import controls

    with reaching.reading(company=company) as connection:
        found = controls.differences(connection, company=company, part=part, state=state, most=limit)
    if json:
        printing.as_json(found)
    else:
        _table(found)


@commands.command(epilog='Example: kk2 visma explain 17 --reason "written off in Visma on Monday"')
def explain(
    difference: Annotated[int, typer.Argument(metavar="DIFFERENCE", help="The difference's id.")],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Say why a difference is as it must be: it counts no more, until either side says something else."""
    from ops.repairs.explaining import explain as explained

    act(
        lambda c, who: explained(c, difference, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json,
    )  # fmt: skip


def _companies(company: str | None) -> list[str]:
    from workers.store.setup import current

    with reaching.reading(company=company) as connection:
        return [company] if company is not None else sorted(current(connection).companies)


def _control(company: str, actor: str) -> "RunRow | None":
    """Run the stage here, through its own work row; None if Visma did not answer, and the workers try again."""
    from ops.queries import controls
    from schemas.events import ControlDue
    from workers.journal import record
    from workers.shell import Hands
    from workers.shell.controlling import control as stage

    engine = reaching.database()
    with engine.begin() as connection:
        before = controls.last_run(connection, company)
        rings = record(connection, [ControlDue(company)], actor=actor)
    hands = Hands(engine, reaching.ringer(), reaching.site())
    for ring in rings:
        stage(ring.work_id, hands)
    with engine.connect() as connection:
        return controls.last_run(connection, company, after=before.id if before else 0)


def _print(company: str, run: "RunRow | None", found: "tuple[DifferenceRow, ...]") -> None:
    if run is None:
        typer.echo(
            f"company {company}: Visma did not answer; the workers try again: kk2 work list --stage control"
        )
    else:
        looked = (
            f"{counted(run.vouchers, 'voucher')}, {counted(run.sums, 'sum')} of the bank statement, "
            f"{counted(run.invoices, 'invoice')} held against Visma"
        )
        typer.echo(f"company {company}: {looked}; {counted(len(found), 'difference')}")
    if found:
        _table(found)
    for case in run.stopped if run else ():
        typer.echo(f"left out: case {case} is stopped against Visma")
    for unknown in run.unknown if run else ():
        typer.echo(f"unknown {unknown}")


def _table(found: "tuple[DifferenceRow, ...]") -> None:
    printing.table(
        ("id", "company", "what", "of", "here", "in Visma", "since", "state", "because", "do"),
        [
            (d.id, d.company, d.kind, d.subject, _side(d.ours), _side(d.theirs), d.first_seen, d.state,
             f"{d.cause}{f' ({d.explained_by}: {d.reason})' if d.state == 'explained' else ''}", d.act)
            for d in found
        ],
        right="id here",
    )  # fmt: skip


def _side(value: int | str | None) -> str:
    match value:
        case None:
            return "nothing"
        case int():
            return printing.kroner(value)
        case _:
            return value
