"""`kk2 alarm`: what a person must know of, who was told, and your word that you have seen it."""

from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.errors import SaidNoError
from ops.cli.making import DryRun, Json, Limit, Name, Why, group

app = group("Alarms: what stands that a person must know of, who was told, who has seen it.", "alarm")
_Alarm = Annotated[int, typer.Argument(metavar="ALARM", help="The alarm's id, as `kk2 alarm list` shows it.")]


@app.command("list", epilog="Example: kk2 alarm list --json | jq 'select(.seen_by == \"\")'")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over too, the newest first.")] = False,
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List the alarms that stand; whom nobody could tell is said on standard error."""
    from ops.queries import alarms

    with reaching.reading() as connection:
        found = alarms.listed(connection, limit) if all_ else alarms.standing(connection)
        untold = alarms.untold(connection)
    if json:
        printing.as_json(found)
    else:
        printing.table(
            ("alarm", "what", "of", "how it stands", "since", "over", "acknowledged by", "why"),
            [(a.id, a.condition, a.subject, a.says, a.began_at, a.ended_at, a.seen_by, a.seen_why) for a in found],
            right="alarm",
        )  # fmt: skip
    for each in untold:
        since = printing.moment(each.since)
        typer.echo(
            f"kk2: receiver {each.receiver} has not been told of {each.number} since {since}: {each.fault}",
            err=True,
        )


@app.command(epilog="Example: kk2 alarm show 7")
def show(alarm: _Alarm, json: Json = False) -> None:
    """Show an alarm, who was told of its beginning and its end, and what is tried again."""
    from ops.desk.alarms import place_of
    from ops.queries import alarms

    with reaching.reading() as connection:
        found = alarms.shown(connection, alarm)
    if found is None:
        raise SaidNoError(f"there is no alarm {alarm}")
    if json:
        printing.as_json([found])
        return
    a = found.alarm
    printing.pairs(
        [("what", a.condition), ("of", a.subject), ("how it stands", a.says), ("since", a.began_at), ("over", a.ended_at),
         ("acknowledged", f"{a.seen_by}: {a.seen_why}" if a.seen_by else "by nobody yet"), ("look with", place_of(a.condition)[1])]
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("receiver", "of what", "told", "tries", "next try", "why not"),
        [
            (m.receiver, "its end" if m.ended else "its beginning", m.told_at, m.tries,
             None if m.told_at else m.next_at, m.fault)
            for m in found.messages
        ],
        right="tries",
    )  # fmt: skip


@app.command(epilog="Example: kk2 alarm acknowledge 7 --reason 'Visma is upgraded until ten'")
def acknowledge(
    alarm: _Alarm, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False
) -> None:
    """Say that you have seen an alarm and what is being done; it stands until its cause is gone."""
    from ops.repairs.alarms import acknowledge as acknowledged

    act(
        lambda c, who: acknowledged(c, alarm, person=who),
        name=name,
        reason=reason,
        dry_run=dry_run,
        json=json,
    )
