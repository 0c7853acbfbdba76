"""The first pass: prove a whole file, keeping of each payment only what its KID is worth in a sort."""

from collections.abc import Iterator
from datetime import date, timedelta
from io import SEEK_END
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from pipeline.formats.ocr_giro.checks import Checked, check
from pipeline.formats.ocr_giro.items import Items, check_items, items_of, joined, parted, unfinished
from pipeline.formats.ocr_giro.layout import WIDTH
from pipeline.formats.ocr_giro.ledger import Ledger
from pipeline.formats.ocr_giro.lines import Block, NoteTaker, blocks
from pipeline.formats.ocr_giro.notes import Code
from pipeline.formats.ocr_giro.sums import Sums
from pipeline.formats.reading import Kids, ReadOptions
from pipeline.formats.saying import FaultyFileError, Notes

_EPOCH = date(1970, 1, 1)
_LOW_BITS = np.int64(0xFFFFFFFF)


def payment_blocks(stream: BinaryIO, notes: NoteTaker) -> Iterator[Block]:
    """The blocks of a file, cut so that no payment lies in two of them."""
    carried: Block | None = None
    for fresh in blocks(stream, notes):
        block = fresh if carried is None else joined(carried, fresh)
        carried = None
        if rest := unfinished(block):
            block, carried = parted(block, len(block.rows) - rest)
        yield block
    if carried is not None:
        yield carried


class Proof:
    """A file that was read to its end without a fault."""

    def __init__(self, stream: BinaryIO, options: ReadOptions) -> None:
        """Prove the file in `stream`; FaultyFileError if anything in it is wrong."""
        self.notes = Notes()
        self.ledger = Ledger(options.first_year, self.notes, strict_dates=options.strict_dates)
        self._numbers = _Numbers(self.notes)
        most = stream.seek(0, SEEK_END) // (2 * WIDTH)  # payments; memory is taken only as they come
        self._high = np.zeros(most, np.int32)
        self._low = np.empty(most, np.int64)
        self._payments = 0
        self._latest: int | None = None
        for block in payment_blocks(stream, self.notes):
            items = items_of(block)
            check_items(items)
            checked = check(items, options.first_year, options.encoding, self.notes)
            self._keep(checked)
            self._follow(items, checked)
        if self.ledger.end(0) is not None:
            raise FaultyFileError

    def kids(self) -> Kids:
        """The KIDs of all payments, in file order."""
        return Kids(self._high[: self._payments], self._low[: self._payments])

    def _keep(self, checked: Checked) -> None:
        """Keep the KIDs; `high` is zero in most files and is not even touched then."""
        end = self._payments + len(checked.kid_low)
        self._low[self._payments : end] = checked.kid_low
        if checked.kid_high.any():
            self._high[self._payments : end] = checked.kid_high
        self._payments = end

    def _follow(self, items: Items, checked: Checked) -> None:
        """Tell the ledger the payments and the other records of a block in the order of the file."""
        block, row, payment = items.block, 0, 0
        before = np.searchsorted(items.starts, items.others)
        for other, until in zip(items.others.tolist(), before.tolist(), strict=True):
            self._pay(items, checked, slice(payment, until), other - row)
            line = int(block.lines[other])
            text = block.texts.get(other) or block.rows[other, :80].tobytes().decode("latin-1")
            if (
                text[:2] != "NY"
                or self.ledger.place(line, text) is not None
                or self.ledger.record(line, text)
            ):
                raise FaultyFileError
            if not self.ledger.in_payments:
                self._numbers.close()
                self._latest = None
            row, payment = other + 1, until
        self._pay(items, checked, slice(payment, len(items.starts)), len(block.rows) - row)

    def _pay(self, items: Items, checked: Checked, run: slice, records: int) -> None:
        if not records:
            return
        if not self.ledger.in_payments:
            raise FaultyFileError
        booked_on = checked.booked_on[run]
        self.ledger.pay(_sums(checked, run, records))
        self._note_falling_dates(items.lines[run], booked_on)
        self._numbers.add(items.lines[run], checked.numbers[run])

    def _note_falling_dates(self, lines: npt.NDArray[np.int64], booked_on: npt.NDArray[np.int32]) -> None:
        """Dates ascend within an assignment by the specification; the first that does not is said."""
        latest = int(booked_on[0]) if self._latest is None else self._latest
        falls = np.flatnonzero(_steps(booked_on, latest) < 0)
        if len(falls) and self._latest != _SAID:
            self.notes.add(
                int(lines[falls[0]]), Code.DATES_UNSORTED, "the Nets dates of the assignment do not ascend"
            )
        self._latest = _SAID if len(falls) or self._latest == _SAID else int(booked_on[-1])


_SAID = np.iinfo(np.int32).min


class _Numbers:
    """The transaction numbers of an assignment: a number twice is wrong, a gap or another order is odd."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._seen: list[npt.NDArray[np.int64]] = []
        self._last: int | None = None

    def add(self, lines: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]) -> None:
        steps = _steps(numbers, int(numbers[0]) - 1 if self._last is None else self._last)
        self._seen.append(numbers.astype(np.int32))
        self._last = int(numbers[-1])
        odd = steps != 1
        if odd.any():
            self._notes.add_lines(
                lines[steps > 1], Code.NUMBERS_GAP, "a transaction number is left out before this one"
            )
            self._notes.add_lines(
                lines[steps < 1], Code.NUMBERS_UNSORTED, "the transaction number is not above the one before"
            )

    def close(self) -> None:
        """The end of the assignment. FaultyFileError if a number came twice."""
        if self._seen:
            numbers = np.concatenate(self._seen)
            if (np.diff(numbers) <= 0).any() and len(np.unique(numbers)) != len(numbers):
                raise FaultyFileError
        self._seen, self._last = [], None


def _steps(column: npt.NDArray[np.int_] | npt.NDArray[np.int32], before: int) -> npt.NDArray[np.int64]:
    """Each value less the one before it, the first less `before`."""
    steps = np.empty(len(column), np.int64)
    steps[0] = int(column[0]) - before
    np.subtract(column[1:], column[:-1], out=steps[1:])
    return steps


def exact_sum(amounts: npt.NDArray[np.int64]) -> int:
    """The sum as a Python int: 92 amounts of 17 nines pass the limit of 64 bits, so each half is summed by itself."""
    return (int((amounts >> 32).sum()) << 32) + int((amounts & _LOW_BITS).sum())


def _sums(checked: Checked, run: slice, records: int) -> Sums:
    amount, is_negative, is_reversal = checked.amount[run], checked.is_negative[run], checked.is_reversal[run]
    booked_on = checked.booked_on[run]
    net = added = moved = exact_sum(amount)
    if is_negative.any():
        net -= 2 * exact_sum(amount[is_negative])
        added -= 2 * exact_sum(amount[is_negative & ~is_reversal])
    moved -= 2 * exact_sum(amount[is_negative | is_reversal])
    return Sums(
        len(amount),
        records,
        net,
        added,
        moved,
        _EPOCH + timedelta(int(booked_on.min())),
        _EPOCH + timedelta(int(booked_on.max())),
        dates_known=True,
    )
