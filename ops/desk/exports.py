"""A list as a file, CSV or XLSX: row by row, so that a million rows need no more memory than a hundred.

What Excel would spoil or run stays what it is: a KID keeps its zeros, and a text that begins like a formula is a text.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from sqlalchemy import Connection

from ops.desk.listing import Asked, BadQuestion, Column, Listing, Shape, everything, more_than
from schemas.schedule import OSLO

MOST = 1_000_000
"""So many rows fit on a sheet of Excel, with its heads; a list that has more is filtered first."""

_AT_ONCE = 500
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for the beginning of a formula
_SPOILED = re.compile(r"0[0-9]+|[0-9]{12,}")  # digits that Excel makes another number of
_LONGEST = 32_000  # characters of a cell
_FORMATS = {
    Shape.MONEY: "#,##0.00",  # each Excel writes it in its own language: 1 234,50 in Norway
    Shape.NUMBER: "#,##0",
    Shape.DAY: "dd.mm.yyyy",
    Shape.MOMENT: "dd.mm.yyyy hh:mm",
}
_WIDTHS = {
    Shape.MONEY: 16,
    Shape.NUMBER: 10,
    Shape.DAY: 12,
    Shape.MOMENT: 18,
    Shape.WORD: 16,
    Shape.TEXT: 40,
    Shape.WRITTEN: 24,
}


@dataclass(frozen=True, slots=True)
class Language:
    """How a file speaks: its heads, the words of a known set, and sentences of the database."""

    title: Callable[[str], str]
    word: Callable[[str], str]
    said: Callable[[str], str]


def rows(connection: Connection, listing: Listing, asked: Asked) -> Iterator[Mapping[str, Any]]:
    """Give every row that is asked for; raises `BadQuestion` at once for more than fit into a file."""
    if more_than(connection, listing, asked, MOST):
        raise BadQuestion(f"a file takes up to {MOST} rows: filter the list")
    return everything(connection, listing, asked)


def as_csv(listing: Listing, found: Iterable[Mapping[str, Any]], language: Language) -> Iterator[bytes]:
    """Give the file piece by piece: semicolons and decimal commas, UTF-8 with the mark by which Excel knows it."""
    written = StringIO(newline="")
    to = csv.writer(written, delimiter=";", lineterminator="\r\n")
    written.write("\ufeff")
    to.writerow([_safe(language.title(column.title)) for column in listing.columns])
    for number, row in enumerate(found, 1):
        to.writerow([_in_csv(column, row[column.name], language) for column in listing.columns])
        if number % _AT_ONCE == 0:
            yield _taken(written)
    yield _taken(written)


def as_xlsx(listing: Listing, found: Iterable[Mapping[str, Any]], language: Language, to: IO[bytes]) -> None:
    """Write the file: kroner are numbers, days are dates, and what is a code is a text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", language.title(listing.title))[:31])
    sheet.freeze_panes = "A2"
    for place, column in enumerate(listing.columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(column.shape, 22)
    sheet.append([_as_text(sheet, language.title(column.title)) for column in listing.columns])
    for row in found:
        sheet.append([_in_xlsx(sheet, column, row[column.name], language) for column in listing.columns])
    book.save(to)


def _in_csv(column: Column, value: Any, language: Language) -> str:
    if value is None:
        return ""
    match column.shape:
        case Shape.MONEY:
            kroner, ore = divmod(abs(int(value)), 100)
            return f"{'-' if value < 0 else ''}{kroner},{ore:02d}"
        case Shape.NUMBER:
            return str(int(value))
        case Shape.DAY:
            return f"{value:%Y-%m-%d}"
        case Shape.MOMENT:
            return f"{value.astimezone(OSLO):%Y-%m-%d %H:%M:%S}"
        case Shape.CODE if _SPOILED.fullmatch(str(value)):
            return f'="{value}"'  # only digits: Excel shows them as they are, and as a text
        case _:
            return _safe(_words(column, value, language))


def _in_xlsx(sheet: Any, column: Column, value: Any, language: Language) -> Any:
    if value is None:
        return None
    match column.shape:
        case Shape.MONEY:
            made = WriteOnlyCell(sheet, Decimal(value).scaleb(-2))
        case Shape.NUMBER:
            made = WriteOnlyCell(sheet, int(value))
        case Shape.DAY if isinstance(value, date):
            made = WriteOnlyCell(sheet, value)
        case Shape.MOMENT if isinstance(value, datetime):
            made = WriteOnlyCell(sheet, value.astimezone(OSLO).replace(tzinfo=None))
        case _:
            return _as_text(sheet, _words(column, value, language))
    made.number_format = _FORMATS[column.shape]
    return made


def _as_text(sheet: Any, written: str) -> Any:
    """A cell that is a text whatever stands in it, and stays one when somebody edits it."""
    plain = ILLEGAL_CHARACTERS_RE.sub("\ufffd", written)[:_LONGEST]
    if not plain.startswith(_RUNS):
        return plain
    made = WriteOnlyCell(sheet, plain)
    made.data_type = "s"
    made.quotePrefix = True
    return made


def _words(column: Column, value: Any, language: Language) -> str:
    match column.shape:
        case Shape.WORD:
            return language.word(str(value))
        case Shape.WORDS:
            return ", ".join(map(language.word, value))
        case Shape.TEXT:
            return language.said(str(value))
        case _:
            return str(value)


def _safe(written: str) -> str:
    """A text that no spreadsheet runs."""
    plain = ILLEGAL_CHARACTERS_RE.sub("\ufffd", written)[:_LONGEST]
    return f"'{plain}" if plain.startswith(_RUNS) else plain


def _taken(written: StringIO) -> bytes:
    piece = written.getvalue().encode()
    written.seek(0)
    written.truncate()
    return piece
