"""A sum of the bank statement: it is vouchers in Visma, suspense among them, and what is parked or waits, to the øre."""

from pipeline.bankdays import bank_days_between
from pipeline.reconciliation.facts import Comparison, StatementFacts
from schemas.control import ControlPart, Difference, DifferenceKind
from schemas.money import Money, in_kroner
from schemas.wording import counted


def of(facts: StatementFacts) -> Comparison:
    """Hold the bank's sum against our places of its money, and those against Visma."""
    found = []
    elsewhere = sum(amount for _, amount in facts.elsewhere)
    if facts.payments != facts.booked + elsewhere:
        cause = f"{_places(facts)}: our own books do not add up to what the bank has"
        found.append(
            _differs(
                facts,
                DifferenceKind.UNBALANCED,
                facts.payments,
                facts.booked + elsewhere,
                cause,
                "run kk2 balance",
            )
        )
    if facts.in_visma is not None and facts.in_visma != facts.booked:
        cause = f"on the bank account by our vouchers, and not so in Visma: {', '.join(facts.lacking)}"
        act = "see these vouchers: kk2 visma differences"
        found.append(_differs(facts, DifferenceKind.NOT_IN_VISMA, facts.booked, facts.in_visma, cause, act))
    left = [(shelf, amount) for shelf, amount in facts.elsewhere if amount]
    waited = bank_days_between(facts.booked_on, facts.today)
    if left and waited > facts.patience:
        cause = f"{_places(facts)}, {counted(waited, 'bank day')} after the bank booked it"
        act = "; ".join(shelf.act for shelf, _ in left)
        found.append(_differs(facts, DifferenceKind.WAITS, facts.payments, facts.booked, cause, act))
    return Comparison(tuple(found), ())


def _places(facts: StatementFacts) -> str:
    """Where the money stands, in words."""
    suspense = f", {in_kroner(facts.suspense)} kr of it on suspense" if facts.suspense else ""
    places = [f"{in_kroner(facts.booked)} kr in delivered vouchers{suspense}"]
    places += [f"{in_kroner(amount)} kr {shelf}" for shelf, amount in facts.elsewhere if amount]
    return ", ".join(places)


def _differs(
    facts: StatementFacts, kind: DifferenceKind, ours: Money, theirs: Money, cause: str, act: str
) -> Difference:
    return Difference(ControlPart.STATEMENT, kind, facts.subject, ours, theirs, cause, act)
