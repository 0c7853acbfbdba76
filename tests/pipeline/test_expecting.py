"""A file that usually comes each bank day is missed on one, from a time of day on, and never on a holiday."""

from datetime import date, datetime, time, timedelta

import pytest

from pipeline.bankdays import is_bank_day
from pipeline.expecting import AccountFacts, Expectation, expect

FRIDAY = date(2026, 3, 20)
BY = time(12, 0)


def _bank_days(before: date, number: int) -> list[date]:
    found: list[date] = []
    day = before
    while len(found) < number:
        day -= timedelta(days=1)
        found += [day] if is_bank_day(day) else []
    return found


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour))


@pytest.mark.parametrize(
    ("came", "at", "stands"),
    [
        (10, _at(FRIDAY, 13), Expectation.MISSING),
        (10, _at(FRIDAY, 12), Expectation.MISSING),
        (10, _at(FRIDAY, 11), Expectation.AWAITED),
        (8, _at(FRIDAY, 13), Expectation.MISSING),
        (7, _at(FRIDAY, 13), Expectation.NOT_EXPECTED),
        (0, _at(FRIDAY, 13), Expectation.NOT_EXPECTED),
        (10, _at(FRIDAY + timedelta(days=1), 13), Expectation.NOT_EXPECTED),  # Saturday
    ],
)
def test_the_habit_and_the_hour_decide(came: int, at: datetime, stands: Expectation) -> None:
    facts = AccountFacts("99991042764", frozenset(_bank_days(FRIDAY, came)))

    assert expect(facts, at, BY) is stands


def test_a_file_that_came_is_not_awaited() -> None:
    facts = AccountFacts("99991042764", frozenset([FRIDAY]))

    assert expect(facts, _at(FRIDAY, 13), BY) is Expectation.CAME


def test_no_file_is_missed_on_a_public_holiday() -> None:
    may_1 = date(2026, 5, 1)
    facts = AccountFacts("99991042764", frozenset(_bank_days(may_1, 10)))

    assert expect(facts, _at(may_1, 13), BY) is Expectation.NOT_EXPECTED
