"""Digits of whole columns to numbers at once, eight to a 64-bit word, and the controls of whole columns of KIDs."""

import numpy as np
import numpy.typing as npt

from pipeline.formats.ocr_giro.layout import KID, Field

Matrix = npt.NDArray[np.uint8]

BLANK, DASH = ord(" "), ord("-")
_ZERO = ord("0")
_BLANK_DIGIT, _DASH_DIGIT = (BLANK - _ZERO) % 256, (DASH - _ZERO) % 256
_FOLD = 32
_KID_WIDTH = KID.width

_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.uint8)
_WEIGHTS = np.array([2 + place % 6 for place in range(_KID_WIDTH - 1)][::-1], np.uint16).reshape(-1, 1)


def column_maxima(matrix: Matrix) -> Matrix:
    """The greatest byte of each column. Folded, since a reduction over short rows is ten times slower."""
    count, width = matrix.shape
    folds = count // _FOLD
    maxima: Matrix = matrix[folds * _FOLD :].max(axis=0, initial=0)
    if folds:
        folded = matrix[: folds * _FOLD].reshape(folds, _FOLD * width).max(axis=0)
        maxima = np.maximum(maxima, folded.reshape(_FOLD, width).max(axis=0))
    return maxima


def window(matrix: Matrix, last: int) -> npt.NDArray[np.int64]:
    """The eight bytes up to column `last` (1-based, inclusive) of each row as one word, the first byte lowest."""
    words: npt.NDArray[np.int64] = matrix[:, last - 8 : last].view("<i8").reshape(-1).copy()
    return words


def number(digits: Matrix, place: Field) -> npt.NDArray[np.int64]:
    """A field of at most 8 columns, given as digits 0-9, as numbers; anything else than digits gives nonsense.

    Each step joins neighbours: 8 digits, 4 pairs, 2 fours, 1 number (Lemire's and Mula's way, without its tables).
    """
    x = window(digits, place.last)
    if place.width < 8:
        x &= -1 << 8 * (8 - place.width)
    x = (x * 10 + (x >> 8)) & 0x00FF00FF00FF00FF
    x = (x * 100 + (x >> 16)) & 0x0000FFFF0000FFFF
    value: npt.NDArray[np.int64] = (x * 10_000 + (x >> 32)) & 0x00000000FFFFFFFF
    return value


def long_number(digits: Matrix, place: Field) -> npt.NDArray[np.int64]:
    """A field of 9 to 18 columns as numbers."""
    value = number(digits, Field(place.name, place.last - 7, place.last))
    power = 100_000_000
    last = place.last - 8
    while last >= place.first:
        first = max(place.first, last - 7)
        value += number(digits, Field(place.name, first, last)) * power
        power *= 100_000_000
        last -= 8
    return value


class KidColumns:
    """What is to be known of many KIDs: one row a character, so that each step is over all KIDs.

    `matrix` is (n, 25) bytes as in the file. `odd` are the rows that are not blanks and then digits (with perhaps a
    dash last): to be read one by one.
    """

    def __init__(self, matrix: Matrix) -> None:
        self._digits = np.ascontiguousarray(matrix.T) - np.uint8(_ZERO)
        is_blank = self._digits == _BLANK_DIGIT
        is_digit = self._digits <= 9
        self._dash = self._digits[-1] == _DASH_DIGIT
        self.length = _KID_WIDTH - is_blank.sum(axis=0, dtype=np.uint8)
        is_right = is_blank | is_digit
        is_right[-1] |= self._dash
        falls = is_blank[1:] & ~is_blank[:-1]
        self.odd = np.flatnonzero(
            ~is_right.all(axis=0) | falls.any(axis=0) | (self._dash & (self.length == 1))
        )
        self._digits *= is_digit

    def fails_control(self) -> npt.NDArray[np.bool_]:
        """Which of them pass neither MOD10 nor MOD11. Blanks in front weigh nothing, as leading zeros do not."""
        digits = self._digits
        luhn = digits[0::2].sum(axis=0, dtype=np.uint8)
        luhn += _DOUBLED[digits[1::2]].sum(axis=0, dtype=np.uint8)
        passes_10 = (luhn % 10 == 0) & ~self._dash
        weighed = (digits[:-1] * _WEIGHTS).sum(axis=0, dtype=np.uint16)
        weighed += np.where(self._dash, np.uint16(10), digits[-1])
        fails: npt.NDArray[np.bool_] = ~(passes_10 | (weighed % 11 == 0))
        return fails

    def sort_keys(self, matrix: Matrix) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Two numbers that are equal for equal KIDs only: the first nine digits; and length, dash and the last sixteen.

        Sixteen digits take 54 bits, length and dash 6 more, and the first nine are zero in most files.
        """
        digits = matrix - np.uint8(_ZERO)
        digits *= digits <= 9
        shape = self.length.astype(np.int64) << 1 | self._dash
        low = long_number(digits, Field(KID.name, 10, 25)) | shape << 54
        if not digits[:, :9].any():
            return np.broadcast_to(np.int32(0), len(low)), low
        high = number(digits, Field(KID.name, 2, 9)) + digits[:, 0] * np.int64(100_000_000)
        return high.astype(np.int32), low
