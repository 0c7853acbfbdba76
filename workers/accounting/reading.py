"""What stands in an answer's rows: texts, amounts and days, exact or not at all, however loosely an XSD is written.

Read with lxml and not through zeep, which takes 100 ms for a page of 1,000 rows of a few fields.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from lxml import etree

from schemas.money import Money
from workers.accounting.parsing import OffContractError

LONGEST_AMOUNT = 28  # characters, with zeros: what a Decimal of the default context holds without rounding
BEYOND = 10**15  # øre: decimal(15,2) has thirteen digits of kroner
ISO = 10  # characters of 2026-11-03
_AFTER_A_DAY = re.compile(r"(?:T00:00:00(?:\.0+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


def cells_of(row: etree._Element) -> dict[str, str]:
    """The texts of a row by their paths, without the blanks around them; of an element that repeats, the last."""
    found: dict[str, str] = {}
    for cell in row:
        if len(cell):
            found.update((f"{cell.tag}/{path}", text) for path, text in cells_of(cell).items())
        else:
            found[str(cell.tag)] = (cell.text or "").strip()
    return found


def texts_of(row: etree._Element, path: str) -> tuple[str, ...]:
    """All texts at a path, in order, the empty ones left out."""
    texts = ((cell.text or "").strip() for cell in row.iterfind(path))
    return tuple(text for text in texts if text)


def needed(cells: Mapping[str, str], path: str) -> str:
    """A text that must be there. Raises `OffContractError`."""
    text = cells.get(path, "")
    if not text:
        raise OffContractError(f"a row lacks {path.rpartition('}')[2]}")
    return text


def money(text: str) -> Money:
    """The øre of a decimal of kroner. Raises `OffContractError` for a third decimal that is not 0, and beyond 15 digits."""
    if len(text) > LONGEST_AMOUNT or not _DECIMAL.fullmatch(text):
        raise OffContractError(f"{text[:LONGEST_AMOUNT]!r} is no amount")
    amount = Decimal(text).scaleb(2)
    ore = int(amount)
    if ore != amount or not -BEYOND < ore < BEYOND:
        raise OffContractError(f"{text!r} is no amount in whole øre of at most 15 digits")
    return ore


def day(text: str) -> date:
    """The day of a date. A time zone may follow, and means nothing; a time of day other than midnight is refused.

    A service that writes a Norwegian midnight in another zone's clock means another day than it writes.
    """
    if not _AFTER_A_DAY.fullmatch(text[ISO:]):
        raise OffContractError(f"{text[:30]!r} is a moment where a day is meant")
    try:
        if text[4:5] + text[7:8] != "--":
            raise ValueError("not year, month and day with hyphens between")
        return date.fromisoformat(text[:ISO])
    except ValueError as fault:
        raise OffContractError(f"{text[:30]!r} is no day") from fault


def count(text: str) -> int:
    """A whole number that is not negative. Raises `OffContractError`."""
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) >= ISO:
        raise OffContractError(f"{text[:30]!r} is no number of things")
    return int(digits)
