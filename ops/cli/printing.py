"""How rows are printed: a table for people, a JSON object a line for programs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeAlias

import typer

from schemas.money import in_kroner
from schemas.schedule import OSLO

Cell: TypeAlias = str | int | date | bool | None


def kroner(ore: int | None) -> str:
    """An amount as a cell; what nobody knows is said so."""
    return "unknown" if ore is None else in_kroner(ore)


def moment(at: datetime) -> str:
    """A moment by the clock in Norway."""
    return f"{at.astimezone(OSLO):%Y-%m-%d %H:%M:%S}"


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: str = "") -> None:
    """Print a table; the columns named in `right`, separated by blanks, stand to the right, as sums do."""
    texts = [[_cell(cell) for cell in row] for row in rows]
    widths = [max(len(head), *(len(row[n]) for row in texts), 0) for n, head in enumerate(heads)]
    to_right = [head in right.split() for head in heads]
    for row in [list(heads), *texts]:
        cells = [
            text.rjust(width) if is_right else text.ljust(width)
            for text, width, is_right in zip(row, widths, to_right, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())
    if not texts:
        typer.echo("(none)")


def pairs(named: Iterable[tuple[str, Cell]]) -> None:
    """Print one thing: what each of its fields is called, and what it is."""
    cells = [(name, _cell(cell)) for name, cell in named]
    width = max((len(name) for name, _ in cells), default=0)
    for name, text in cells:
        typer.echo(f"{name.ljust(width)}  {text}".rstrip())


def as_json(values: Iterable[object]) -> None:
    """Print dataclasses (or mappings) as one JSON object a line; amounts stay whole øre."""
    for value in values:
        plain: Any = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        typer.echo(json.dumps(plain, ensure_ascii=False, default=_plain))


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return moment(cell)
        case _:
            return " ".join(str(cell).split())


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else str(value)
