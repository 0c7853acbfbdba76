"""Every rule about the fields of a payment, on all payments of a block at once.

What is wrong raises FaultyFileError, without saying where; what is odd and legal is noted with its line.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.formats.ocr_giro import layout
from pipeline.formats.ocr_giro.digits import (
    BLANK,
    DASH,
    KidColumns,
    Matrix,
    column_maxima,
    long_number,
    looked_up,
    number,
)
from pipeline.formats.ocr_giro.items import Items
from pipeline.formats.ocr_giro.kids import right_aligned
from pipeline.formats.ocr_giro.layout import Field
from pipeline.formats.ocr_giro.notes import Code
from pipeline.formats.reading import LATIN
from pipeline.formats.saying import FaultyFileError, Notes

_ZERO = np.uint8(ord("0"))
_LF, _CR, _DELETE = 10, 13, 0x7F
_ITEM_1_DIGITS = (layout.NUMBER, layout.BOOKED_ON, layout.STATEMENT_REF, layout.AMOUNT)
_ITEM_2_DIGITS = (layout.FORM, layout.REFERENCE, layout.BANK_DATE, layout.DEBIT_ACCOUNT)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the first pass needs of payments that are right; each column has one entry a payment.

    `booked_on` in days since 1970; `amount` unsigned; `is_negative` as column 32 says; `kid_high`, `kid_low` see
    `digits.KidColumns.sort_keys`.
    """

    numbers: npt.NDArray[np.int64]
    booked_on: npt.NDArray[np.int32]
    amount: npt.NDArray[np.int64]
    is_negative: npt.NDArray[np.bool_]
    is_reversal: npt.NDArray[np.bool_]
    kid_high: npt.NDArray[np.int32]
    kid_low: npt.NDArray[np.int64]


def check(items: Items, first_year: int, encoding: str, notes: Notes) -> Checked:
    """Check every field of every payment of a block. FaultyFileError if any is wrong."""
    first, second = items.first - _ZERO, items.second - _ZERO
    maxima = column_maxima(first)
    for place in _ITEM_1_DIGITS:
        if maxima[place.cut].max() > 9:
            raise FaultyFileError
    second_maxima = column_maxima(second)
    _refuse_line_ends(items, maxima, second_maxima)
    table = layout.days(first_year)
    booked_on = looked_up(items.first, layout.BOOKED_ON, table)
    if (booked_on == layout.INVALID_DAY).any():
        raise FaultyFileError
    amount = long_number(items.first, layout.AMOUNT)
    is_negative = _signs(items, maxima, notes)
    _check_second(items, second, second_maxima, table, notes)
    _check_fillers(items, maxima, second_maxima, notes)
    _note_where(items, amount == 0, Code.AMOUNT_ZERO, "the payment is of 0 øre", notes)
    kid_high, kid_low = _check_kids(items, notes)
    _check_texts(items, encoding, notes)
    return Checked(
        number(items.first, layout.NUMBER),
        booked_on,
        amount,
        is_negative,
        reversals(items.types),
        kid_high,
        kid_low,
    )


def reversals(types: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which payments go out whatever their sign says."""
    first, second = layout.REVERSALS
    is_reversal: npt.NDArray[np.bool_] = (types == first) | (types == second)
    return is_reversal


def blanks(matrix: Matrix, place: Field) -> npt.NDArray[np.bool_]:
    """Which records have nothing but blanks in a field."""
    is_blank: npt.NDArray[np.bool_] = (matrix[:, place.cut] == BLANK).all(axis=1)
    return is_blank


def _refuse_line_ends(items: Items, first: Matrix, second: Matrix) -> None:
    """A block that is a matrix may hold LF or CR within a record: two short lines, that is, though 80 columns fit.

    Where all is digits there is none; sign and KID are looked at by themselves; so that mostly few records are left.
    """
    looked_at = (first[8:31], first[32:49], first[74:80], second[8:80])
    rows = items.block.rows
    if max(int(maxima.max()) for maxima in looked_at) <= 9:
        rows = np.concatenate((rows[items.others], rows[items.third_rows]))
    inside = rows[:, : layout.WIDTH]
    if ((inside == _LF) | (inside == _CR)).any():
        raise FaultyFileError


def _signs(items: Items, maxima: Matrix, notes: Notes) -> npt.NDArray[np.bool_]:
    signs = items.first[:, layout.SIGN.first - 1]
    is_negative: npt.NDArray[np.bool_] = signs == DASH
    if maxima[layout.SIGN.first - 1]:
        is_blank = signs == BLANK
        if not (is_negative | is_blank | (signs == _ZERO)).all():
            raise FaultyFileError
        _note_where(items, is_blank, Code.SIGN_BLANK, "column 32 is blank and read as 0", notes)
    return is_negative


def _check_second(
    items: Items, digits: Matrix, maxima: Matrix, table: npt.NDArray[np.int32], notes: Notes
) -> None:
    """Form, reference, bank date and debit account: digits, or blank, which is said."""
    for place in _ITEM_2_DIGITS:
        if maxima[place.cut].max(initial=0) <= 9:
            continue
        is_blank = blanks(items.second, place)
        if digits[~is_blank][:, place.cut].max(initial=0) > 9:
            raise FaultyFileError
        text = f"columns {place.first}-{place.last} ({place.name}) are blank and read as zeros"
        _note_where(items, is_blank, Code.BLANK_FOR_ZERO, text, notes, item=1)
    bank_dates = number(items.second, layout.BANK_DATE)
    if ((table[bank_dates] == layout.INVALID_DAY) & (bank_dates != 0)).any():
        raise FaultyFileError


def _check_fillers(items: Items, first: Matrix, second: Matrix, notes: Notes) -> None:
    places = (
        (items.first, first, layout.CARD, 0),
        (items.first, first, layout.FILLER_30, 0),
        (items.second, second, layout.FILLER_31, 1),
    )
    for matrix, maxima, place, item in places:
        if not maxima[place.cut].any():
            continue
        is_filled = (matrix[:, place.cut] != _ZERO).any(axis=1)
        if place is layout.CARD:
            is_digits = (matrix[:, place.cut] - _ZERO <= 9).all(axis=1)
            is_filled &= (items.types < layout.FIRST_TYPE_WITH_CARD) | ~is_digits
        text = f"columns {place.first}-{place.last} should be zeros and are not"
        _note_where(items, is_filled, Code.FILLER, text, notes, item=item)


def _check_kids(items: Items, notes: Notes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    try:
        matrix, columns, odd = right_aligned(items.first[:, layout.KID.cut])
    except ValueError:
        raise FaultyFileError from None
    notes.add_lines(items.lines[odd], Code.KID_ALIGNED, "the KID is not right-aligned")
    _note_kids(items, columns, notes)
    return columns.sort_keys(matrix)


def _note_kids(items: Items, columns: KidColumns, notes: Notes) -> None:
    has_text = items.types >= layout.FIRST_TYPE_WITH_TEXT
    is_blank = columns.length == 0
    _note_where(items, is_blank & ~has_text, Code.KID_MISSING, "the payment has no KID", notes)
    _note_where(items, ~is_blank & has_text, Code.KID_UNEXPECTED, "a payment with free text has a KID", notes)
    is_short = ~is_blank & (columns.length < 4)
    _note_where(items, is_short, Code.KID_SHORT, "the KID has fewer than four characters", notes)
    fails = columns.length == 1
    fails[columns.fails_control()] = True
    fails &= ~is_blank
    _note_where(items, fails, Code.KID_CONTROL, "the KID passes neither MOD10 nor MOD11", notes)


def _check_texts(items: Items, encoding: str, notes: Notes) -> None:
    rows = items.third_rows
    if not len(rows):
        return
    lines = items.block.lines[rows]
    thirds = items.block.rows[rows]
    is_filled = (thirds[:, layout.FILLER_32.cut] != _ZERO).any(axis=1)
    place = layout.FILLER_32
    text = f"columns {place.first}-{place.last} should be zeros and are not"
    notes.add_lines(lines[is_filled], Code.FILLER, text)
    fields = thirds[:, layout.TEXT.cut]
    has_control = ((fields < BLANK) | (fields == _DELETE)).any(axis=1)
    text = "the text holds control characters, read as blanks"
    notes.add_lines(lines[has_control], Code.CONTROL_CHARACTER, text)
    if encoding == LATIN:
        is_windows = ((fields >= 0x80) & (fields < 0xA0)).any(axis=1)
        text = "the text holds bytes 0x80-0x9F, read as Windows-1252"
        notes.add_lines(lines[is_windows], Code.CP1252_TEXT, text)


def _note_where(
    items: Items, which: npt.NDArray[np.bool_], code: Code, text: str, notes: Notes, *, item: int = 0
) -> None:
    """Note the payments in `which` on the line of their item 1 (0) or 2 (1)."""
    if which.any():
        notes.add_lines(items.block.lines[items.starts[which] + item], code, text)
