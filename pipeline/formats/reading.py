"""What the reader hands back: a proven file with its batches, or the faults for which it is refused."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from schemas.bank import Assignment, Fault, Note, PaymentBatch, PaymentList, Transmission
from schemas.money import Money

_ASCII = bytes(range(32, 127))

LATIN = "latin-1"
"""ISO-8859-1, the encoding of the specification; bytes that it leaves empty are read as Windows-1252."""

ISO646_NO = "iso646-no"
"""The Norwegian 7-bit set of old files, in which `{|}[\\]` stand for æøåÆØÅ."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read what the specification leaves open.

    `encoding`: of the text fields, any codec of Python that keeps ASCII, or `iso646-no`. `first_year`: two-digit
    years lie in the hundred years from it. `strict_dates`: whether a control record's earliest or latest date that
    differs from its payments refuses the file or is noted.
    """

    encoding: str
    first_year: int
    strict_dates: bool

    def __post_init__(self) -> None:
        if not 1900 <= self.first_year <= 2100:
            raise ValueError(f"the first year of the window is between 1900 and 2100, not {self.first_year}")
        if self.encoding == ISO646_NO:
            return
        try:
            codecs.lookup(self.encoding)
            keeps_ascii = _ASCII.decode(self.encoding) == _ASCII.decode("ascii")
        except (LookupError, UnicodeError):
            raise ValueError(f"{self.encoding!r} is not an encoding that can be read") from None
        if not keeps_ascii:
            raise ValueError(
                f"{self.encoding!r} does not keep ASCII, and so cannot be the encoding of an OCR file"
            )


DEFAULT = ReadOptions(encoding=LATIN, first_year=1990, strict_dates=True)
"""ISO-8859-1, the years 1990-2089, strict."""


Batch: TypeAlias = PaymentBatch | PaymentList
"""Payments in columns or as objects, whichever costs the format less; both are read alike."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The file is not what it should be. The first fault is the first in the file; there is at least one."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Kids:
    """The KIDs of a whole file as numbers to sort by, one entry a payment: equal exactly where the KIDs are.

    `high` are the first nine of 25 digits, `low` length, dash and the last sixteen. That is the order of KIDs too:
    of the numbers that they are, shorter ones first.
    """

    high: npt.NDArray[np.int32]
    low: npt.NDArray[np.int64]

    def order(self) -> npt.NDArray[np.int32]:
        """The ordinals of the payments in (KID, line) order; the sorts are stable."""
        if not self.high.any():
            return np.argsort(self.low, kind="stable").astype(np.int32)
        return np.lexsort((self.low, self.high)).astype(np.int32)

    def in_order(self) -> "Kids":
        """The same, sorted."""
        order = self.order()
        high = self.high[order] if self.high.any() else self.high
        return Kids(high, self.low[order])

    def run_start(self, first: int, end: int) -> int:
        """Of sorted KIDs, where between `first` and `end` the run of those equal to the one at `end` begins; `end`
        itself if that is another one's first, `first` if all are equal."""
        window = slice(first, end)
        others = np.flatnonzero((self.low[window] != self.low[end]) | (self.high[window] != self.high[end]))
        return first + int(others[-1]) + 1 if len(others) else first


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that is proven from end to end: every count, total and date in it agrees.

    `total` is the money as it moves, `control_total` the sum that the file's end records say (reversals are added
    there). `authorisations` are standing authorisations of AvtaleGiro; `other_records` counts the records of all
    services that were passed over, by service code. `open_batches` reads the stream again, which must stay open.
    """

    format: str
    transmissions: tuple[Transmission, ...]
    assignments: tuple[Assignment, ...]
    payments: int
    total: Money
    control_total: Money
    authorisations: int
    other_records: tuple[tuple[str, int], ...]
    notes: tuple[Note, ...]
    kids: Kids
    open_batches: Callable[[], Iterator[Batch]]

    def batches(self) -> Iterator[Batch]:
        """The payments in file order. One iteration at a time, for they share the stream, and nothing else may read it
        meanwhile. Raises if the stream is not what was proven any more."""
        return self.open_batches()

    def positions(self) -> npt.NDArray[np.int32]:
        """Of each payment, by ordinal, its 0-based rank in (KID, line) order."""
        ranks = np.empty(self.payments, np.int32)
        ranks[self.kids.order()] = np.arange(self.payments, dtype=np.int32)
        return ranks

    def cuts(self, size: int) -> list[tuple[int, int]]:
        """Half-open ranges of positions of at most `size`; equal KIDs are cut apart only if they exceed it."""
        if size < 1:
            raise ValueError(f"a range holds at least one payment, not {size}")
        kids = self.kids.in_order()
        ranges: list[tuple[int, int]] = []
        start = 0
        while start < self.payments:
            end = min(start + size, self.payments)
            if end < self.payments:
                run = kids.run_start(start, end)
                end = run if run > start else end
            ranges.append((start, end))
            start = end
        return ranges
