"""The second pass: the payments of a proven file in columns, every field converted."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from pipeline.formats.ocr_giro import layout
from pipeline.formats.ocr_giro.checks import blanks, reversals
from pipeline.formats.ocr_giro.digits import BLANK, DASH, Matrix, long_number, looked_up, window
from pipeline.formats.ocr_giro.encoding import decoded, without_controls
from pipeline.formats.ocr_giro.items import Items, items_of
from pipeline.formats.ocr_giro.kids import realigned
from pipeline.formats.ocr_giro.layout import Field
from pipeline.formats.ocr_giro.proof import payment_blocks
from pipeline.formats.reading import ReadOptions
from pipeline.formats.saying import Notes
from schemas.bank import BATCH_LIMIT, PaymentBatch

_NOT_A_DAY = np.iinfo(np.int64).min
"""NaT as numpy stores it."""

_ZEROS = np.int64(0x3030303030303030)


def batches(stream: BinaryIO, options: ReadOptions) -> Iterator[PaymentBatch]:
    """The payments of a file that `proof` found right, in file order; FaultyFileError if it is another by now."""
    account = b""
    ordinal = 0
    for block in payment_blocks(stream, Notes()):
        items = items_of(block)
        accounts, account = _accounts(items, account)
        columns = _columns(items, accounts, ordinal, options)
        for start in range(0, len(accounts), BATCH_LIMIT):
            yield PaymentBatch(*(column[start : start + BATCH_LIMIT] for column in columns))
        ordinal += len(accounts)


def _accounts(items: Items, account: bytes) -> tuple[npt.NDArray[np.bytes_], bytes]:
    """The account of each payment, and the one at the block's end; `account` is that at its start."""
    accounts = np.full(len(items.starts), account, f"S{layout.ACCOUNT.width}")
    before = np.searchsorted(items.starts, items.others)
    for row, payment in zip(items.others.tolist(), before.tolist(), strict=True):
        record = items.block.rows[row, :80].tobytes()
        if record[:8] == b"NY090020":
            account = record[layout.ACCOUNT.cut]
            accounts[payment:] = account
    return accounts, account


def _columns(
    items: Items, accounts: npt.NDArray[np.bytes_], ordinal: int, options: ReadOptions
) -> tuple[npt.NDArray[Any], ...]:
    """The columns of PaymentBatch, in its order."""
    booked_on = looked_up(items.first, layout.BOOKED_ON, layout.days(options.first_year))
    is_reversal = reversals(items.types)
    amount = long_number(items.first, layout.AMOUNT)
    is_out = is_reversal | (items.first[:, layout.SIGN.first - 1] == DASH)
    np.negative(amount, out=amount, where=is_out)
    return (
        items.lines,
        accounts,
        items.types,
        booked_on.astype(np.int64).view("datetime64[D]"),
        _value_dates(items, booked_on, options.first_year),
        _column(items.first[:, layout.STATEMENT_REF.cut]),
        _column_or_absent(items.second, layout.FORM),
        amount,
        _column(realigned(items.first[:, layout.KID.cut])),
        _column_or_absent(items.second, layout.DEBIT_ACCOUNT),
        _column_or_absent(items.second, layout.REFERENCE),
        _texts(items, options.encoding),
        is_reversal,
        np.arange(ordinal, ordinal + len(accounts)),
    )


def _value_dates(
    items: Items, booked_on: npt.NDArray[np.int32], first_year: int
) -> npt.NDArray[np.datetime64]:
    """The bank dates that are there (not zeros or blanks, which are no day) and no later than the booked dates."""
    value_on = looked_up(items.second, layout.BANK_DATE, layout.days(first_year))
    days = value_on.astype(np.int64)
    days[(value_on == layout.INVALID_DAY) | (value_on > booked_on)] = _NOT_A_DAY
    return days.view("datetime64[D]")


def _column(matrix: Matrix) -> npt.NDArray[np.bytes_]:
    """The characters of a field as a column of bytes."""
    column: npt.NDArray[np.bytes_] = matrix.copy(order="C").view(f"S{matrix.shape[1]}").reshape(-1)
    return column


def _column_or_absent(matrix: Matrix, place: Field) -> npt.NDArray[np.bytes_]:
    """As `_column` of a field of 8 to 16 columns, `b""` where it holds zeros or blanks only."""
    column = _column(matrix[:, place.cut])
    is_absent = (window(matrix, place.last) == _ZEROS) & (window(matrix, place.first + 7) == _ZEROS)
    if (matrix[:, place.first - 1] == BLANK).any():
        is_absent |= blanks(matrix, place)
    column[is_absent] = b""
    return column


def _texts(items: Items, encoding: str) -> npt.NDArray[np.object_]:
    texts = np.empty(len(items.starts), np.object_)  # of None
    rows = items.third_rows
    fields = items.block.rows[rows, layout.TEXT.cut]
    for payment, row, field in zip(items.with_text.tolist(), rows.tolist(), fields, strict=True):
        whole = items.block.texts.get(row)
        text = decoded(field.tobytes(), encoding) if whole is None else layout.TEXT.of(whole)
        texts[payment] = (text if text.isprintable() else without_controls(text)).strip(" ") or None
    return texts
