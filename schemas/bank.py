"""What a bank file says: notes, faults, transmissions, assignments and payments, one by one or in columns.

numpy stands here, for `PaymentBatch`: a file holds up to a million payments, and an object for each costs more
than everything else that is done to it. Objects are made where a rule needs one.
"""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from schemas.kid import Kid
from schemas.money import Money

BATCH_LIMIT = 5_000
"""The most payments that a `PaymentBatch` holds."""

Columns: TypeAlias = tuple[int, int]
"""First and last column of a field, 1-based, both inclusive, as the bank's specification counts."""

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
]
"""A payment as plain values for COPY: line, account, type, booked_on, value_on, interest_on, statement_ref, form,
amount, kid, debit_account, reference, text, is_reversal."""


@dataclass(frozen=True, slots=True)
class Note:
    """A legal oddity: the file was read all the same. `code` is stable, `text` is for people, line 0 is no line."""

    line: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file is refused: where, what was expected there, what was found. Line 0 is the file as a whole."""

    line: int
    columns: Columns | None
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        """`LINE:FIRST-LAST: what: expected …, found …`; without columns `LINE: what: …`."""
        place = f"{self.line}" if self.columns is None else f"{self.line}:{self.columns[0]}-{self.columns[1]}"
        return f"{place}: {self.what}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Transmission:
    """What one sender put into the file (forsendelse). `made_on` is None where the end record has no date."""

    line: int
    transmitter: str
    number: str
    recipient: str
    made_on: date | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The payments to one account (oppdrag). `total` is the money as it moves, `control_total` as the file says it.

    `line` and `last_line` are those of its start and its end; `earliest` and `latest` are the booked dates of its
    payments, None when there are none.
    """

    line: int
    last_line: int
    account: str
    agreement: str
    number: str
    payments: int
    total: Money
    control_total: Money
    earliest: date | None
    latest: date | None


@dataclass(frozen=True, slots=True)
class BankReference:
    """What tells one payment from another in any file of any day (bankreferanse).

    No number in an OCR file is unique across files, so all of this together must do; payments that are alike in all
    of it within one file are told apart by their order only.
    """

    account: str
    booked_on: date
    amount: Money
    kid: Kid | None
    debit_account: str | None
    reference: str | None
    form: str | None

    def identity(self) -> bytes:
        """The canonical bytes, from which the store makes its keyed fingerprint. The sign is in the amount."""
        day = self.booked_on.isoformat()
        return _canonical(
            self.account, day, self.amount, self.kid, self.debit_account, self.reference, self.form
        )


def _canonical(
    account: str,
    booked_on: str,
    amount: Money,
    kid: Kid | None,
    debit_account: str | None,
    reference: str | None,
    form: str | None,
) -> bytes:
    return f"{account}|{booked_on}|{amount}|{kid or ''}|{debit_account or ''}|{reference or ''}|{form or ''}".encode()


@dataclass(frozen=True, slots=True)
class Payment:
    """One incoming payment (innbetaling), as `kk2 read --json` prints it.

    `amount` is the money as it moves: a credit note or a reversal is negative. `value_on` is the bank date if there
    is one no later than `booked_on`.
    """

    line: int
    account: str
    type: str
    booked_on: date
    value_on: date | None
    statement_ref: str
    form: str | None
    amount: Money
    kid: Kid | None
    debit_account: str | None
    reference: str | None
    debtor: str | None
    text: str | None
    is_reversal: bool

    @property
    def bank_reference(self) -> BankReference:
        """What tells this payment from others."""
        return BankReference(
            self.account, self.booked_on, self.amount, self.kid, self.debit_account, self.reference, self.form
        )


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

    def rows(self) -> list[PaymentRow]:
        """The payments as tuples in the order of `PaymentRow`, ready for COPY."""
        columns = (
            self.line.tolist(),
            _texts(self.account),
            _TYPE_NAMES[self.type].tolist(),
            _dates(self.booked_on),
            _dates(self.value_on),
            _dates(np.where(np.isnat(self.value_on), self.booked_on, self.value_on)),
            _texts(self.statement_ref),
            _texts_or_none(self.form),
            self.amount.tolist(),
            self.kids(),
            _texts_or_none(self.debit_account),
            _texts_or_none(self.reference),
            self.text.tolist(),
            self.is_reversal.tolist(),
        )
        was_enabled = gc.isenabled()
        gc.disable()  # tuples of plain values hold no cycles, and to look at each of them takes as long as to make them
        try:
            return list(zip(*columns, strict=True))
        finally:
            if was_enabled:
                gc.enable()

    def kids(self) -> list[Kid | None]:
        """The KIDs as text, None where there is none."""
        absent = np.flatnonzero(self.kid == _NO_KID).tolist()
        column = self.kid
        if absent:
            column = column.copy()
            column[absent] = b"-"  # so that the split below finds a word there too
        kids: list[Kid | None] = [*_lines(column).split()]
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
        days = _dates(self.booked_on)
        texts = {day: day.isoformat() for day in set(days)}
        return list(
            map(
                _canonical,
                _texts(self.account),
                map(texts.__getitem__, days),
                self.amount.tolist(),
                self.kids(),
                _texts_or_none(self.debit_account),
                _texts_or_none(self.reference),
                _texts_or_none(self.form),
            )
        )


_NO_KID = np.bytes_(b" " * 25)
_TYPE_NAMES = np.array([f"{number:02d}" for number in range(100)], np.object_)


def _texts(column: npt.NDArray[np.bytes_]) -> list[str]:
    """A column of bytes as text. One decode and one split for all, for one decode each is five times slower; and of
    values that stand in runs (accounts, references of lump sums) one text a run."""
    starts = np.flatnonzero(column[1:] != column[:-1]) + 1
    if len(starts) * 4 > len(column) or not len(column):
        return _split(column)
    starts = np.concatenate(([0], starts))
    texts = np.array(_split(column[starts]), np.object_)
    repeated: list[str] = np.repeat(texts, np.diff(starts, append=len(column))).tolist()
    return repeated


def _texts_or_none(column: npt.NDArray[np.bytes_]) -> list[str | None]:
    """As `_texts`, with None for `b""`."""
    present = np.flatnonzero(column != b"")
    if len(present) == len(column):
        return [*_split(column)]
    texts = np.full(len(column), None, np.object_)
    texts[present] = _split(column[present])
    with_none: list[str | None] = texts.tolist()
    return with_none


def _split(column: npt.NDArray[np.bytes_]) -> list[str]:
    texts = _lines(column).split("\n")
    texts.pop()
    return texts


def _lines(column: npt.NDArray[np.bytes_]) -> str:
    """The values of a column, each closed by a line feed, in one text."""
    count, width = len(column), column.dtype.itemsize
    framed = np.empty((count, width + 1), np.uint8)
    framed[:, :width] = column.view(np.uint8).reshape(count, width)
    framed[:, width] = 10
    return framed.tobytes().decode("latin-1")


def _dates(column: npt.NDArray[np.datetime64]) -> list[date]:
    """A column of days as dates, None (which only `value_on` has) for NaT; one object a day where days are few."""
    days = column.astype(np.int64)
    is_absent = np.isnat(column)
    known = days[~is_absent]
    first, last = (int(known.min()), int(known.max())) if len(known) else (0, 0)
    if last - first > len(days):
        dates: list[date] = column.tolist()
        return dates
    each_day = np.full(last - first + 2, None, np.object_)
    each_day[:-1] = np.arange(first, last + 1).astype("datetime64[D]").astype(np.object_)
    days -= first
    days[is_absent] = len(each_day) - 1
    looked_up: list[date] = each_day[days].tolist()
    return looked_up


def passes_account_control(account: str) -> bool:
    """Whether `account`, 11 digits, ends with its MOD11 control (weights 5432765432); zeros alone are no account."""
    weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    total = sum(weight * int(digit) for weight, digit in zip(weights, account, strict=True))
    return total % 11 == 0 and total > 0
