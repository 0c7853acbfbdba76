"""The legal tables and their prefix sums."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rates import COLLECTION_FEES, LIMITATION, RATES, RateRow, Rates, limitation_day, statutory_fees
from schemas.money import kr
from tests.builders import LEGAL_RATES

DAYS = st.dates(date(2012, 1, 1), date(2029, 12, 31))


def rate_on(day: date) -> int:
    """The rate of one day by walking the table, the slow way."""
    rate = RATES[0].basis_points
    for row in RATES:
        if row.valid_from <= day:
            rate = row.basis_points
    return rate


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2020, 1, 1), "9.50"),
        (date(2020, 7, 1), "8.00"),
        (date(2021, 12, 31), "8.00"),
        (date(2022, 1, 1), "8.50"),
        (date(2022, 6, 30), "8.50"),
        (date(2022, 7, 1), "9.25"),
        (date(2023, 1, 1), "10.75"),
        (date(2023, 7, 1), "11.75"),
        (date(2024, 1, 1), "12.50"),
        (date(2024, 7, 1), "12.50"),
        (date(2025, 6, 30), "12.50"),
        (date(2025, 7, 1), "12.25"),
        (date(2026, 1, 1), "12.00"),
        (date(2026, 7, 1), "12.25"),
    ],
)
def test_a_day_has_the_rate_of_its_half_year(day: date, percent: str) -> None:
    assert LEGAL_RATES.days_weight(day - timedelta(days=1), day) == int(percent.replace(".", ""))


def test_the_years_before_have_the_rates_that_the_ministry_set() -> None:
    percents = (
        "9.50 9.50 9.50 9.25 9.00 8.75 8.50 8.50 8.50 8.50 8.50 8.75 9.25"  # from July 2013 to July 2019
    )

    assert [row.basis_points for row in RATES[:13]] == [
        int(each.replace(".", "")) for each in percents.split()
    ]


def test_every_half_year_has_one_row_and_a_source() -> None:
    half_years = [date(year, month, 1) for year in range(2013, 2027) for month in (1, 7)][1:]

    assert [row.valid_from for row in RATES] == half_years
    assert all(row.source for row in RATES)


@given(DAYS, st.integers(0, 1500))
def test_a_weight_is_the_sum_of_the_rates_of_its_days(after: date, days: int) -> None:
    to = after + timedelta(days=days)

    slowly = sum(rate_on(after + timedelta(days=day)) for day in range(1, days + 1))

    assert LEGAL_RATES.days_weight(after, to) == slowly


@given(DAYS, DAYS)
def test_no_day_weighs_nothing(after: date, to: date) -> None:
    assert LEGAL_RATES.days_weight(max(after, to), min(after, to)) == 0


@given(DAYS, DAYS, DAYS)
def test_weights_of_stretches_add_up(one: date, two: date, three: date) -> None:
    first, middle, last = sorted((one, two, three))

    weight = LEGAL_RATES.days_weight

    assert weight(first, middle) + weight(middle, last) == weight(first, last)


def test_a_day_after_the_last_known_half_year_takes_the_last_rate_and_is_not_known() -> None:
    assert LEGAL_RATES.known_to == date(2026, 12, 31)
    assert LEGAL_RATES.is_known(date(2026, 1, 1), date(2026, 12, 31))
    assert not LEGAL_RATES.is_known(date(2026, 1, 1), date(2027, 1, 1))
    assert LEGAL_RATES.days_weight(date(2026, 12, 31), date(2027, 1, 2)) == 2 * 1225


def test_a_day_before_the_table_takes_the_first_rate_and_is_not_known() -> None:
    assert LEGAL_RATES.is_known(date(2013, 6, 30), date(2014, 1, 1))
    assert not LEGAL_RATES.is_known(date(2013, 6, 29), date(2014, 1, 1))
    assert LEGAL_RATES.days_weight(date(2013, 6, 28), date(2013, 7, 1)) == 3 * 950


def test_an_administrator_can_add_the_next_half_year() -> None:
    rates = Rates((*RATES, RateRow(date(2027, 1, 1), 1300, "a regulation")))

    assert rates.known_to == date(2027, 6, 30)
    assert rates.days_weight(date(2026, 12, 30), date(2027, 1, 1)) == 1225 + 1300


@pytest.mark.parametrize("rows", [(), (RATES[0], RATES[0])])
def test_a_table_without_rows_or_with_two_for_a_day_is_refused(rows: tuple[RateRow, ...]) -> None:
    with pytest.raises(ValueError, match="one row a day"):
        Rates(rows)


@pytest.mark.parametrize(
    ("day", "base", "reminder", "demand"),
    [(date(2025, 12, 31), 700, 35, 105), (date(2026, 1, 1), 750, 38, 113)],
)
def test_statutory_fees_are_twentieths_of_the_days_base(
    day: date, base: int, reminder: int, demand: int
) -> None:
    fees = statutory_fees(COLLECTION_FEES, day)

    assert (fees.base, fees.reminder, fees.payment_demand) == (kr(base), kr(reminder), kr(demand))


def test_a_fee_before_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="2019-12-31"):
        statutory_fees(COLLECTION_FEES, date(2019, 12, 31))


@pytest.mark.parametrize(
    ("due_on", "barred"),
    [
        (date(2024, 1, 31), date(2027, 1, 31)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2021, 2, 28), date(2024, 2, 28)),
    ],
)
def test_a_claim_is_barred_three_years_after_it_fell_due(due_on: date, barred: date) -> None:
    assert limitation_day(due_on) == barred
    assert "LOV-1979-05-18-18" in LIMITATION.source
