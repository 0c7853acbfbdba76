"""Cases that a payment without a match may be for, best first, each with its reasons in words."""

from dataclasses import dataclass

from schemas.case import CaseState
from schemas.kid import Kid
from schemas.money import Money, in_kroner

# How sure each sign alone makes us, in percent. Two signs leave the product of their doubts.
_NEAR_KID, _WHOLE_BALANCE, _OPEN_INVOICE, _PAID_BEFORE = 70, 40, 30, 50
_MOST = 5


@dataclass(frozen=True, slots=True)
class PossibleCase:
    """A case that something points to. `open_invoices`: what is open on each; `balance`: all that is owed.

    `paid_before`: payments on the case from the same payer's account. `near_kid`: a KID of the case that is one
    wrong or swapped digit from the payment's and passes its control, or None.
    """

    case_id: int
    case_no: str
    state: CaseState
    open_invoices: tuple[Money, ...]
    balance: Money
    paid_before: int
    near_kid: Kid | None


@dataclass(frozen=True, slots=True)
class SuggestionFacts:
    """A payment without a case, and the cases that something points to."""

    amount: Money
    cases: tuple[PossibleCase, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case to choose. `confidence` 1-99: how much points to it, for sorting and never for acting on its own."""

    case_id: int
    case_no: str
    confidence: int
    reasons: tuple[str, ...]


def suggest(facts: SuggestionFacts) -> tuple[Suggestion, ...]:
    """At most five cases, the most likely first. A sign that several cases show is worth less for each of them."""
    alike = sum(_amount_sign(case, facts.amount) is not None for case in facts.cases)
    near = sum(case.near_kid is not None for case in facts.cases)
    found = [_weighed(case, facts.amount, alike, near) for case in facts.cases]
    ranked = sorted((s for s in found if s.reasons), key=lambda s: (-s.confidence, s.case_no))
    return tuple(ranked[:_MOST])


def _weighed(case: PossibleCase, amount: Money, alike: int, near: int) -> Suggestion:
    signs: list[tuple[int, str]] = []
    if case.near_kid is not None:
        signs.append((_NEAR_KID // near, f"the case has the KID {case.near_kid}, one digit or one swap away"))
    by_amount = _amount_sign(case, amount)
    if by_amount is not None:
        worth, reason = by_amount
        signs.append((worth // alike, reason))
    if case.paid_before:
        times = "once" if case.paid_before == 1 else f"{case.paid_before} times"
        signs.append((_PAID_BEFORE, f"the same payer's account has paid on the case {times} before"))
    doubt = 100 if case.state in {CaseState.OPEN, CaseState.CLOSED_WITH_REST} else 200
    for worth, _ in signs:
        doubt = doubt * (100 - worth) // 100
    confidence = min(max(100 - doubt, 1), 99)
    return Suggestion(case.case_id, case.case_no, confidence, tuple(reason for _, reason in signs))


def _amount_sign(case: PossibleCase, amount: Money) -> tuple[int, str] | None:
    if amount == case.balance:
        return _WHOLE_BALANCE, f"the case owes exactly {in_kroner(amount)} kr"
    if amount in case.open_invoices:
        return _OPEN_INVOICE, f"an invoice of the case has exactly {in_kroner(amount)} kr open"
    return None
