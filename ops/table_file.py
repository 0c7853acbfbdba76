"""Rows of a table that a person made: CSV, as Excel writes it in Norway or elsewhere, or XLSX. Bounded in all directions."""

import codecs
import csv
import errno
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from ops.case_rows import BadFileError
from schemas.bank import Fault

MOST_BYTES = 64 << 20
MOST_UNPACKED = 512 << 20
MOST_ROWS = 250_000
_MOST_PARTS = 1_000
_MOST_COLUMNS = 100

# said of damaged workbooks by the zip, by the XML (a SyntaxError), and by the library of what is missing or odd in them
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError, AttributeError, OSError, EOFError,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip

Cells: TypeAlias = tuple[object, ...]
"""The cells of a row: text, or with XLSX a number, a day or None as the sheet has it; a formula is its last value."""


def read_table(path: Path) -> Iterator[tuple[int, Cells]]:
    """The rows that are not empty, each with its number from 1, as they come.

    Which kind it is, its first bytes say. Raises `BadFileError`, with a fault of line 0 for what is wrong with the file as
    a whole, and OSError for one that can't be read.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise _bad(path, "file", f"at most {MOST_BYTES >> 20} MiB", f"{size >> 20} MiB: cut it in two")
    with path.open("rb") as file:
        packed = file.read(4) == b"PK\x03\x04"
    found = 0
    for line, cells in _of_workbook(path) if packed else _of_csv(path):
        if all(cell is None or cell == "" for cell in cells):
            continue
        found += 1
        if found > MOST_ROWS or line > 2 * MOST_ROWS:
            raise _bad(path, "file", f"at most {MOST_ROWS:,} rows", "more: cut it in two")
        yield line, cells


def _of_csv(path: Path) -> Iterator[tuple[int, Cells]]:
    with path.open(encoding=_encoding(path), errors="replace", newline="") as file:
        first = file.readline(1 << 20)
        delimiter = max(";\t,", key=first.count)  # in this order where none stands there
        reader = csv.reader(_lines(first, file), delimiter=delimiter, strict=True)
        try:
            for row in reader:
                yield reader.line_num, tuple(cell.strip() for cell in row)
        except csv.Error as error:
            raise _bad(path, "row", "CSV", str(error), reader.line_num) from None


def _lines(first: str, file: io.TextIOWrapper) -> Iterator[str]:
    yield first
    yield from file


def _encoding(path: Path) -> str:
    """UTF-8 where all bytes are, with or without its mark; else Windows-1252, as an older Excel saves it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _of_workbook(path: Path) -> Iterator[tuple[int, Cells]]:
    """The first sheet. Its parts are measured before one is unpacked; zipfile unpacks no more than a part says."""
    from openpyxl import load_workbook  # heavy, and needed by nobody else

    with path.open("rb") as file:
        try:
            _measure(path, file)
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            if not book.worksheets:
                raise _bad(path, "file", "a workbook with a sheet", "none")
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what a sheet says of its size may be wrong, and is not needed
            yield from enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS, values_only=True), 1)
        except _DAMAGED as error:
            if isinstance(error, BadFileError) or (isinstance(error, OSError) and error.errno == errno.EIO):
                raise
            raise _bad(
                path, "file", "a workbook that can be read", f"another: {type(error).__name__}"
            ) from None


def _measure(path: Path, file: BinaryIO) -> None:
    with zipfile.ZipFile(file) as packed:
        parts = packed.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > _MOST_PARTS or unpacked > MOST_UNPACKED:
        expected = f"a workbook of at most {MOST_UNPACKED >> 20} MiB unpacked, in {_MOST_PARTS} parts"
        raise _bad(path, "file", expected, f"{unpacked >> 20} MiB in {len(parts)}")


def _bad(path: Path, what: str, expected: str, found: str, line: int = 0) -> BadFileError:
    return BadFileError(str(path), (Fault(line, None, what, expected, found),), 1)
