"""`kk2 work`: the pieces of work that wait for a person, whatever they are, and trying one again."""

from typing import Annotated

import typer

from ops.cli.acting import act
from ops.cli.making import DryRun, Json, Name, Why, group

app = group("The pieces of work that wait for a person, whatever they are.", "work")


@app.command(epilog='Example: kk2 work retry 311 --reason "the setup has the client now"')
def retry(
    work: Annotated[
        int, typer.Argument(metavar="ID", help="The work row's id, as `kk2 work list` shows it.")
    ],
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Try a piece of work again: the world is back, the setup is complete, the program is mended."""
    from ops.repairs.retrying import try_again

    act(lambda c, who: try_again(c, work, person=who), name=name, reason=reason, dry_run=dry_run, json=json)
