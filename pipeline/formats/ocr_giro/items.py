"""The payments of a block, all at once: which records are whose, whether every field is right, what the fields say.

This only says *that* something is wrong (FaultyFileError); `exact` says what.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.formats.ocr_giro import layout
from pipeline.formats.ocr_giro.digits import Matrix, window
from pipeline.formats.ocr_giro.layout import FIRST_TYPE, FIRST_TYPE_WITH_TEXT, LAST_TYPE, WIDTH
from pipeline.formats.ocr_giro.lines import Block
from pipeline.formats.saying import FaultyFileError


def _word(pattern: bytes) -> np.int64:
    return np.int64(int.from_bytes(pattern, "little", signed=True))


_BUT_TYPE = _word(b"\xff\xff\xff\xff\0\0\xff\xff")
_BUT_FIRST = _word(b"\0\xff\xff\xff\xff\xff\xff\xff")
_ITEMS = tuple(_word(b"NY09\0\0" + record) for record in (b"30", b"31", b"32"))


@dataclass(frozen=True, slots=True)
class Items:
    """The payments of a block and its other records.

    `words`: the first eight bytes of each row; `first`, `second`: (n, >=80) bytes of the items 1 and 2, in one order; `starts`: row of each item 1 in the block;
    `types`: 10-21; `with_text`: which payments have an item 3; `others`: rows that are no part of a payment.
    """

    block: Block
    words: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    first: Matrix
    second: Matrix
    types: npt.NDArray[np.uint8]
    with_text: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]

    @property
    def lines(self) -> npt.NDArray[np.int64]:
        """The line of each payment's item 1."""
        return self.block.lines[self.starts]

    @property
    def third_rows(self) -> npt.NDArray[np.int64]:
        """The rows of the items 3, of the payments in `with_text`."""
        return self.starts[self.with_text] + 2


def items_of(block: Block) -> Items:
    """Tell the payments of a block from its other records, by their record types. FaultyFileError if a payment is cut
    off by the end of the block; whether the payments are whole otherwise is for `check_items`."""
    rows = block.rows
    words = window(rows, 8)
    kinds = words & _BUT_TYPE
    is_first = kinds == _ITEMS[0]
    starts = np.flatnonzero(is_first)
    if len(starts) and starts[-1] + 1 >= len(rows):
        raise FaultyFileError
    first, second = np.take(rows, starts, axis=0), np.take(rows, starts + 1, axis=0)
    tens, ones = (
        first[:, column - 1] - np.uint8(ord("0")) for column in (layout.TYPE.first, layout.TYPE.last)
    )
    types = tens * np.uint8(10) + ones
    with_text = np.flatnonzero(types >= FIRST_TYPE_WITH_TEXT)
    if len(with_text) and starts[with_text[-1]] + 2 >= len(rows):
        raise FaultyFileError
    others = np.flatnonzero(~(is_first | (kinds == _ITEMS[1]) | (kinds == _ITEMS[2])))
    return Items(block, words, starts, first, second, types, with_text, others)


def check_items(items: Items) -> None:
    """FaultyFileError unless each payment has all its items, in order, alike in type and number, and a right type."""
    rows, types = items.block.rows, items.types
    if not len(types):
        if len(items.others) != len(rows):
            raise FaultyFileError
        return
    heads, seconds, thirds = (
        items.words[items.starts],
        items.words[items.starts + 1],
        items.words[items.third_rows],
    )
    text_heads, texts = heads[items.with_text], rows[items.third_rows]
    is_whole = (
        items.first[:, layout.TYPE.cut].max() <= ord("9")
        and items.first[:, layout.TYPE.cut].min() >= ord("0")
        and types.min() >= FIRST_TYPE
        and types.max() <= LAST_TYPE
        and 2 * len(types) + len(thirds) + len(items.others) == len(rows)
        # the heads differ in the record type alone, so that type and service are the same
        and bool(((seconds ^ heads) == (_ITEMS[1] ^ _ITEMS[0])).all())
        and bool(((thirds ^ text_heads) == (_ITEMS[2] ^ _ITEMS[0])).all())
        and _same_numbers(items.first, items.second)
        and _same_numbers(items.first[items.with_text], texts)
    )
    if not is_whole:
        raise FaultyFileError


def unfinished(block: Block) -> int:
    """How many rows at the end of a block begin a payment that the next block ends: 0, 1 or 2."""
    last_two = [row.tobytes() for row in block.rows[-2:, :8]]
    if last_two and last_two[-1][2:4] == b"09" and last_two[-1][6:8] == b"30":
        return 1
    is_awaiting_text = (
        len(last_two) == 2
        and last_two[0][2:4] == b"09"
        and last_two[0][6:8] == b"30"
        and last_two[1][6:8] == b"31"
        and last_two[1][4:6] in (b"20", b"21")
    )
    return 2 if is_awaiting_text else 0


def joined(head: Block, tail: Block) -> Block:
    """The rows of two blocks that follow each other; only the 80 columns are kept."""
    texts = head.texts | {row + len(head.rows): text for row, text in tail.texts.items()}
    rows = np.concatenate((head.rows[:, :WIDTH], tail.rows[:, :WIDTH]))
    return Block(rows, np.concatenate((head.lines, tail.lines)), texts)


def parted(block: Block, at: int) -> tuple[Block, Block]:
    """A block cut before row `at`."""
    before = {row: text for row, text in block.texts.items() if row < at}
    after = {row - at: text for row, text in block.texts.items() if row >= at}
    return Block(block.rows[:at], block.lines[:at], before), Block(block.rows[at:], block.lines[at:], after)


def _same_numbers(one: Matrix, other: Matrix) -> bool:
    """Whether the transaction number (columns 9-15) is the same in two items of each payment."""
    return not ((window(one, 15) ^ window(other, 15)) & _BUT_FIRST).any()
