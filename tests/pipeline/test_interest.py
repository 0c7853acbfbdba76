"""Late interest, against exact fractions day by day."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.interest import interest, rounded
from schemas.money import Money, kr
from tests.builders import LEGAL_RATES
from tests.pipeline.test_rates import rate_on


def test_the_due_date_bears_no_interest_and_the_day_of_payment_does() -> None:
    due_on = date(2024, 3, 1)

    assert interest(kr(10_000), due_on, due_on, LEGAL_RATES) == 0
    assert (
        interest(kr(10_000), due_on, due_on + timedelta(days=1), LEGAL_RATES) == 342
    )  # 10000 x 12.5 % / 365


def test_a_payment_before_the_due_date_bears_no_interest() -> None:
    assert interest(kr(10_000), date(2024, 3, 1), date(2024, 1, 1), LEGAL_RATES) == 0


def test_a_leap_year_has_365_days_for_interest_and_its_leap_day_counts() -> None:
    assert (
        interest(kr(365), date(2023, 12, 31), date(2024, 12, 31), LEGAL_RATES) == 4575
    )  # 366 days at 12.5 %


@pytest.mark.parametrize(
    ("weighted", "ore"), [(1_824_999, 0), (1_825_000, 1), (5_474_999, 1), (5_475_000, 2)]
)
def test_half_an_ore_is_rounded_up(weighted: int, ore: Money) -> None:
    assert rounded(weighted) == ore


@given(st.integers(0, kr(10_000_000)), st.dates(date(2014, 1, 1), date(2026, 12, 1)), st.integers(0, 800))
def test_interest_is_the_days_fractions_rounded_once(principal: Money, due_on: date, days: int) -> None:
    exact = sum(
        (
            Fraction(principal * rate_on(due_on + timedelta(days=day)), 3_650_000)
            for day in range(1, days + 1)
        ),
        Fraction(0),
    )

    assert interest(principal, due_on, due_on + timedelta(days=days), LEGAL_RATES) == int(
        exact + Fraction(1, 2)
    )
