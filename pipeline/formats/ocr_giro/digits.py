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

_LOW_HALVES = np.int64(0x0F0F0F0F0F0F0F0F)
_BUT_LAST = np.int64(0x00FFFFFFFFFFFFFF)
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


def number(matrix: Matrix, place: Field) -> npt.NDArray[np.int64]:
    """A field of at most 8 columns as numbers, a blank counting as 0; other characters than digits give nonsense."""
    return _joined(_digits(matrix, place))


def looked_up(matrix: Matrix, place: Field, table: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """What `table` has for the numbers in a field of at most 8 columns, which is often one number in all rows."""
    words = _digits(matrix, place)
    if len(words) and (words == words[0]).all():
        return np.full(len(words), table[_joined(words[:1])[0]], np.int32)
    found: npt.NDArray[np.int32] = table[_joined(words)]
    return found


def _digits(matrix: Matrix, place: Field) -> npt.NDArray[np.int64]:
    """The field's digits, one a byte, behind zeros: of a digit in ASCII, and of a blank, the low half of its byte."""
    words = window(matrix, place.last)
    words &= _LOW_HALVES & (-1 << 8 * (8 - place.width))
    return words


def _joined(x: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The numbers of which each word holds eight digits 0-9, one a byte.

    Each step joins neighbours: 8 digits, 4 pairs, 2 fours, 1 number (Lemire's and Mula's way, without its tables).
    """
    x = (x * 10 + (x >> 8)) & 0x00FF00FF00FF00FF
    x = (x * 100 + (x >> 16)) & 0x0000FFFF0000FFFF
    value: npt.NDArray[np.int64] = (x * 10_000 + (x >> 32)) & 0x00000000FFFFFFFF
    return value


def long_number(matrix: Matrix, place: Field) -> npt.NDArray[np.int64]:
    """A field of 9 to 18 columns as numbers."""
    value = number(matrix, Field(place.name, place.last - 7, place.last))
    power = 100_000_000
    last = place.last - 8
    while last >= place.first:
        first = max(place.first, last - 7)
        value += number(matrix, Field(place.name, first, last)) * power
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

    def fails_control(self) -> npt.NDArray[np.int64]:
        """Which of them pass neither MOD10 nor MOD11. Blanks in front weigh nothing, as leading zeros do not."""
        doubled = self._digits[1::2] * np.uint8(2)
        doubled -= (doubled > 9) * np.uint8(9)
        luhn = self._digits[0::2].sum(axis=0, dtype=np.uint8) + doubled.sum(axis=0, dtype=np.uint8)
        rest = np.flatnonzero((luhn % 10 != 0) | self._dash)
        if not len(rest):
            return rest
        digits, dash = self._digits[:, rest], self._dash[rest]
        weighed = (digits[:-1] * _WEIGHTS).sum(axis=0, dtype=np.uint16)
        weighed += np.where(dash, np.uint16(10), digits[-1])
        fails: npt.NDArray[np.int64] = rest[weighed % 11 != 0]
        return fails

    def sort_keys(self, matrix: Matrix) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Two numbers that are equal for equal KIDs only: the first nine digits; and length, dash and the last sixteen.

        Sixteen digits take 54 bits, length and dash 6 more, and the first nine are zero in most files. The low four
        bits of a byte are the digit, or 0 for a blank.
        """
        last, middle, first = (window(matrix, end) & _LOW_HALVES for end in (25, 17, 9))
        if self._dash.any():
            last[self._dash] &= _BUT_LAST
        low = _joined(last) + _joined(middle) * 100_000_000
        low |= (self.length.astype(np.int64) << 1 | self._dash) << 54
        highest = matrix[:, 0] & np.uint8(0x0F)
        if not first.any() and not highest.any():
            return np.zeros(len(low), np.int32), low
        return (_joined(first) + highest * np.int64(100_000_000)).astype(np.int32), low
