"""The day at a glance on the command line: today, the flow, and one search for everything."""

from dataclasses import asdict
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.errors import SaidNoError
from ops.cli.making import Json, group
from schemas.wording import counted

commands = group("The day at a glance.")


@commands.command(epilog="Example: kk2 today --json | jq .payments")
def today(json: Json = False) -> None:
    """Show the day: files that came and that should have, payments by state, what failed, what waits, what differs."""
    from ops.queries import schedules, tallies
    from ops.queries import today as queries

    by = reaching.site().files_by
    with reaching.reading() as connection:
        now = queries.now_here(connection)
        came = queries.came(connection, now.date())
        expected = queries.expected(connection, now, by)
        payments = tallies.payments_by_state(connection)
        vouchers = tallies.vouchers_by_state(connection)
        failed, parked = tallies.failed(connection), tallies.parked(connection)
        next_ = [row for row in schedules.listed(connection) if row.next is not None]
        differences, meter = queries.differences(connection), queries.meter(connection)
    if json:
        printing.as_json(
            [
                {
                    "now": now,
                    "came": asdict(came),
                    "expected": [asdict(row) for row in expected],
                    "payments": {state: asdict(sum_) for state, sum_ in payments.items()},
                    "vouchers": {state: asdict(sum_) for state, sum_ in vouchers.items()},
                    "failed": [asdict(row) for row in failed],
                    "parked": [asdict(row) for row in parked],
                    "next": [{"name": row.name, "next": row.next, "late": row.late} for row in next_],
                    "differences": [asdict(row) for row in differences],
                    "meter": asdict(meter),
                }
            ]
        )
        return
    typer.echo(
        f"{counted(came.files, 'file')} today, {counted(came.payments, 'payment')}, {printing.kroner(came.total)} kr; money that must agree: "
        f"{meter.proof.result if meter.proof else 'never proven here: kk2 balance'}"
    )
    printing.table(
        ("account", "company", "today's file", "newest"),
        [(row.account, row.company, row.stands, row.last) for row in expected],
    )
    sums = [("payments", state, each) for state, each in payments.items()]
    sums += [("vouchers", state, each) for state, each in vouchers.items()]
    sums += [("failed", f"{row.state} {row.code}".strip(), row.tally) for row in failed]
    sums += [("parked", row.reason, row.tally) for row in parked]
    printing.table(
        ("what", "which", "number", "kroner"),
        [(what, which, each.number, printing.kroner(each.amount)) for what, which, each in sums],
        right="number kroner",
    )
    printing.table(("schedule", "next"), [(row.name, row.next) for row in next_])
    printing.table(
        ("company", "open differences", "since"), [(row.company, row.number, row.since) for row in differences],
        right="differences",
    )  # fmt: skip


@commands.command(epilog="Example: kk2 flow")
def flow(json: Json = False) -> None:
    """Show the way of a payment: what each stage has to do, has done in a day, and has parked."""
    from ops.queries import work

    with reaching.reading() as connection:
        counts = work.flow(connection)
    if json:
        printing.as_json(counts)
        return
    printing.table(
        ("stage", "queue", "to do", "parked", "done in a day"),
        [(row.stage, row.queue, row.due, row.parked, row.done_today) for row in counts],
        right="do parked day",
    )


@commands.command(epilog="Example: kk2 find 0221-00000038")
def find(
    what: Annotated[str, typer.Argument(metavar="WORD", help="KID, case, amount, name, file, voucher.")],
    json: Json = False,
) -> None:
    """Find what a word can be: KID, numbers and amounts exactly, case numbers and names by how they begin."""
    from ops.desk.listing import as_number, as_ore
    from ops.queries.search import search

    with reaching.reading() as connection:
        found = search(connection, what.strip(), number=as_number(what.strip()), ore=as_ore(what))
    if json:
        printing.as_json(found)
        return
    if not found:
        raise SaidNoError(f"nothing is like {what!r}")
    printing.table(
        ("kind", "found by", "id", "name", "about", "state", "kroner"),
        [
            (hits.kind, hits.by, hit.id, hit.name, hit.about, hit.state, printing.kroner(hit.amount))
            for hits in found
            for hit in hits.hits
        ],
        right="id kroner",
    )
