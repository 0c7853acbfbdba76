"""`kk2 list`: each list of the console by its name, asked the same way and with the same rows."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli import printing, reaching
from ops.cli.making import Json, Name, day, group

if TYPE_CHECKING:
    from ops.desk.listing import Column

commands = group("The console's lists.")


@commands.command("list", epilog="Example: kk2 list payments state=parked company=100 --from 2026-03-01")
def list_(
    which: Annotated[
        str, typer.Argument(metavar="LIST", help="As its page is called: payments, cases, vouchers ...")
    ],
    facets: Annotated[
        list[str] | None, typer.Argument(metavar="FILTER=WORD", help="Filters, as in the page's address.")
    ] = None,
    search: Annotated[str, typer.Option(help="What the page's search finds.")] = "",
    first: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="DAY", help="From this day on.")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", parser=day, metavar="DAY", help="Up to this day.")
    ] = None,
    sort: Annotated[str, typer.Option(help="By this column; - before it: downwards.")] = "",
    page: Annotated[int, typer.Option(min=1, help="This page, of 50 rows.")] = 1,
    name: Name = "",
    json: Json = False,
) -> None:
    """Show a page of a list as the console does: the same filters, the same search, the same rows in the same order."""
    from ops.desk import listing
    from ops.desk.register import LISTINGS

    if which not in LISTINGS:
        raise typer.BadParameter(
            f"expected one of {', '.join(sorted(LISTINGS))}; found {which!r}", param_hint="LIST"
        )
    wanted = LISTINGS[which]
    query = dict(each.partition("=")[::2] for each in facets or ())
    known = [facet.name for facet in wanted.facets]
    if strange := [each for each in query if each not in known]:
        raise typer.BadParameter(
            f"{which} has the filters {', '.join(known) or 'none'}; found {strange[0]!r}",
            param_hint="FILTER=WORD",
        )
    query |= {"q": search, "from": str(first or ""), "to": str(last or ""), "sort": sort, "page": str(page)}
    try:
        asked = listing.read(wanted, query)
    except listing.BadQuestion as bad:
        raise typer.BadParameter(str(bad)) from None
    with reaching.reading_for(wanted.readers, name) as connection:
        found = listing.page(connection, wanted, asked)
    if json:
        printing.as_json(found.rows)
        return
    shown = [column for column in wanted.columns if column.shown]
    printing.table(
        [column.name for column in shown],
        [[_cell(column, row[column.name]) for column in shown] for row in found.rows],
        right=" ".join(column.name for column in shown if column.shape in {"money", "number"}),
    )
    more = f"; page {page + 1} has more" if found.more else ""
    sums = "".join(f"; {column} {printing.kroner(ore)}" for column, ore in found.totals.items())
    typer.echo(
        f"\n{found.count if found.count is not None else f'more than {listing.COUNTED}'} in all{sums}{more}"
    )


def _cell(column: "Column", value: Any) -> printing.Cell:
    if value is None:
        return None
    if column.shape == "money":
        return printing.kroner(value)
    return ", ".join(value) if isinstance(value, list | tuple) else value
