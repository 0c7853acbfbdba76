"""What a payer's rule would have done with a payment that has come already, beside what was done with it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Outcome(StrEnum):
    """The rule against what happened."""

    AGREES = "agrees"  # a person gave it to the same case
    DIFFERS = "differs"  # it went to another case, or was refused
    WAITS = "waits"  # it waits for a person still: the rule would have spared that
    PARKS = "parks"  # the case was not opened yet: it would have been parked all the same
    BY_KID = "by_kid"  # its KID found a case: the rule is not asked


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """A payment of the payer and the rule's case. `asked`: it parked for a reason for which the rule is asked.

    `case_id`: the case that the payment is on now, None for none; `waits`: it is parked now.
    """

    asked: bool
    booked_on: date
    case_id: int | None
    waits: bool
    rule_case_id: int
    rule_case_opened_on: date


def try_out(facts: TrialFacts) -> Outcome:
    """Say what the rule would have done with the payment, had it been on."""
    if not facts.asked:
        return Outcome.BY_KID
    if facts.booked_on < facts.rule_case_opened_on:
        return Outcome.PARKS
    if facts.waits:
        return Outcome.WAITS
    return Outcome.AGREES if facts.case_id == facts.rule_case_id else Outcome.DIFFERS
