"""Dated legal tables, each row with its source: the late-interest rate and the base of the collection fees."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date

from schemas.money import Money, half_up, kr


@dataclass(frozen=True, slots=True)
class RateRow:
    """The late-interest rate (forsinkelsesrente) from a day on. `basis_points`: hundredths of a percent a year."""

    valid_from: date
    basis_points: int
    source: str


@dataclass(frozen=True, slots=True)
class FeeRow:
    """The base of the collection fees (inkassosats) from a day on."""

    valid_from: date
    amount: Money
    source: str


@dataclass(frozen=True, slots=True)
class LimitationRow:
    """How many years a claim lives (foreldelse) before it is barred, for claims that fell due from a day on."""

    valid_from: date
    years: int
    source: str


def _set_by_policy_rate(year: int, month: int, basis_points: int) -> RateRow:
    policy = basis_points - 800
    return RateRow(
        date(year, month, 1),
        basis_points,
        f"forsinkelsesrenteloven (LOV-1976-12-17-100) § 3: Norges Bank's policy rate {policy // 100}.{policy % 100:02d} % "
        f"on {date(year, month, 1)} and 8 points, set by the Ministry of Finance",
    )


RATES: tuple[RateRow, ...] = (
    _set_by_policy_rate(2013, 7, 950),
    _set_by_policy_rate(2014, 1, 950),
    _set_by_policy_rate(2014, 7, 950),
    _set_by_policy_rate(2015, 1, 925),
    _set_by_policy_rate(2015, 7, 900),
    _set_by_policy_rate(2016, 1, 875),
    _set_by_policy_rate(2016, 7, 850),
    _set_by_policy_rate(2017, 1, 850),
    _set_by_policy_rate(2017, 7, 850),
    _set_by_policy_rate(2018, 1, 850),
    _set_by_policy_rate(2018, 7, 850),
    _set_by_policy_rate(2019, 1, 875),
    _set_by_policy_rate(2019, 7, 925),
    _set_by_policy_rate(2020, 1, 950),
    _set_by_policy_rate(2020, 7, 800),
    _set_by_policy_rate(2021, 1, 800),
    _set_by_policy_rate(2021, 7, 800),
    _set_by_policy_rate(2022, 1, 850),
    _set_by_policy_rate(2022, 7, 925),
    _set_by_policy_rate(2023, 1, 1075),
    _set_by_policy_rate(2023, 7, 1175),
    _set_by_policy_rate(2024, 1, 1250),
    RateRow(date(2024, 7, 1), 1250, "FOR-2024-06-26-1320 § 1"),
    RateRow(date(2025, 1, 1), 1250, "FOR-2024-12-19-3279 § 1"),
    RateRow(date(2025, 7, 1), 1225, "FOR-2025-06-23-1321 § 1"),
    _set_by_policy_rate(2026, 1, 1200),
    _set_by_policy_rate(2026, 7, 1225),
)
"""Every half-year since 2013-07-01. The next row comes with 2027-01-01."""

COLLECTION_FEES: tuple[FeeRow, ...] = (
    FeeRow(
        date(2020, 1, 1),
        kr(700),
        "inkassoforskriften (FOR-1989-07-14-562) § 1-1; 700 kr until the end of 2025",
    ),
    FeeRow(
        date(2026, 1, 1), kr(750), "inkassoforskriften (FOR-1989-07-14-562) § 1-1; 750 kr from 2026-01-01"
    ),
)
"""The base (inkassosats), since reminders cost a twentieth of it.

The Debt Collection Act LOV-2026-05-22-19, signalled for 2027-01-01, will need a new regime.
"""


LIMITATION = LimitationRow(
    date(1980, 1, 1),
    3,
    "foreldelsesloven (LOV-1979-05-18-18) § 2: three years; § 3: from the day on which the creditor could first demand payment",
)
"""The only rule that a claim of today can fall under. What stops or prolongs it (§§ 14 to 20: a step in court, the debtor's
own acknowledgement) stands in KK2."""


def limitation_day(due_on: date) -> date:
    """The day on which a claim that fell due on a day is barred, if nothing has stopped it; 29 February ends on the 28th."""
    year = due_on.year + LIMITATION.years
    day = 28 if (due_on.month, due_on.day) == (2, 29) else due_on.day
    return due_on.replace(year=year, day=day)


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates as prefix sums, so that interest on a stretch of days is principal times weight, exact in integers.

    A *weight* is basis points times days; interest in øre is principal times weight over 365 x 10,000.
    A day before the first row takes its rate, a day after the last row the last rate; `is_known` says so.
    Raises ValueError without rows or with two rows for a day.
    """

    rows: tuple[RateRow, ...] = field(repr=False)
    known_to: date = field(init=False)
    _starts: list[int] = field(init=False, repr=False, compare=False)
    _points: list[int] = field(init=False, repr=False, compare=False)
    _before: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sum up once what every question needs."""
        rows = sorted(self.rows, key=lambda row: row.valid_from)
        starts = [row.valid_from.toordinal() for row in rows]
        if not rows or len(set(starts)) < len(starts):
            raise ValueError("the rates must have at least one row, and one row a day")
        before = [0]
        for row, start, following in zip(rows, starts, starts[1:], strict=False):
            before.append(before[-1] + (following - start) * row.basis_points)
        last = rows[-1].valid_from
        object.__setattr__(
            self, "known_to", date(last.year, 6, 30) if last.month <= 6 else date(last.year, 12, 31)
        )
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_points", [row.basis_points for row in rows])
        object.__setattr__(self, "_before", before)

    def through(self, day: date) -> int:
        """Weight of all days from the first row up to and including `day`; negative before the first row."""
        ordinal = day.toordinal()
        row = bisect_right(self._starts, ordinal) - 1
        row = max(row, 0)
        return self._before[row] + (ordinal - self._starts[row] + 1) * self._points[row]

    def days_weight(self, after: date, to: date) -> int:
        """Weight of the days after `after` up to and including `to`; 0 where `to` is not later."""
        return self.through(to) - self.through(after) if to > after else 0

    def is_known(self, after: date, to: date) -> bool:
        """Whether the law's own rate is known for every day after `after` up to and including `to`."""
        return to <= self.known_to and self._starts[0] <= after.toordinal() + 1


@dataclass(frozen=True, slots=True)
class StatutoryFees:
    """What the law lets a creditor ask for by himself, on a day. Whole kroner, a half rounded up."""

    base: Money
    reminder: Money
    payment_demand: Money
    source: str


def statutory_fees(rows: tuple[FeeRow, ...], day: date) -> StatutoryFees:
    """Fees on `day`: own reminder or notice 1/20 of the base, own payment demand 3/20; ValueError before the first row."""
    valid = [row for row in rows if row.valid_from <= day]
    if not valid:
        raise ValueError(f"no collection fee is known on {day}")
    row = max(valid, key=lambda candidate: candidate.valid_from)
    return StatutoryFees(
        row.amount, kr(half_up(row.amount, 2000)), kr(half_up(3 * row.amount, 2000)), row.source
    )
