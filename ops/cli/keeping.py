"""Keeping a site: bring the database to this version, see whether all is well, prove that the money agrees."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.errors import NO, UNKNOWN
from ops.cli.making import DryRun, Json, Name, Why, group
from schemas.wording import counted

if TYPE_CHECKING:
    from ops.balance import BalanceReport, Sums

commands = group("Keeping a site.")


@commands.command(epilog="Example: kk2 migrate")
def migrate(dry_run: DryRun = False, json: Json = False) -> None:
    """Bring the database to the shape that this version wants; safe to call again, by several machines at once."""
    from ops import migrations

    if dry_run:
        with reaching.reading() as connection:
            now, newest = migrations.current(connection) or "nothing", migrations.newest()
        if json:
            printing.as_json([{"revision": now, "newest": newest}])
        else:
            typer.echo(f"the database is at {now}, this version wants {newest}")
        return
    revision = migrations.migrate(*reaching.owned())
    if json:
        printing.as_json([{"revision": revision}])
    else:
        typer.echo(f"the database is at revision {revision}")


@commands.command(epilog="Example: kk2 forget --dry-run")
def forget(name: Name = "", reason: Why = "", dry_run: DryRun = False, json: Json = False) -> None:
    """Forget who paid and who owed in what is older than the law wants kept, as the guard does after each money check.

    Amounts, dates, KIDs, sums, hashes and the audit stay; open cases and payments that wait stay whole.
    """
    from ops.guard.forgetting import remove_originals
    from ops.queries.asking import today
    from ops.repairs.forgetting import forget as forget_before
    from pipeline.retention import kept_from

    site = reaching.site()
    act(lambda c, who: forget_before(c, kept_from(today(c), site.keep_years), person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip
    if not dry_run:
        remove_originals(reaching.database(), site.archive_folder)


@commands.command(epilog="Example: kk2 doctor --json | jq 'select(.state != \"well\")'")
def doctor(
    progress: Annotated[
        bool,
        typer.Option("--progress", help="Only whether work moves: quick, for a container's health check."),
    ] = False,
    json: Json = False,
) -> None:
    """Look at everything that a site needs, each by trying it; 1 if something is bad, 3 if something is unknown."""
    if progress:
        _progress(
            json=json
        )  # asked by every container every half minute: what looks at everything is not loaded
        return
    from ops.health import State
    from ops.health.examining import examine, worst
    from workers.accounting import connect

    signs = []
    for sign in examine(reaching.site(), reaching.database(), connect):
        signs.append(sign)
        if json:
            printing.as_json([sign])
        else:
            typer.echo(f"{sign.state.value:<8} {sign.name}: {sign.says}")
    raise typer.Exit({State.WELL: 0, State.BAD: NO, State.UNKNOWN: UNKNOWN}[worst(tuple(signs))])


def _progress(*, json: bool) -> None:
    """What was never started here is unknown, and no fault: a container runs one process of many."""
    from ops.health import State, health

    with reaching.reading() as connection:
        found = health(connection)
    if json:
        printing.as_json([*found.pulses, *found.queues])
    faults = [
        f"{p.name} gave its last sign of life {p.age:.0f} s ago" for p in found.pulses if p.state is State.BAD
    ]
    faults += [
        f"queue {q.queue}: {counted(q.due, 'row')} to do, and nothing was claimed"
        for q in found.queues
        if q.state is State.BAD
    ]
    for fault in faults:
        typer.echo(fault, err=True)
    raise typer.Exit(NO if faults else 0)


@commands.command(epilog="Example: kk2 balance --json | jq .findings")
def balance(
    visma: Annotated[
        bool, typer.Option("--visma/--no-visma", help="Whether Visma is asked for its list too.")
    ] = True,
    replay: Annotated[
        int | None, typer.Option(min=0, help="How many cases are split anew; else all.")
    ] = None,
    json: Json = False,
) -> None:
    """Prove that the money agrees, on every row and against Visma's own list; 1 for a difference, 3 for unknown."""
    from ops.balance import check, keep

    with reaching.reading() as connection:
        accounting = reaching.accounting() if visma else None
        report = check(connection, accounting, replayed=replay)
    with reaching.database().begin() as connection:
        keep(connection, report)
    if json:
        printing.as_json([report])
    else:
        _print(report)
    raise typer.Exit(int(report.exit_status))


def _print(report: "BalanceReport") -> None:
    for each in report.sums:
        _print_sums(each)
    printing.table(
        ("company", "vouchers that are", "number", "kroner", "in Visma", "kroner there"),
        [
            (v.company, v.state, v.vouchers, printing.kroner(v.total),
             "unknown" if v.in_visma is None else v.in_visma, printing.kroner(v.total_in_visma))
            for v in report.vouchers
        ],
        right="number kroner in Visma there",
    )  # fmt: skip
    typer.echo("")
    for finding in report.findings:
        typer.echo(f"{'holds ' if finding.holds else 'BROKEN'}  {finding.promise}")
        for row in finding.differences:
            typer.echo(
                f"        {row.subject}: expected {row.expected}, found {row.found} {finding.unit}: {row.cause}"
            )
        if finding.broken > len(finding.differences):
            typer.echo(f"        and {finding.broken - len(finding.differences)} more")
    for unknown in report.unknown:
        typer.echo(f"unknown {unknown}")
    verdict = "the money agrees" if report.agrees else "the money does not agree"
    typer.echo(f"{verdict}{'; not all could be told' if report.unknown else ''}")


def _print_sums(sums: "Sums") -> None:
    typer.echo(f"{sums.scope}: {counted(sums.payments, 'payment')}, {printing.kroner(sums.amount)} kr")
    printing.table(
        ("where", "state", "payments", "kroner"),
        [(place.where, place.state, place.payments, printing.kroner(place.amount)) for place in sums.places],
        right="payments kroner",
    )
    typer.echo("")
