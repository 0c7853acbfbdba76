"""Late interest (forsinkelsesrente): simple, exact until it is rounded once, on the principal still open."""

from datetime import date

from pipeline.rates import Rates
from schemas.money import Money, half_up

DENOMINATOR = 365 * 10_000
"""Days of a year, leap years too, times basis points of a whole: øre = principal x weight / this."""


def rounded(weighted: int) -> Money:
    """The interest in øre of a sum of principal x weight over all stretches, rounded half up: once for an invoice."""
    return half_up(weighted, DENOMINATOR)


def interest(principal: Money, due_on: date, to: date, rates: Rates) -> Money:
    """Interest on a principal that stood unpaid: the due date excluded, the day `to` included."""
    return rounded(principal * rates.days_weight(due_on, to))
