"""Payments in columns: a file holds up to a million, and an object for each costs more than all else done to it.

numpy stands here and in the readers. Objects are made where a rule needs one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from schemas.bank.payment import Payment, canonical
from schemas.kid import Kid
from schemas.money import Money

BATCH_LIMIT = 5_000
"""The most payments that a `PaymentBatch` holds."""

PaymentRow: TypeAlias = tuple[
    int,
    str,
    str,
    date,
    date | None,
    date,
    str,
    str | None,
    Money,
    Kid | None,
    str | None,
    str | None,
    str | None,
    bool,
    str | None,
    str | None,
]
"""A payment as plain values for COPY: line, account, type, booked_on, value_on, interest_on, statement_ref, form,
amount, kid, debit_account, reference, text, is_reversal, debtor, and kids as JSON: `[["0010017", 12500], …]`."""


@dataclass(frozen=True, slots=True)
class PaymentBatch:
    """At most `BATCH_LIMIT` payments in columns of equal length, in file order.

    What is absent is `b""` in a text column of bytes, NaT in `value_on`, None in `text`. `kid` is right-aligned and
    blank-filled as in the file, so `b" " * 25` is no KID. `ordinal` is the 0-based place of the payment in the file.
    """

    line: npt.NDArray[np.int64]
    account: npt.NDArray[np.bytes_]  # S11
    type: npt.NDArray[np.uint8]
    booked_on: npt.NDArray[np.datetime64]  # [D]
    value_on: npt.NDArray[np.datetime64]  # [D]
    statement_ref: npt.NDArray[np.bytes_]  # S10
    form: npt.NDArray[np.bytes_]  # S10
    amount: npt.NDArray[np.int64]  # signed øre, as the money moves
    kid: npt.NDArray[np.bytes_]  # S25
    debit_account: npt.NDArray[np.bytes_]  # S11
    reference: npt.NDArray[np.bytes_]  # S9
    text: npt.NDArray[np.object_]
    is_reversal: npt.NDArray[np.bool_]
    ordinal: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.line)

    def rows(self) -> Iterator[PaymentRow]:
        """The payments as tuples in the order of `PaymentRow`, ready for COPY.

        One at a time, for a list of them costs twice as much: the collector of cycles looks at each tuple that stays.
        """
        return zip(
            self.line.tolist(),
            _texts(self.account),
            _TYPE_NAMES[self.type].tolist(),
            *_dates(self.booked_on, self.value_on),
            _texts(self.statement_ref),
            _texts_or_none(self.form),
            self.amount.tolist(),
            self.kids(),
            _texts_or_none(self.debit_account),
            _texts_or_none(self.reference),
            self.text.tolist(),
            self.is_reversal.tolist(),
            *[[None] * len(self)] * 2,
            strict=True,
        )

    def kids(self) -> list[Kid | None]:
        """The KIDs as text, None where there is none."""
        framed = _framed(self.kid)
        absent = np.flatnonzero(framed[:, -2] == ord(" ")).tolist()
        framed[absent, -2] = ord("-")  # so that the split below finds a word there too
        kids: list[Kid | None] = [*framed.tobytes().decode("ascii").split()]
        for index in absent:
            kids[index] = None
        return kids

    def payments(self) -> Iterator[Payment]:
        """The payments as objects, for a rule that needs them."""
        for (
            line,
            account,
            kind,
            booked_on,
            value_on,
            _,
            ref,
            form,
            amount,
            kid,
            debit,
            reference,
            text,
            back,
            _,
            _,
        ) in self.rows():
            yield Payment(
                line,
                account,
                kind,
                booked_on,
                value_on,
                ref,
                form,
                amount,
                kid,
                debit,
                reference,
                None,
                text,
                back,
            )

    def identities(self) -> list[bytes]:
        """Of each payment the canonical bytes that `BankReference.identity` gives."""
        days, _, _ = _dates(self.booked_on, self.value_on)
        texts = {day: day.isoformat() for day in set(days)}
        return list(
            map(
                canonical,
                _texts(self.account),
                map(texts.__getitem__, days),
                self.amount.tolist(),
                self.kids(),
                _texts_or_none(self.debit_account),
                _texts_or_none(self.reference),
                _texts_or_none(self.form),
            )
        )


_TYPE_NAMES = np.array([f"{number:02d}" for number in range(100)], np.object_)


def _texts(column: npt.NDArray[np.bytes_]) -> list[str]:
    """A column of bytes as text. One decode and one split for all, for one decode each is five times slower; and of
    values that stand in runs (accounts, references of lump sums) one text a run."""
    if not len(column):
        return []
    raw, width = column.tobytes(), column.dtype.itemsize
    if raw == raw[:width] * len(column):
        return _split(column[:1]) * len(column)
    starts = np.flatnonzero(column[1:] != column[:-1]) + 1
    if len(starts) * 16 > len(column):
        return _split(column)
    starts = np.concatenate(([0], starts))
    texts: list[str] = []
    for text, count in zip(_split(column[starts]), np.diff(starts, append=len(column)).tolist(), strict=True):
        texts += [text] * count
    return texts


def _texts_or_none(column: npt.NDArray[np.bytes_]) -> list[str | None]:
    """As `_texts`, with None for `b""`."""
    absent = np.flatnonzero(column == b"")
    if len(absent) * 4 < len(column):
        most: list[str | None] = [*_split(column)]
        for index in absent.tolist():
            most[index] = None
        return most
    present = np.flatnonzero(column != b"")
    few = np.full(len(column), None, np.object_)
    few[present] = _split(column[present])
    with_none: list[str | None] = few.tolist()
    return with_none


def _split(column: npt.NDArray[np.bytes_]) -> list[str]:
    texts = _framed(column).tobytes().decode("latin-1").split("\n")
    texts.pop()
    return texts


def _framed(column: npt.NDArray[np.bytes_]) -> npt.NDArray[np.uint8]:
    """The bytes of a column as a matrix, with a line feed behind each value."""
    count, width = len(column), column.dtype.itemsize
    framed = np.empty((count, width + 1), np.uint8)
    framed[:, :width] = column.view(np.uint8).reshape(count, width)
    framed[:, width] = 10
    return framed


def _dates(
    booked_on: npt.NDArray[np.datetime64], value_on: npt.NDArray[np.datetime64]
) -> tuple[list[date], list[date | None], list[date]]:
    """Booked dates, value dates (None for NaT) and, of each payment, the value date or else the booked date.

    A batch has few days, so that one object stands for a day. `value_on` is never later than `booked_on`.
    """
    if not len(booked_on):
        return [], [], []
    has_value = ~np.isnat(value_on)
    booked = booked_on.astype(np.int64)
    interest = np.where(has_value, value_on, booked_on).astype(np.int64)
    first, last = int(interest.min()), int(booked.max())
    each_day = np.full(last - first + 2, None, np.object_)
    each_day[:-1] = np.arange(first, last + 1).astype("datetime64[D]").astype(np.object_)
    booked -= first
    interest -= first
    value = np.where(has_value, interest, len(each_day) - 1)
    return each_day[booked].tolist(), each_day[value].tolist(), each_day[interest].tolist()
