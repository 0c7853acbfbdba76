"""A file as blocks of 80-column records, whatever its line ends; in bounded reads, never the whole file.

A block whose lines all have the stride of its first one is looked at as a matrix without touching its lines. Any other
(a blank line, UTF-8 text, mixed line ends) is cut line by line. str.splitlines() is never used: it cuts at 0x85 and
five other characters of ISO-8859-1 text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.formats.ocr_giro import encoding
from pipeline.formats.ocr_giro.layout import WIDTH
from pipeline.formats.ocr_giro.notes import Code
from pipeline.formats.saying import FaultyFileError

ROWS = 20_000
"""Lines in a block: 1.6 MB. Fewer cost calls, more cost memory and no longer save time."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_LINE = 4_096
"""Bytes after which a line without an end is given up; a record that is UTF-8 has at most 320."""

_IDLE = b" \t\0\x1a"
_MARKS = b"\0\x1a"
_LF, _CR = 10, 13


class NoteTaker(Protocol):
    """Where the oddities of lines go."""

    def add(self, line: int, code: Code, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive records: `rows[i, :80]` are the bytes of the record on line `lines[i]`.

    `texts` holds, by row, the characters of a record that was UTF-8; its bytes are ISO-8859-1 then, `?` for others.
    """

    rows: npt.NDArray[np.uint8]
    lines: npt.NDArray[np.int64]
    texts: dict[int, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it stands in the file, without its end, with its number. `is_blank`: it holds no record."""

    number: int
    raw: bytes
    is_blank: bool


def blocks(stream: BinaryIO, notes: NoteTaker) -> Iterator[Block]:
    """The records in blocks of at most about `ROWS`; raises FaultyFileError at a line that is not 80 characters."""
    reader = _Reader(stream, notes)
    while (block := reader.next_block()) is not None:
        if len(block.rows):
            yield block


def each_line(stream: BinaryIO, notes: NoteTaker) -> Iterator[Line]:
    """All lines, blank ones too, for the exact pass; a line without an end comes in pieces of LONGEST_LINE."""
    reader = _Reader(stream, notes)
    while (lines := reader.next_lines()) is not None:
        yield from lines


class _Reader:
    """Bounded reads of one stream, with what is left over of a read and the number of the next line."""

    def __init__(self, stream: BinaryIO, notes: NoteTaker) -> None:
        stream.seek(0)
        self._stream = stream
        self._notes = notes
        self._pending = self._read(ROWS * (WIDTH + 1))
        self._ended = False
        self._line = 1
        self._ends: set[bytes] = set()
        if self._pending.startswith(BYTE_ORDER_MARK):
            self._pending = self._pending[len(BYTE_ORDER_MARK) :]
            notes.add(1, Code.BYTE_ORDER_MARK, "a UTF-8 byte order mark stands in front")
        start = self._pending.rstrip(_IDLE + b"\r\n")
        self._endless = len(start) > WIDTH and b"\n" not in start and b"\r" not in start and _is_blocks(start)
        if self._endless:
            notes.add(1, Code.LINE_ENDS_NONE, "the records follow each other without line ends")

    def _read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end of the stream."""
        pieces = []
        while size > 0 and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _fill(self) -> bool:
        """Read on; whether there is anything to look at."""
        stride = self._stride()
        missing = ROWS * stride - len(self._pending)
        if missing > 0 and not self._ended:
            more = self._read(missing)
            self._ended = len(more) < missing
            self._pending = self._pending + more if self._pending else more
        return bool(self._pending)

    def _stride(self) -> int:
        if self._endless:
            return WIDTH
        return WIDTH + 2 if self._pending[WIDTH : WIDTH + 2] == b"\r\n" else WIDTH + 1

    def next_block(self) -> Block | None:
        """The next records, none if all lines read were blank; None at the end."""
        if not self._fill():
            return None
        stride = self._stride()
        count = len(self._pending) // stride
        if count:
            rows = np.frombuffer(self._pending, np.uint8, count * stride).reshape(count, stride)
            if self._is_uniform(rows, stride):
                numbers = np.arange(self._line, self._line + count)
                self._line += count
                self._pending = self._pending[count * stride :]
                return Block(rows, numbers, {})
        return _block(self._take_lines(), self._notes)

    def _is_uniform(self, rows: npt.NDArray[np.uint8], stride: int) -> bool:
        """Whether every row ends as the first does; a line end within a record is found by the checks of its fields."""
        ends = rows[:, WIDTH:]
        is_uniform: bool
        if stride == WIDTH + 2:
            end = b"\r\n"
            is_uniform = bool((ends == np.array((_CR, _LF), np.uint8)).all())
        elif stride == WIDTH + 1:
            end = ends[0].tobytes()
            after = self._pending[len(rows) * stride :][:1]
            is_uniform = (
                end in (b"\n", b"\r") and bool((ends == ends[0]).all()) and (end, after) != (b"\r", b"\n")
            )
        else:
            return bool((rows[:, 0] == ord("N")).all()) and not bool((rows <= _CR).any())
        if is_uniform:
            self._ends_seen({end})
        return is_uniform

    def next_lines(self) -> Iterator[Line] | None:
        """The next lines one by one; None at the end."""
        return self._take_lines() if self._fill() else None

    def _take_lines(self) -> Iterator[Line]:
        """The lines of what is pending, made one by one: a million blank ones must not take a million objects."""
        data, last = self._cut()
        if self._endless:
            raws = [data[at : at + WIDTH] for at in range(0, len(data), WIDTH)]
            if last and raws and not raws[-1].strip(_IDLE + b"\r\n"):
                raws.pop()
        else:
            raws = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            self._ends_seen(_ends_in(data))
            if raws[-1] == b"":
                raws.pop()
        if last and raws and raws[-1][WIDTH:].strip(_MARKS) != raws[-1][WIDTH:] and raws[-1].strip(_IDLE):
            self._notes.add(
                self._line + len(raws) - 1, Code.END_OF_FILE_MARK, "the file ends with 0x1A or NUL"
            )
            raws[-1] = raws[-1].rstrip(_MARKS)
        first = self._line
        self._line += len(raws)
        return self._lines(first, raws)

    def _lines(self, first: int, raws: list[bytes]) -> Iterator[Line]:
        for number, raw in enumerate(raws, first):
            line = Line(number, raw, not raw.strip(_IDLE + b"\r\n"))
            if line.is_blank:
                self._note_blank(line)
            yield line

    def _cut(self) -> tuple[bytes, bool]:
        """The whole lines of what is pending, or all of it at the end of the file; and whether it is the end."""
        data = self._pending
        if self._ended:
            self._pending = b""
            return data, True
        if self._endless:
            end = len(data) // WIDTH * WIDTH
        else:
            # a CR at the very end may be half of a CR LF
            end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        if end == 0 and len(data) > LONGEST_LINE:
            end = len(data)
        self._pending = data[end:]
        return data[:end], False

    def _note_blank(self, line: Line) -> None:
        if line.raw.strip(b" \t"):
            self._notes.add(line.number, Code.END_OF_FILE_MARK, "a line of 0x1A or NUL holds no record")
        else:
            self._notes.add(line.number, Code.BLANK_LINE, "a blank line holds no record")

    def _ends_seen(self, ends: set[bytes]) -> None:
        known = len(self._ends)
        self._ends |= ends
        if known == 0 and ends == {b"\r"}:
            self._notes.add(self._line, Code.LINE_ENDS_CR, "lines end with CR alone")
        if known < 2 <= len(self._ends):
            self._notes.add(self._line, Code.LINE_ENDS_MIXED, "lines do not all end alike")


def _is_blocks(start: bytes) -> bool:
    """Whether a file without line ends has a second record where one must begin."""
    return start[WIDTH : WIDTH + 2] == start[:2] == b"NY"


def _ends_in(data: bytes) -> set[bytes]:
    both, feeds, returns = data.count(b"\r\n"), data.count(b"\n"), data.count(b"\r")
    counts = {b"\r\n": both, b"\n": feeds - both, b"\r": returns - both}
    return {end for end, count in counts.items() if count}


def _block(lines: Iterator[Line], notes: NoteTaker) -> Block:
    """The records among `lines` as a matrix."""
    texts: dict[int, str] = {}
    numbers: list[int] = []
    raws: list[bytes] = []
    for line in lines:
        if line.is_blank:
            continue
        raw = line.raw
        if len(raw) != WIDTH:
            text = encoding.record(raw)
            if text is None:
                raise FaultyFileError
            notes.add(line.number, Code.UTF8_TEXT, "the line is UTF-8: 80 characters in more than 80 bytes")
            texts[len(raws)] = text
            raw = text.encode("latin-1", "replace")
        numbers.append(line.number)
        raws.append(raw)
    rows = np.frombuffer(b"".join(raws), np.uint8).reshape(len(raws), WIDTH)
    return Block(rows, np.array(numbers, np.int64), texts)
