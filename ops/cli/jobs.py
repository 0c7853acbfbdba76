"""`kk2 job`: many vouchers sent again together: how far it is, what became of each, and stopping it."""

from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.errors import SaidNoError
from ops.cli.making import DryRun, Json, Limit, Name, Why, group

app = group("Jobs that send many vouchers again: see how far one is, and stop it.", "job")
_Id = Annotated[int, typer.Argument(metavar="ID", help="The job's id, as `kk2 job list` shows it.")]


@app.command("list", epilog="Example: kk2 job list")
def list_(limit: Limit = 20, json: Json = False) -> None:
    """List jobs, the newest first: who made each, of how much, and where its vouchers stand now."""
    from ops.queries import jobs

    with reaching.reading() as connection:
        found = jobs.listed(connection, limit)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("id", "made", "by", "vouchers", "kroner", "state", "now"),
        [
            (j.id, j.made_at, j.made_by, j.vouchers, printing.kroner(j.total), j.state, _now(j.results))
            for j in found
        ],
        right="id vouchers kroner",
    )


@app.command(epilog="Example: kk2 job show 3 --result refused")
def show(
    job: _Id,
    result: Annotated[
        str | None,
        typer.Option(
            metavar="RESULT", help="Only what became this: `to come`, delivered, refused, in_doubt ..."
        ),
    ] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Show one job: how far it is, and what became of each of its vouchers."""
    from ops.queries import jobs

    with reaching.reading() as connection:
        found = jobs.shown(connection, job)
        items = jobs.items(connection, job, result=result, most=limit)
    if found is None:
        raise SaidNoError(f"there is no job {job}")
    if json:
        printing.as_json([found, *items])
        return
    stopped = f" by {found.stopped_by}" if found.stopped_by else ""
    printing.pairs(
        [("job", found.id), ("made", found.made_at), ("by", found.made_by), ("reason", found.reason),
         ("of", " ".join(f"{name}={value}" for name, value in found.filter.items()) or "all that were refused"),
         ("vouchers", found.vouchers), ("kroner", printing.kroner(found.total)), ("state", found.state + stopped),
         ("now", _now(found.results))]
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("voucher", "reference", "kroner", "result", "in Visma", "code", "Visma says"),
        [
            (i.voucher_id, i.reference, printing.kroner(i.total), i.result, i.voucher_no, i.code, i.note)
            for i in items
        ],
        right="voucher kroner",
    )


@app.command(epilog='Example: kk2 job stop 3 --reason "the period is closed again"')
def stop(job: _Id, reason: Why = "", dry_run: DryRun = False, name: Name = "", json: Json = False) -> None:
    """Send no more of a job's vouchers; what is on its way goes on."""
    from ops.repairs.vouchers import stop_job

    act(lambda c, who: stop_job(c, job, person=who), name=name, reason=reason, dry_run=dry_run, json=json)


def _now(results: dict[str, int]) -> str:
    return ", ".join(f"{number} {result.replace('_', ' ')}" for result, number in sorted(results.items()))
