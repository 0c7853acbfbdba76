"""The lines of a bank file as they came, for a person: a page at a time, with what is wrong marked, payers' accounts covered."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from ops.queries.files import FaultRow, FileDetail
from pipeline.formats.ocr_giro import encoding
from pipeline.formats.ocr_giro.layout import WIDTH
from pipeline.formats.ocr_giro.lines import Line, each_line
from pipeline.formats.ocr_giro.notes import Code
from workers.archive import open_original

PAGE = 200
"""Lines of a page."""
_ACCOUNT = (47, 54)  # of the payer's account all but the last four digits: item 2, columns 48-58
_BBAN = re.compile(r"\b(?:[A-Z]{2}\d{2}[A-Z0-9]{11,30}|\d{11})\b")
_COVERED = "\u2022"
_LONGEST = 400  # letters of a line that is no record


@dataclass(frozen=True, slots=True)
class Shown:
    """A line: its pieces, each with whether it is marked as faulty, and what is said of it."""

    number: int
    pieces: tuple[tuple[str, bool], ...]
    says: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(piece for piece, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of lines, counted from 1; `more`: another one follows."""

    page: int
    lines: tuple[Shown, ...]
    more: bool


class _Silence:
    """Takes no notes: they were taken when the file was read."""

    def add(self, line: int, code: Code, text: str) -> None:
        """Forget it."""


def page_of(line: int) -> int:
    """The page that has a line."""
    return max(line - 1, 0) // PAGE + 1


def record(archive: Path, file: FileDetail, page: int) -> RecordPage:
    """Give a page of the original. Raises `ArchiveError` when it is not in the archive."""
    with open_original(archive, file.sha256) as stream:
        lines = list(islice(each_line(stream, _Silence()), (page - 1) * PAGE, page * PAGE + 1))
    return RecordPage(page, tuple(_shown(line, file.faults) for line in lines[:PAGE]), len(lines) > PAGE)


def _shown(line: Line, faults: Sequence[FaultRow]) -> Shown:
    written = _covered(encoding.record(line.raw) or line.raw.decode("latin-1"))[:_LONGEST]
    written = "".join(letter if letter.isprintable() else "\u00b7" for letter in written)
    mine = [fault for fault in faults if fault.line == line.number]
    places = [(f.first - 1, f.last) if f.first and f.last else (0, len(written)) for f in mine]
    return Shown(line.number, tuple(_pieces(written, places)), tuple(f.says for f in mine))


def _pieces(written: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    """Cut the line where marks begin and end."""
    cuts = sorted({0, len(written), *(min(at, len(written)) for place in places for at in place)})
    for first, until in pairwise(cuts):
        yield written[first:until], any(a <= first and until <= b for a, b in places)


def _covered(written: str) -> str:
    """Cover the payer's account, of which the desk shows the last digits only; and in what is no record each long number."""
    if "<" in written:
        return _BBAN.sub(lambda found: f"\u2026{found[0][-4:]}", written)
    if len(written) != WIDTH or not written.startswith("NY"):
        return re.sub(r"\d{6,}", lambda found: _COVERED * (len(found[0]) - 4) + found[0][-4:], written)
    if written[2:4] != "09" or written[6:8] != "31":
        return written
    first, until = _ACCOUNT
    if not written[first:until].strip("0 "):
        return written  # the payer's account is not known
    return written[:first] + _COVERED * (until - first) + written[until:]
