"""`kk2 system` and `kk2 bundle`: how the site is made, and the zip for who helps from outside."""

from pathlib import Path
from typing import Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.making import Json, Name, Why, group

commands = group("For who helps.")


@commands.command(epilog="Example: kk2 system --json | jq .versions")
def system(name: Name = "", json: Json = False) -> None:
    """Show versions, settings and where each comes from, queues, signs of life and disks; secrets are hidden."""
    from ops.support import READERS
    from ops.support import system as look

    with reaching.reading_for(READERS, name) as connection:
        found = look(connection, reaching.site())
    if json:
        printing.as_json([found])
        return
    printing.table(
        ("what", "version"),
        [(each.name, each.version or "unknown") for each in (*found.versions, *found.packages)],
    )
    typer.echo("")
    printing.table(
        ("queue", "due", "oldest, s", "in the broker", "last claimed"),
        [(q.queue, q.due, None if q.oldest is None else round(q.oldest), found.broker.waiting.get(q.queue, "unknown"), q.moved)
         for q in found.health.queues],
        right="due s broker",
    )  # fmt: skip
    typer.echo("")
    printing.table(("sign of life", "is", "when"), [(p.name, p.state, p.at) for p in found.health.pulses])
    typer.echo("")
    printing.table(
        ("disk of", "folder", "MiB free", "of"),
        [(each.name, each.folder, each.free and each.free >> 20, each.total and each.total >> 20)
         for each in found.spaces],
        right="free of",
    )  # fmt: skip
    typer.echo("")
    printing.table(
        ("setting", "value", "from"), [(each.name, each.value, each.origin) for each in found.settings]
    )


@commands.command(epilog="Example: kk2 bundle --out site.zip --reason 'asked for by support'")
def bundle(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The zip; one that is there is not overwritten.")],
    reason: Why = "",
    name: Name = "",
    json: Json = False,
) -> None:
    """Make a zip for support: versions, settings, doctor, counts, ends of journal, audit and logs; no secrets, no persons."""
    from ops import repairs
    from ops.cli.errors import CommandError
    from ops.repairs.people import named
    from ops.support import make
    from workers.accounting import connect

    engine, site = reaching.database(), reaching.site()
    try:
        file = out.open("xb")
    except FileExistsError:
        raise CommandError(f"{out} is there already: name another --out, or take it away") from None
    try:
        out.chmod(0o600)
        with file:
            with engine.begin() as connection:
                repairs.take_bundle(connection, person=named(connection, reaching.actor(name), reason))
            parts = make(file, site, engine, connect)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    if json:
        printing.as_json([{"file": str(out), "parts": parts}])
    else:
        typer.echo(f"{out}: {', '.join(parts)}. Open it and look before you send it.")
