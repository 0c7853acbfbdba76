"""Money is whole øre in an integer: kroner in, kroner out, and one way to round."""

import re
from typing import TypeAlias

Money: TypeAlias = int
"""An amount in whole øre. Never a float: 17 digits of øre, which a bank file may hold, do not fit one."""

_DECIMAL = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]{1,2}))?")


def kr(kroner: int, ore: int = 0) -> Money:
    """`kr(12, 50)` is 1250 øre; for a negative amount both parts go down: `kr(-12, 50)` is -1250."""
    if not 0 <= ore < 100:
        raise ValueError(f"a krone has 100 øre: {ore} is not between 0 and 99")
    return kroner * 100 + (ore if kroner >= 0 else -ore)


def in_kroner(money: Money) -> str:
    """Norwegian text for people, `1 234,50`, with a plain space between thousands."""
    kroner, ore = divmod(abs(money), 100)
    return f"{'-' if money < 0 else ''}{kroner:,}".replace(",", " ") + f",{ore:02d}"


def decimal_text(money: Money) -> str:
    """Text for SOAP and CSV, `1234.50`: a point, always two decimals, no thousands."""
    kroner, ore = divmod(abs(money), 100)
    return f"{'-' if money < 0 else ''}{kroner}.{ore:02d}"


def from_decimal_text(text: str) -> Money:
    """The øre of `1234.50`, `1234.5` or `-1234`; ValueError for anything else, such as a third decimal."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not an amount: expected digits with at most two decimals after a point, as 1234.50"
        )
    sign, kroner, decimals = found.groups()
    ore = int(kroner) * 100 + int((decimals or "").ljust(2, "0"))
    return -ore if sign == "-" else ore


def half_up(numerator: int, denominator: int) -> Money:
    """The exact fraction rounded to whole øre, a half away from zero (-1/2 is -1), as 1/2 is 1.

    A negative amount is the mirror of a positive one, so that a reversal takes back exactly what was booked.
    ZeroDivisionError if `denominator` is 0.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -whole if numerator < 0 else whole
