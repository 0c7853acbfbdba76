"""The legal oddities of a file, each under a stable code, and no more of one code than a person will read."""

from collections import Counter
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from schemas.bank import Note

LISTED = 20
"""How many notes of one code are listed; the rest are counted in one closing note."""


class Code(StrEnum):
    """What can be odd about a file that is read all the same."""

    BYTE_ORDER_MARK = "byte-order-mark"  # UTF-8 byte order mark in front
    LINE_ENDS_CR = "line-ends-cr"  # CR alone
    LINE_ENDS_NONE = "line-ends-none"  # 80-byte blocks
    LINE_ENDS_MIXED = "line-ends-mixed"  # not the same all through
    BLANK_LINE = "blank-line"  # before, between or after the records
    END_OF_FILE_MARK = "end-of-file-mark"  # 0x1A or NUL
    UTF8_TEXT = "utf8-text"  # 80 characters in more than 80 bytes
    CP1252_TEXT = "cp1252-text"  # bytes 0x80-0x9F in the text
    CONTROL_CHARACTER = "control-character"  # in the text; read as a blank
    FILLER = "filler"  # something else than zeros where nothing is defined
    BLANK_FOR_ZERO = "blank-for-zero"  # a field of item 2 left blank
    SIGN_BLANK = "sign-blank"  # column 32 blank, read as 0
    AMOUNT_ZERO = "amount-zero"  # a payment of nothing
    KID_MISSING = "kid-missing"  # no KID on a type that has one
    KID_UNEXPECTED = "kid-unexpected"  # a KID on a free text type
    KID_CONTROL = "kid-control"  # passes neither MOD10 nor MOD11
    KID_SHORT = "kid-short"  # under four characters
    KID_ALIGNED = "kid-aligned"  # not right-aligned
    DATES_UNSORTED = "dates-unsorted"  # booked dates fall within an assignment
    DATES_DIFFER = "dates-differ"  # earliest or latest date of an end record, when not strict
    NUMBERS_UNSORTED = "numbers-unsorted"  # transaction numbers fall
    NUMBERS_GAP = "numbers-gap"  # a transaction number is left out
    ACCOUNT_CONTROL = "account-control"  # fails MOD11
    EMPTY_ASSIGNMENT = "empty-assignment"
    EMPTY_TRANSMISSION = "empty-transmission"
    SEVERAL_TRANSMISSIONS = "several-transmissions"
    DATE_MISSING = "date-missing"  # 000000 in an end record over payments
    NET_NEGATIVE = "net-negative"  # the control total is the net without its sign
    TOTAL_WITH_REVERSALS = "total-with-reversals"  # control total and money differ
    OTHER_SERVICE = "other-service"  # records passed over


class Notes:
    """Collects notes while a file is read."""

    def __init__(self) -> None:
        self._listed: list[Note] = []
        self._counts: Counter[Code] = Counter()
        self._first_unlisted: dict[Code, int] = {}

    def add(self, line: int, code: Code, text: str) -> None:
        """One oddity on one line; line 0 is the file as a whole."""
        self._counts[code] += 1
        if self._counts[code] <= LISTED:
            self._listed.append(Note(line, code.value, text))
        else:
            self._first_unlisted.setdefault(code, line)

    def add_lines(self, lines: npt.NDArray[np.int64], code: Code, text: str) -> None:
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
