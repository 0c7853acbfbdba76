"""A file of cases transferred earlier: its headings found, each row checked by itself.

The first row has the headings, in Norwegian or English, in any order; columns that nobody asks for are left alone:

    Saksnummer;Kundenummer;Fakturanummer;KID;Beløp
    0221-00000038;10038;38;4100000000386;1 234,50
"""

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ops.case_rows import BadFileError, UnfitError, read_kid, words
from ops.table_file import Cells, read_table
from schemas.bank import Fault
from schemas.conversion import ConversionRow
from schemas.money import Money

_MOST_FAULTS = 100
_LONGEST_NUMBER = 15  # a spreadsheet keeps so many digits of a number, and zeros for the rest
HEADINGS: dict[str, tuple[str, ...]] = {
    "case_no": ("saksnummer", "saksnr", "sak", "casenumber", "caseno", "case"),
    "customer_no": ("kundenummer", "kundenr", "kunde", "customernumber", "customerno", "customer"),
    "invoice_no": ("fakturanummer", "fakturanr", "faktura", "invoicenumber", "invoiceno", "invoice"),
    "kid": ("kid", "kidnummer", "kidnr", "kidnumber", "kidno"),
    "amount": ("beløp", "hovedstol", "fakturabeløp", "amount", "principal"),
}
"""Each column that a row needs, and what its heading may be, without blanks, points, lines and capitals."""


def sha256_of(path: Path) -> str:
    """By what the same file is known again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(path: Path) -> Iterator[ConversionRow]:
    """The rows, as they come. At the end, or after a hundred faults, raises `BadFileError` if there was one.

    So whoever keeps the rows waits for the end.
    """
    rows = read_table(path)
    columns: dict[str, int] | None = None
    faults: list[Fault] = []
    lines: dict[str, int] = {}  # an invoice is in one case, so it stands in one row
    for line, cells in rows:
        if columns is None:
            columns = _columns(path, line, cells)
            continue
        found, unfit = _row(line, cells, columns)
        if found is not None and lines.setdefault(found.invoice_no, line) != line:
            first = f"each invoice once, row {lines[found.invoice_no]} has it"
            unfit = [Fault(line, None, "invoice number", first, repr(found.invoice_no))]
        faults += unfit
        if len(faults) >= _MOST_FAULTS:
            break
        if found is not None and not unfit:
            yield found
    if columns is None or (not lines and not faults):
        faults = [Fault(0, None, "file", "headings and a row or more below them", "none")]
    if faults:
        raise BadFileError(str(path), tuple(faults), len(faults))


def _columns(path: Path, line: int, cells: Cells) -> dict[str, int]:
    """Where each column stands, by the headings."""
    given = ["".join(c for c in str(cell or "").casefold() if c.isalpha()) for cell in cells]
    columns: dict[str, int] = {}
    faults: list[Fault] = []
    for name, known in HEADINGS.items():
        places = [place for place, heading in enumerate(given) if heading in known]
        if len(places) != 1:
            expected = f"one column for it, named {' or '.join(known)}"
            found = ", ".join(str(cell) for cell in cells if cell) or "nothing"
            faults.append(Fault(line, None, f"heading of {name.replace('_', ' ')}", expected, found))
        else:
            columns[name] = places[0]
    if faults:
        raise BadFileError(str(path), tuple(faults), len(faults))
    return columns


def _row(line: int, cells: Cells, columns: dict[str, int]) -> tuple[ConversionRow | None, list[Fault]]:
    values: dict[str, object] = {}
    faults: list[Fault] = []
    for name, place in columns.items():
        cell = cells[place] if place < len(cells) else None
        try:
            values[name] = _READERS[name](cell)
        except UnfitError as unfit:
            what = f"{name.replace('_', ' ')} (column {place + 1})"
            faults.append(
                Fault(line, None, what, str(unfit), "nothing" if cell in (None, "") else repr(cell))
            )
    if faults:
        return None, faults
    return ConversionRow(line, **values), []  # type: ignore[arg-type]


def _text(cell: object) -> object:
    """A number that a spreadsheet made of a code is that code again, as far as its digits are all there."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int) and not isinstance(cell, bool):
        if len(str(cell)) > _LONGEST_NUMBER:
            raise UnfitError(
                f"text: a spreadsheet keeps {_LONGEST_NUMBER} digits of a number; format the column as text, and fill it anew"
            )
        return str(cell)
    text = cell.strip() if isinstance(cell, str) else cell
    if isinstance(text, str) and not text.isprintable():
        raise UnfitError("text that can be printed")
    return text


def _coded(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda cell: read(_text(cell))


def _kid_or_none(cell: object) -> object:
    text = _text(cell)
    text = "".join(text.split()) if isinstance(text, str) else text
    return "" if text in (None, "") else read_kid(text)


def _amount(cell: object) -> Money:
    """Kroner with a comma or a point, blanks between thousands; of a number, what it shows with two decimals."""
    expected = "kroner above 0 with at most two decimals, as 1 234,50 or 1234.50"
    try:
        if isinstance(cell, str):
            kroner = Decimal("".join(cell.split()).replace(",", "."))
        elif isinstance(cell, int | float) and not isinstance(cell, bool):
            kroner = round(Decimal(repr(cell)), 6)  # a sheet's sums carry the dust of binary fractions
        else:
            raise UnfitError(expected)
    except InvalidOperation:
        raise UnfitError(expected) from None
    if not kroner.is_finite() or not 0 < kroner < 10**13 or kroner * 100 != int(kroner * 100):
        raise UnfitError(expected)
    return int(kroner * 100)


_READERS: dict[str, Callable[[object], object]] = {
    "case_no": _coded(words(16, blanks=False)),
    "customer_no": _coded(words(11, blanks=False)),
    "invoice_no": _coded(words(20, blanks=False)),
    "kid": _kid_or_none,
    "amount": _amount,
}
