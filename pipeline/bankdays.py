"""Norwegian bank days: not Saturday, not Sunday, not a public holiday (lov om helligdager LOV-1995-02-24-12)."""

from datetime import date, timedelta
from functools import lru_cache

_FIXED = (
    (1, 1),
    (5, 1),
    (5, 17),
    (12, 25),
    (12, 26),
)  # New Year's Day, Labour Day, Constitution Day, Christmas
_AFTER_EASTER = (-3, -2, 0, 1, 39, 49, 50)  # Maundy Thursday, Good Friday, Easter, Ascension Day, Whitsun


def easter(year: int) -> date:
    """Easter Sunday of a Gregorian year (the anonymous algorithm: Nature, 20 April 1876)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    quarter, odd = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - quarter - correction + 15) % 30
    leap, plain = divmod(rest, 4)
    weekday = (32 + 2 * odd + 2 * leap - epact - plain) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=256)
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays of a year, whether or not they fall on a weekend."""
    sunday = easter(year)
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {sunday + timedelta(days=days) for days in _AFTER_EASTER})


def is_bank_day(day: date) -> bool:
    """Whether the banks settle on that day. Christmas Eve and New Year's Eve count: half a day is a bank day."""
    return day.weekday() < 5 and day not in public_holidays(day.year)


def next_bank_day(day: date) -> date:
    """The first bank day after `day`."""
    following = day + timedelta(days=1)
    while not is_bank_day(following):
        following += timedelta(days=1)
    return following


def bank_days_between(after: date, to: date) -> int:
    """How many bank days lie after `after`, up to and including `to`; 0 where `to` is not later."""
    return sum(is_bank_day(after + timedelta(days=days)) for days in range(1, (to - after).days + 1))
