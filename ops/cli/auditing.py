"""`kk2 audit`: what people did, and the proof that nothing of it was changed."""

from itertools import islice
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.choosing import one_of
from ops.cli.errors import NO
from ops.cli.making import Json, Limit, Name, Since, group

app = group("What people did, each act chained to the one before.", "audit")


@app.command("list", epilog="Example: kk2 audit list --actor kari --since 2026-03-01")
def list_(
    actor: Annotated[str | None, typer.Option(help="Of this person.")] = None,
    act: Annotated[str | None, typer.Option(help="This act, as assign.")] = None,
    subject: Annotated[str | None, typer.Option(help="On this, as 'payment 17'.")] = None,
    since: Since = None,
    limit: Limit = 50,
    name: Name = "",
    json: Json = False,
) -> None:
    """List acts, the newest first: who, when, what, of what, and why."""
    from ops.desk import audit, listing

    facets = {name: value for name, value in (("actor", actor), ("act", act)) if value}
    asked = listing.read(audit.AUDIT, facets | {"q": subject or "", "from": str(since or "")})
    with reaching.reading_for(audit.AUDIT.readers, name) as connection:
        found = list(islice(listing.everything(connection, audit.AUDIT, asked), limit))
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("no", "when", "who", "act", "of", "reason"),
        [(r["id"], r["at"], r["actor"], r["act"], r["subject"], r["reason"]) for r in found],
        right="no",
    )


@app.command(epilog="Example: kk2 audit verify")
def verify(name: Name = "", json: Json = False) -> None:
    """Walk the whole chain of acts; 1 and the first row that does not fit, if one was changed or taken away."""
    from ops.desk.audit import AUDIT
    from workers import audit

    with reaching.reading_for(AUDIT.readers, name) as connection:
        broken = audit.verify(connection)
    if json:
        printing.as_json([{"verified": broken is None, "broken_at": broken}])
    elif broken is None:
        typer.echo("every act hangs together with the one before it")
    else:
        typer.echo(
            f"the chain is broken at act {broken}: that act or the one before it was changed or taken away",
            err=True,
        )
    raise typer.Exit(0 if broken is None else NO)


@app.command(epilog="Example: kk2 audit export --format csv > audit.csv")
def export(
    written: Annotated[
        str,
        typer.Option(
            "--format",
            parser=one_of(("json", "csv")),
            metavar="FORMAT",
            help="json (one object a line) or csv.",
        ),
    ] = "json",
    name: Name = "",
) -> None:
    """Write the whole chain to standard output, with each act's hash and the one before it, so that another can verify it."""
    import csv
    import json
    import sys

    from ops.desk.audit import AUDIT
    from workers import audit

    heads = ("id", "at", "actor", "act", "subject", "reason", "detail", "previous", "hash")
    as_csv = csv.DictWriter(sys.stdout, heads) if written == "csv" else None
    with reaching.reading_for(AUDIT.readers, name) as connection:
        if as_csv is not None:
            as_csv.writeheader()
        for row in audit.rows(connection):
            if as_csv is None:
                printing.as_json([row])
            else:
                as_csv.writerow({**row, "detail": json.dumps(row["detail"], ensure_ascii=False)})
