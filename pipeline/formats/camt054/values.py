"""What the text of an element means: amounts, days, flags and account numbers, each as the standard writes it."""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple, TypeAlias

from pipeline.formats.camt054.elements import Form
from schemas.money import Money, from_decimal_text

OURS = "NOK"
"""The one currency of the accounts."""

_BLANKS = " \t\r\n"
_WORD_LIMIT, _TEXT_LIMIT = 35, 1_000
_NOTHING = "NOTPROVIDED"
"""What the standard has a bank write where a reference must stand and there is none."""
_AMOUNT = re.compile(r"[0-9]{1,16}(\.[0-9]{1,2})?")
_COUNT = re.compile(r"[0-9]{1,15}")
_ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DAY = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?)?{_ZONE}"
)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


class Amount(NamedTuple):
    """An amount of a currency; in another than ours it is not looked at, and `ore` is 0."""

    ore: Money
    currency: str


Value: TypeAlias = str | int | bool | date | Amount


def read(form: Form, text: str, currency: str | None) -> Value | None:
    """What the text of an element is; None for a word or a text that is empty. ValueError says what was expected."""
    return _READERS[form](text.strip(_BLANKS), currency)


def _word(text: str, _: str | None) -> str | None:
    if len(text) > _WORD_LIMIT:
        raise ValueError(f"at most {_WORD_LIMIT} characters")
    return None if text == _NOTHING else text or None


def _text(text: str, _: str | None) -> str | None:
    if len(text) > _TEXT_LIMIT:
        raise ValueError(f"at most {_TEXT_LIMIT} characters")
    return " ".join(text.split()) or None


def _amount(text: str, currency: str | None) -> Amount:
    if not currency:
        raise ValueError("an amount with its currency (Ccy)")
    return Amount(_sum(text, None), currency) if currency == OURS else Amount(0, currency)


def _sum(text: str, _: str | None) -> Money:
    if _AMOUNT.fullmatch(text) is None:
        raise ValueError("kroner without sign, with a point and at most two decimals")
    return from_decimal_text(text)


def _count(text: str, _: str | None) -> int:
    if _COUNT.fullmatch(text) is None:
        raise ValueError("a number in digits")
    return int(text)


def _day(text: str, _: str | None) -> date:
    """The date as the bank wrote it, whatever its offset from UTC."""
    found = _DAY.fullmatch(text)
    if found is not None:
        try:
            day = date.fromisoformat(found[1])
        except ValueError:
            pass
        else:
            if 1990 <= day.year < 2090:
                return day
    raise ValueError("a day from 1990 to 2089, as 2026-01-31")


def _flag(text: str, _: str | None) -> bool:
    if text not in {"true", "false", "1", "0"}:
        raise ValueError("true or false")
    return text in {"true", "1"}


def _way(text: str, _: str | None) -> int:
    if text not in {"CRDT", "DBIT"}:
        raise ValueError("CRDT or DBIT")
    return 1 if text == "CRDT" else -1


_READERS: dict[Form, Callable[[str, str | None], Value | None]] = {
    Form.WORD: _word,
    Form.TEXT: _text,
    Form.TEXTS: _text,
    Form.AMOUNT: _amount,
    Form.SUM: _sum,
    Form.COUNT: _count,
    Form.DAY: _day,
    Form.FLAG: _flag,
    Form.WAY: _way,
}


def own_account(text: str) -> str:
    """The 11 digits of one of our accounts, written as BBAN or Norwegian IBAN. ValueError says what was expected."""
    plain = _plain(text)
    if plain.startswith("NO"):
        if len(plain) != 15 or not _is_iban(plain):
            raise ValueError("a Norwegian IBAN with its control digits, as NO9386011117947")
        return plain[4:]
    if len(plain) != 11 or not plain.isdecimal() or not plain.isascii():
        raise ValueError("a Norwegian account of 11 digits, or its IBAN")
    return plain


def payers_account(text: str) -> str:
    """The account that the money came from: 11 digits for a Norwegian one, else what the bank wrote without blanks."""
    plain = _plain(text)
    return plain[4:] if plain.startswith("NO") and len(plain) == 15 and _is_iban(plain) else plain


def _plain(text: str) -> str:
    return re.sub(r"[\s.]", "", text).upper()


def _is_iban(text: str) -> bool:
    return _IBAN.fullmatch(text) is not None and remainder(text) == 1


def remainder(text: str) -> int:
    """The remainder by 97 of ISO 7064, with the first four characters moved to the end; 1 is right.

    `text` holds digits and capital letters.
    """
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97
