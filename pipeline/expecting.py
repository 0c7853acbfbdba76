"""Whether a bank file that usually comes has come: an account's habit over the last bank days, and the time of day."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from pipeline.bankdays import is_bank_day

LOOKED_AT = 10
"""So many bank days back an account's habit is read from."""

USUAL = 8
"""An account with a file on so many of them has one each bank day."""


class Expectation(StrEnum):
    """How an account stands today."""

    CAME = "came"
    AWAITED = "awaited"  # usual, and it is not late yet
    MISSING = "late"  # usual, and late
    NOT_EXPECTED = "not_expected"  # no bank day, or no habit of the account's


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The days in Norway on which a file with the account came."""

    account: str
    came_on: Set[date]


def expect(facts: AccountFacts, now: datetime, by: time) -> Expectation:
    """Say whether today's file of the account has come, is awaited or missing. `now` in Norway; `by`: when it is late."""
    today = now.date()
    if today in facts.came_on:
        return Expectation.CAME
    if not is_bank_day(today) or _habit(facts, today) < USUAL:
        return Expectation.NOT_EXPECTED
    return Expectation.MISSING if now.time() >= by else Expectation.AWAITED


def _habit(facts: AccountFacts, today: date) -> int:
    """On how many of the last bank days a file came."""
    seen = found = 0
    day = today
    while seen < LOOKED_AT:
        day -= timedelta(days=1)
        if is_bank_day(day):
            seen += 1
            found += day in facts.came_on
    return found
