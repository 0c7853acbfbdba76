"""The languages of the screen: catalogues by area, numbers and days as each language writes them."""

import gettext
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from schemas.money import Money
from schemas.schedule import OSLO

LANGUAGES = ("nb", "en")
LOCALE = Path(__file__).parent / "locale"
_BABEL = {"nb": "nb", "en": "en_GB"}


def catalogues(language: str) -> Iterator[tuple[Path, Catalog]]:
    """Read the catalogues of a language, one for each area of the console."""
    for path in sorted((LOCALE / language).glob("*.po")):
        with path.open("rb") as file:
            yield path, read_po(file, locale=language)


@cache
def words(language: str) -> gettext.NullTranslations:
    """Give the texts of a language. English is what stands in the code."""
    if language == "en":
        return gettext.NullTranslations()
    whole = Catalog(locale=language)
    for _, catalogue in catalogues(language):
        for message in catalogue:
            if message.id and message.string:
                whole.add(message.id, message.string)
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def kroner(ore: Money | None, language: str) -> str:
    """An amount as it is read: `1 234,50` in bokmål, `1,234.50` in English; empty for what is not known."""
    if ore is None:
        return ""
    sign, whole, rest = "−" if ore < 0 else "", *divmod(abs(ore), 100)
    point = "," if language == "nb" else "."
    return f"{sign}{format_decimal(whole, locale=_BABEL[language])}{point}{rest:02d}"


def number(value: int | None, language: str) -> str:
    """A number with its thousands apart."""
    return "" if value is None else str(format_decimal(value, locale=_BABEL[language]))


def day(value: date | None, language: str) -> str:
    """A day: `02.03.2026` in bokmål, `2 Mar 2026` in English."""
    if value is None:
        return ""
    return str(
        format_date(value, "dd.MM.yyyy" if language == "nb" else "d MMM yyyy", locale=_BABEL[language])
    )


def day_here(value: date | None, moved: timedelta, language: str) -> str:
    """A day on which something happened here, and no day of the bank's, by a clock that is shown `moved`."""
    now = datetime.now(OSLO)
    return day(value + ((now + moved).date() - now.date()) if value else None, language)


def moment(value: datetime | None, language: str) -> str:
    """A moment by the clock in Norway, to the minute."""
    if value is None:
        return ""
    shape = "dd.MM.yyyy HH:mm" if language == "nb" else "d MMM yyyy HH:mm"
    return str(format_datetime(value.astimezone(OSLO), shape, locale=_BABEL[language]))
