"""A rule that can be learned from what people do: one payer's account, always assigned to one case."""

from dataclasses import dataclass

ASSIGNS_FOR_A_RULE = 3
"""So many payments of a payer must people have given to one case before a rule is proposed."""


@dataclass(frozen=True, slots=True)
class LearnFacts:
    """What people assigned of one payer's account, oldest first: (payment id, id of the case that it is on now)."""

    assigned: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """A rule to propose: the payer's account is always that case. `payments`: those that say so, oldest first."""

    case_id: int
    payments: tuple[int, ...]


def learn(facts: LearnFacts) -> Learned | None:
    """Give the rule that the assigns say, None where they are too few, or once went to another case."""
    cases = {case_id for _, case_id in facts.assigned}
    if len(cases) != 1 or len(facts.assigned) < ASSIGNS_FOR_A_RULE:
        return None
    return Learned(cases.pop(), tuple(payment_id for payment_id, _ in facts.assigned))
