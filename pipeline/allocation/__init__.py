"""How the payments of a case cover what is owed on it: one pure function over all the case's facts.

What a walk over the facts means where the law and KK2 leave it open:

* An item is owed from the start of the walk, whatever its due date; only interest waits for the due date.
* The day of a payment, or of a waiver, still bears interest on what was open before it.
* A waiver lets go of at most what is open on its day; on a day with a payment the waiver comes first.
* A movement in Visma (payment, credit note, correction, write-off, reversal there) moves its invoice's principal from
  its day on, before a payment of that day; what is more than was open is a credit on that invoice, and earns nothing.
* A reversal gives back exactly the parts that its original covered. They are owed again from its interest
  date on: no interest is computed for the days between, when the money was there.
* A reversal that is dated before its original (another value date) follows right after it.
"""

from pipeline.allocation.facts import (
    CaseFacts,
    CaseSplit,
    ImpossibleFactsError,
    Incoming,
    InterestTaken,
    Movement,
)
from pipeline.allocation.walk import Walk

__all__ = [
    "CaseFacts",
    "CaseSplit",
    "ImpossibleFactsError",
    "Incoming",
    "InterestTaken",
    "Movement",
    "settle",
]


def settle(facts: CaseFacts) -> CaseSplit:
    """Cover what is owed by the payments in the order (interest date, booked date, file, line).

    That order, and not the order in which messages came, decides; the order of cover (dekningsrekkefølge) is a
    fact of each payment. Raises `ImpossibleFactsError`.
    """
    walk = Walk(facts)
    payments = facts.payments
    for payment in payments if len(payments) == 1 and payments[0].reverses is None else _in_order(payments):
        walk.take(payment)
    return walk.result()


def _in_order(payments: tuple[Incoming, ...]) -> list[Incoming]:
    """The payments in the order of their walk; a reversal never before its original."""
    ordered: list[Incoming] = []
    walked: set[int] = set()
    waiting: dict[int, list[Incoming]] = {}
    for payment in sorted(payments, key=lambda p: (p.interest_on, p.booked_on, p.file_id, p.line, p.id)):
        if payment.reverses is not None and payment.reverses not in walked:
            waiting.setdefault(payment.reverses, []).append(payment)
            continue
        due = [payment]
        while due:
            following = due.pop()
            ordered.append(following)
            walked.add(following.id)
            due += reversed(waiting.pop(following.id, ()))
    # An original that was never posted may have left the case, recalled meanwhile; its posted reversal can't: a rest.
    left = [payment for each in waiting.values() for payment in each]
    missing = ", ".join(str(payment.reverses) for payment in left if not payment.frozen)
    if missing:
        raise ImpossibleFactsError(
            f"payments that are taken back must be on the same case: {missing} are not"
        )
    ordered += left
    return ordered
