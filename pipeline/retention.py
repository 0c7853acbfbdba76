"""How long personal data is kept: what the bookkeeping law demands, and no longer."""

from datetime import date


def kept_from(today: date, years: int) -> date:
    """Give the first day of which everything is still kept: `years` whole years after the end of the year that it is of.

    What is of 2021 is kept through 2026 and goes on 1 January 2027. Source: bokføringsloven § 13, five years.
    """
    return date(today.year - years, 1, 1)
