"""What a reader says of a file: its notes, no more of one code than a person will read, and what stands in it, shown."""

from collections import Counter
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from schemas.bank import Note

LISTED = 20
"""How many notes of one code are listed; the rest are counted in one closing note."""


class FaultyFileError(Exception):
    """The file is wrong somewhere, and the reader says where and how. Or it changed after it was proven."""


class Notes:
    """Collects notes while a file is read."""

    def __init__(self) -> None:
        self._listed: list[Note] = []
        self._counts: Counter[StrEnum] = Counter()
        self._first_unlisted: dict[StrEnum, int] = {}

    def add(self, line: int, code: StrEnum, text: str) -> None:
        """One oddity on one line; line 0 is the file as a whole."""
        self._counts[code] += 1
        if self._counts[code] <= LISTED:
            self._listed.append(Note(line, code.value, text))
        else:
            self._first_unlisted.setdefault(code, line)

    def add_lines(self, lines: npt.NDArray[np.int64], code: StrEnum, text: str) -> None:
        """The same oddity on several lines, ascending."""
        room = max(LISTED - self._counts[code], 0)
        for line in lines[: room + 1].tolist():
            self.add(line, code, text)
        self._counts[code] += max(len(lines) - room - 1, 0)

    def all(self) -> tuple[Note, ...]:
        """The notes in the order of their lines, with a closing one for each code that had more than are listed."""
        closing = [
            Note(line, code.value, f"and {self._counts[code] - LISTED} more of these from this line on")
            for code, line in self._first_unlisted.items()
        ]
        return tuple(sorted([*self._listed, *closing], key=lambda note: note.line))


def shown(text: str) -> str:
    """Characters of a file in a message: quoted, control characters and foreign ones written out, no longer than a
    record."""
    quoted = ascii(text) if not text.isprintable() else repr(text)
    return quoted if len(quoted) <= 90 else f"{quoted[:90]}…"
