"""How the groups of commands are made, and the options that many commands share."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ops.cli import doors
from schemas.schedule import OSLO


def group(help_text: str, name: str | None = None) -> typer.Typer:
    """Give a group of commands that shows its help when nothing is asked of it."""
    return typer.Typer(
        name=name,
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )


def day(text: str) -> date:
    """A day on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day, as 2026-01-31, found {text!r}") from None


def span_of(month: str) -> tuple[date | None, date | None]:
    """The first and the last day of a month on the command line; none of both for none."""
    if not month:
        return None, None
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise typer.BadParameter(f"expected a month, as 2026-03; found {month!r}") from None
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def kroner(text: str) -> int:
    """Kroner on the command line, in øre."""
    from ops.desk.listing import as_ore

    ore = as_ore(text)
    if ore is None:
        raise typer.BadParameter(f"expected kroner, as 1234.50, found {text!r}")
    return ore


def moment(text: str) -> datetime:
    """A moment on the command line, by the clock in Norway."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"expected a moment by the clock in Norway, as 2026-01-31 or '2026-01-31 08:00', found {text!r}"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=OSLO)


Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Name = Annotated[
    str,
    typer.Option(
        "--as",
        envvar="KK2_ACTOR",
        help="Who acts, for the audit; else the system's user.",
        callback=doors.need_role,
        is_eager=True,
    ),
]
Why = Annotated[str, typer.Option("--reason", help="Why, in a sentence for the audit.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="At most so many rows.")]
Since = Annotated[date | None, typer.Option("--since", parser=day, metavar="DAY", help="From this day on.")]
InFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file.")]
