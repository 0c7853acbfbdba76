"""Which payment of ours each reversal and credit note of a batch takes back, and what is decided of a batch so far."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from pipeline import matching
from pipeline.matching import OriginalCandidate, OriginalFacts, OriginalState
from pipeline.stage import Park
from schemas.money import Money
from schemas.setup import Setup
from schemas.voucher import VoucherState
from workers.facts import payments as payment_facts
from workers.facts.cases import LockedCase
from workers.facts.payments import Earlier, Shares, Waiting
from workers.journal import ParkedPayment


@dataclass(slots=True)
class Batch:
    """What is decided of a batch so far: payments by their case, and those that say no."""

    by_case: dict[int, list[Waiting]] = field(default_factory=lambda: defaultdict(list))
    parked: list[ParkedPayment] = field(default_factory=list)
    strays: list[tuple[Waiting, Park]] = field(default_factory=list)  # take something back, and have no case
    by_rule: dict[int, int] = field(default_factory=dict)  # by payment: the payer's rule that found its case
    shares: Shares = field(default_factory=dict)  # of payments that are on several cases

    def park(self, payment: Waiting, park: Park) -> None:
        """Note a payment that waits for a person."""
        self.parked.append(ParkedPayment(payment.id, park.reason, park.note))

    def share(self, payment: Waiting, shares: Mapping[int, Money]) -> None:
        """Put a payment on several cases, on each with its share."""
        self.shares[payment.id] = dict(shares)
        for case_id, amount in shares.items():
            self.by_case[case_id].append(payment._replace(amount=amount, case_id=case_id))


def find_originals(connection: Connection, batch: Batch, locked: dict[int, LockedCase], setup: Setup) -> None:
    """Give each reversal and credit note of the batch its original, or park it."""
    back = [
        (case_id, p)
        for case_id, on_case in batch.by_case.items()
        for p in on_case
        if p.amount < 0 and not p.reverses
    ]
    if not back:
        return
    earlier = payment_facts.earlier(connection, list(locked), [-p.amount for _, p in back])
    in_batch = [p for on_case in batch.by_case.values() for p in on_case if p.amount > 0]
    of_batch = {p.id for p in in_batch}
    homes = {e.id: e for e in earlier}
    parked_here = {parked.payment_id for parked in batch.parked}
    shadow = _in_shadow(setup, {payment.account for _, payment in back})
    taken: set[int] = set()
    for case_id, payment in back:
        known = {
            e.id: OriginalCandidate(e.id, _state(e, shadow), e.taken_back or e.id in taken)
            for e in earlier
            if _fits(e, payment) and e.id not in of_batch
        }
        for other in in_batch:
            if _fits(other, payment) and other.id not in known:
                state = OriginalState.PARKED if other.id in parked_here else OriginalState.FREE
                known[other.id] = OriginalCandidate(other.id, state, other.id in taken)
        facts = OriginalFacts(payment.amount, payment.kid, payment.account, tuple(known.values()))
        decision = matching.original(facts)
        batch.by_case[case_id].remove(payment)
        if isinstance(decision, Park):
            batch.park(payment, decision)
        else:
            taken.add(decision.payment_id)
            original = homes.get(decision.payment_id)
            reversal = payment._replace(reverses=decision.payment_id)
            if original is not None and original.shares:
                batch.share(reversal, {home: -amount for home, amount in original.shares.items()})
                continue
            home = (original.case_id if original is not None else None) or case_id
            batch.by_case[home].append(reversal._replace(case_id=home))


def park_strays(connection: Connection, batch: Batch, payments: Sequence[Waiting]) -> None:
    """Park what takes something back and has no case: that its original is itself parked tells a person more."""
    if not batch.strays:
        return
    earlier = payment_facts.earlier(connection, [], [-p.amount for p, _ in batch.strays])
    parked_here = {parked.payment_id for parked in batch.parked}
    of_batch = {payment.id for payment in payments}
    possible: list[Earlier | Waiting] = [
        *(e for e in earlier if e.id not in of_batch),
        *(payment for payment in payments if payment.id in parked_here),
    ]
    for stray, park in batch.strays:
        originals = tuple(
            OriginalCandidate(other.id, OriginalState.PARKED, taken_back=False)
            for other in possible
            if _fits(other, stray)
        )
        facts = OriginalFacts(stray.amount, stray.kid, stray.account, originals)
        decision = matching.original(facts) if originals else park
        batch.park(stray, decision if isinstance(decision, Park) else park)


def _fits(candidate: Earlier | Waiting, reversal: Waiting) -> bool:
    return (
        candidate.amount == -reversal.amount
        and candidate.account == reversal.account
        and candidate.kid == reversal.kid
        and candidate.id != reversal.id
    )


def _in_shadow(setup: Setup, accounts: set[str]) -> set[str]:
    """The accounts whose company sends nothing to Visma."""
    companies = {a: setup.accounts[a].latest().value.company for a in accounts if a in setup.accounts}
    return {a for a, company in companies.items() if not setup.companies[company].latest().value.posting}


def _state(earlier: Earlier, shadow: set[str]) -> OriginalState:
    if earlier.state in {"parked", "held"}:
        return OriginalState.PARKED
    if earlier.state == "waiting":
        return OriginalState.WAITING
    # In shadow mode nothing is sent: approved is where a voucher ends, and it is taken back by mirror lines, as in Visma.
    ended = {VoucherState.APPROVED: VoucherState.DELIVERED} if earlier.account in shadow else {}
    states = {matching.state_of(ended.get(voucher, voucher)) for voucher in earlier.vouchers}
    states = states or {OriginalState.FREE}
    return OriginalState.UNDER_WAY if OriginalState.UNDER_WAY in states else next(iter(states))
