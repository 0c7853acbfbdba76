"""Bank days, against the `holidays` package."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bankdays import bank_days_between, easter, is_bank_day, next_bank_day

YEARS = range(2020, 2036)


@pytest.mark.parametrize("year", YEARS)
def test_every_day_of_a_year_is_what_the_calendar_of_norway_says(year: int) -> None:
    norway = holidays.country_holidays("NO", years=year)
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]

    wrong = [day for day in days if is_bank_day(day) is not (day.weekday() < 5 and day not in norway)]

    assert wrong == []


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(1818, 3, 22), (1943, 4, 25), (2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2026, 4, 5), (2038, 4, 25)],
)
def test_easter_falls_on_its_known_sundays(year: int, month: int, day: int) -> None:
    assert easter(year) == date(year, month, day)


def test_the_bank_day_after_maundy_thursdays_eve_is_the_tuesday_after_easter() -> None:
    assert next_bank_day(date(2026, 4, 1)) == date(2026, 4, 7)


def test_bank_days_are_counted_after_the_first_day_and_with_the_last() -> None:
    assert bank_days_between(date(2026, 4, 1), date(2026, 4, 7)) == 1
    assert bank_days_between(date(2026, 11, 23), date(2026, 11, 27)) == 4
    assert bank_days_between(date(2026, 11, 27), date(2026, 11, 23)) == 0


@given(st.dates(date(1990, 1, 1), date(2089, 12, 1)))
def test_the_next_bank_day_is_one_and_no_bank_day_lies_between(day: date) -> None:
    following = next_bank_day(day)

    assert is_bank_day(following)
    assert bank_days_between(day, following) == 1


def test_easter_is_the_calendars_for_two_centuries() -> None:
    norway = holidays.country_holidays("NO", years=range(1901, 2100), language="en_US")

    assert [easter(year) for year in range(1901, 2100)] == sorted(norway.get_named("Easter Sunday"))
