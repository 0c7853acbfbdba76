"""How long personal data is kept."""

from datetime import date

import pytest

from pipeline.retention import kept_from


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 12, 31), date(2021, 1, 1)),
        (date(2027, 1, 1), date(2022, 1, 1)),
        (date(2028, 2, 29), date(2023, 1, 1)),
    ],
)
def test_a_year_is_kept_for_five_whole_years_after_its_end(today: date, first: date) -> None:
    assert kept_from(today, 5) == first
