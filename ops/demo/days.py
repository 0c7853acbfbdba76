"""The days on which the demo's money comes."""

from dataclasses import dataclass
from datetime import date, timedelta

_FIRST = date(2026, 7, 1)


@dataclass(frozen=True, slots=True)
class Days:
    """When a payment of a file comes."""

    file: int
    booked_on: date
    value_on: date | None

    @property
    def interest_on(self) -> date:
        """The day that interest runs to."""
        return self.value_on or self.booked_on


def bank_day(index: int) -> date:
    """The weekday with this number, counted from the first of the demo."""
    day = _FIRST
    for _ in range(index):
        day += timedelta(3 if day.weekday() == 4 else 1)
    return day
