"""The cases of a payment for several KIDs, each with what the bank says that it has."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.matching.by_kid import Matched, MatchFacts, match
from pipeline.stage import Park, Reason
from schemas.case import CaseState
from schemas.money import Money, in_kroner

_CLOSED = {
    CaseState.PAID: (Reason.CASE_PAID, "nothing is owed"),
    CaseState.RECALLED: (Reason.CASE_RECALLED, "the client has recalled the claim"),
}


class Shared(NamedTuple):
    """The payment is for several cases: by case its share, each above zero."""

    shares: Mapping[int, Money]


class SeveralFacts(NamedTuple):
    """A payment's amount, and of each of its KIDs what `match` must know and its share, None where it is not told.

    `states`: where the cases stand to which the KIDs lead, after merges.
    """

    amount: Money
    parts: tuple[tuple[MatchFacts, Money | None], ...]
    states: Mapping[int, CaseState]


def match_each(facts: SeveralFacts) -> Matched | Shared | Park:
    """Find each KID's case; a payment goes to all of them whole, or waits for a person whole."""
    many = f"the payment of {in_kroner(facts.amount)} kr is for {len(facts.parts)} KIDs"
    shares: dict[int, Money] = defaultdict(int)
    is_told = True
    for part, share in facts.parts:
        decision = match(part)
        if isinstance(decision, Park):
            return Park(decision.reason, f"{many}, and of one of them: {decision.note}")
        if closed := _CLOSED.get(facts.states[decision.case_id]):
            return Park(
                closed[0], f"{many}, and on the case of {part.kid} {closed[1]}: share it or refuse it"
            )
        shares[decision.case_id] += share or 0
        is_told = is_told and share is not None
    if len(shares) == 1:
        return Matched(next(iter(shares)))
    if facts.amount < 0:
        return Park(Reason.SEVERAL_KIDS, f"{many}, and takes money back: assign it, with its original")
    if not is_told or min(shares.values()) <= 0 or sum(shares.values()) != facts.amount:
        return Park(Reason.SEVERAL_KIDS, f"{many}, and the bank does not say what each of them has: share it")
    return Shared(dict(shares))
