"""The walk from payment to payment: what is owed, and what each payment covers of it."""

from datetime import date

from pipeline.allocation.facts import (
    CaseFacts,
    CaseSplit,
    ImpossibleFactsError,
    Incoming,
    InterestTaken,
    Movement,
)
from pipeline.interest import rounded
from pipeline.stage import Park, Reason
from schemas.case import CaseState, Kind, OpenItem, Split, Waiver
from schemas.money import Money, in_kroner

# Looking a member up on its enum costs more than the comparison it is for.
_PRINCIPAL, _COSTS, _FEE, _INTEREST, _REST = Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST, Kind.REST


class _Claim:
    """One item as the walk goes on. An invoice's interest is `rounded(weighted) - taken`; `open` below zero is a credit."""

    __slots__ = ("due_on", "item_id", "open", "seen", "taken", "weighted")

    def __init__(self, item: OpenItem, seen: int) -> None:
        self.item_id = item.id
        self.due_on = item.due_on
        self.open: Money = item.amount
        self.seen = seen  # the rates' weight up to which interest is in `weighted`
        self.weighted = 0
        self.taken: Money = 0


def _age(item: OpenItem) -> tuple[date, int]:
    return item.due_on, item.id


class Walk:
    """What is owed and what was covered, as the walk goes from payment to payment. Lives inside one `settle`."""

    __slots__ = (
        "claims",
        "day",
        "facts",
        "interest",
        "meanwhile",
        "parked",
        "parts",
        "splits",
        "threshold",
        "waived",
    )

    def __init__(self, facts: CaseFacts) -> None:
        self.facts = facts
        invoices: list[_Claim] = []
        costs: list[_Claim] = []
        fees: list[_Claim] = []
        self.claims = ((), invoices, costs, fees, invoices)  # by the number of the kind
        for item in sorted(facts.items, key=_age) if len(facts.items) > 1 else facts.items:
            kind = item.kind
            if item.amount < 0 or kind > _FEE:
                raise ImpossibleFactsError(
                    f"item {item.id} is no claim: {kind.name} of {in_kroner(item.amount)} kr"
                )
            if kind is _PRINCIPAL:
                invoices.append(_Claim(item, facts.rates.through(item.due_on)))
            else:
                (costs if kind is _COSTS else fees).append(_Claim(item, 0))
        self.meanwhile: list[Waiver | Movement] = []  # what happens between the payments, the latest first
        if facts.waivers or facts.movements:
            self.meanwhile += [*facts.waivers, *facts.movements]
            self.meanwhile.sort(key=lambda m: (m.day, isinstance(m, Movement), m.id), reverse=True)
        self.splits: list[Split] = []
        self.interest: list[InterestTaken] = []
        self.parked: list[tuple[int, Park]] = []
        self.waived: list[tuple[int, Money]] = []
        self.parts: dict[int, list[Split]] = {}  # of each payment that may still be taken back
        self.day: date | None = None
        self.threshold: Money = 0  # of the last that moved money

    def take(self, payment: Incoming) -> None:
        """Split one payment, or park it."""
        day = payment.interest_on
        if self.meanwhile:
            self._catch_up(day)
        self._accrue(day)
        if not payment.frozen and self.facts.state is CaseState.RECALLED:
            self._park(payment, Reason.CASE_RECALLED, "which the client has recalled: refund it or assign it")
        elif payment.reverses is not None:
            self._take_back(payment, payment.reverses)
        elif payment.amount < 0:
            raise ImpossibleFactsError(f"payment {payment.id} is negative and takes nothing back")
        else:
            self._cover(payment)

    def result(self) -> CaseSplit:
        """Close the walk: what happened after the last payment, the balance, and the state that follows from it."""
        if self.meanwhile:
            self._catch_up(date.max)
        _, invoices, costs, fees, _ = self.claims
        balance = 0
        credit: list[tuple[int, Money]] = []
        for claim in invoices:
            balance += claim.open + rounded(claim.weighted) - claim.taken
            if claim.open < 0:
                balance -= claim.open
                credit.append((claim.item_id, -claim.open))
        for claim in costs:
            balance += claim.open
        for claim in fees:
            balance += claim.open
        facts = self.facts
        return CaseSplit(
            facts.case_id,
            tuple(self.splits),
            tuple(self.interest),
            tuple(self.parked),
            tuple(self.waived),
            tuple(credit),
            balance,
            self.day,
            _state(facts, balance, self.threshold),
        )

    def _accrue(self, day: date) -> None:
        """Let interest run up to and including `day`."""
        weight = self.facts.rates.through(day)
        for invoice in self.claims[_PRINCIPAL]:
            if weight > invoice.seen:
                if invoice.open > 0:
                    invoice.weighted += invoice.open * (weight - invoice.seen)
                invoice.seen = weight
        if self.day is None or day > self.day:
            self.day = day

    def _catch_up(self, until: date) -> None:
        """Let happen what was waived, and what Visma moved, up to and including a day."""
        while self.meanwhile and self.meanwhile[-1].day <= until:
            happened = self.meanwhile.pop()
            self._accrue(happened.day)
            if isinstance(happened, Movement):
                self._claim(_PRINCIPAL, happened.item_id).open += happened.amount
                self.threshold = happened.threshold
            else:
                self._waive(happened)

    def _waive(self, waiver: Waiver) -> None:
        if waiver.amount < 0:
            raise ImpossibleFactsError(f"waiver {waiver.id} is negative")
        claim = self._claim(waiver.kind, waiver.item_id)
        if waiver.kind is _INTEREST:
            amount = min(waiver.amount, rounded(claim.weighted) - claim.taken)
            claim.taken += amount
        else:
            amount = min(waiver.amount, max(claim.open, 0))
            claim.open -= amount
        self.waived.append((waiver.id, amount))

    def _cover(self, payment: Incoming) -> None:
        """Cover by the payment's own order, oldest first within a kind; what is left over is a line of its own."""
        left = payment.amount
        first = len(self.splits)
        for kind in payment.order:
            if not left:
                break
            if kind is _INTEREST:
                left = self._cover_interest(payment, left)
                continue
            for claim in self.claims[kind]:
                owed = claim.open
                if owed > 0 and left:
                    part = min(left, owed)
                    claim.open = owed - part
                    left -= part
                    self.splits.append(Split(payment.id, claim.item_id, kind, part))
        if left:
            if left == payment.amount and not payment.frozen:
                self._park(payment, Reason.CASE_PAID, "on which nothing is owed: refund it or assign it")
                return
            self.splits.append(Split(payment.id, None, _REST, left))
        self._settled(payment, first)

    def _cover_interest(self, payment: Incoming, left: Money) -> Money:
        for invoice in self.claims[_PRINCIPAL]:
            if not left:
                break
            owed = rounded(invoice.weighted) - invoice.taken
            if owed:
                part = min(left, owed)
                left -= part
                self.splits.append(Split(payment.id, invoice.item_id, _INTEREST, part))
                self._take_interest(payment, invoice, part)
        return left

    def _take_interest(self, payment: Incoming, invoice: _Claim, part: Money) -> None:
        invoice.taken += part
        day = payment.interest_on
        known = self.facts.rates.is_known(invoice.due_on, day)
        taken = InterestTaken(payment.id, invoice.item_id, part, day, invoice.weighted, known)
        self.interest.append(taken)

    def _take_back(self, payment: Incoming, original: int) -> None:
        """Mirror the parts of the original, which are owed again. Frozen money that can't is a rest: it was posted."""
        parts = self.parts.pop(original, None)
        first = len(self.splits)
        if parts is not None:
            if sum(part.amount for part in parts) != -payment.amount:
                raise ImpossibleFactsError(
                    f"payment {payment.id} takes back another amount than {original} has"
                )
            for part in parts:
                self._owe_again(payment, part)
        elif payment.frozen:
            self.splits.append(Split(payment.id, None, _REST, payment.amount))
        elif any(original == parked for parked, _ in self.parked):
            self._park(
                payment, Reason.ORIGINAL_PARKED, "and takes back a payment that is itself parked: close both"
            )
            return
        else:
            self._park(
                payment, Reason.ORIGINAL_NOT_FOUND, "and takes back a payment that is already taken back"
            )
            return
        self._settled(payment, first)

    def _owe_again(self, payment: Incoming, part: Split) -> None:
        self.splits.append(Split(payment.id, part.item_id, part.kind, -part.amount))
        if part.item_id is None:
            return
        claim = self._claim(part.kind, part.item_id)
        if part.kind is _INTEREST:
            self._take_interest(payment, claim, -part.amount)
        else:
            claim.open += part.amount

    def _settled(self, payment: Incoming, first: int) -> None:
        self.threshold = payment.threshold
        self.parts[payment.id] = self.splits[first:]

    def _claim(self, kind: Kind, item_id: int) -> _Claim:
        for claim in self.claims[kind] if kind <= _INTEREST else ():
            if claim.item_id == item_id:
                return claim
        raise ImpossibleFactsError(f"the case has no {kind.name} {item_id}")

    def _park(self, payment: Incoming, reason: Reason, why: str) -> None:
        came = f"{in_kroner(payment.amount)} kr came in on {payment.booked_on} on case {self.facts.case_no}"
        self.parked.append((payment.id, Park(reason, f"{came}, {why}")))


def _state(facts: CaseFacts, balance: Money, threshold: Money) -> CaseState:
    """Where the case stands; recalled and merged are a person's words and stay. Nothing moved: no threshold, and open."""
    if facts.state is CaseState.RECALLED or facts.state is CaseState.MERGED:
        return facts.state
    if not balance:
        return CaseState.PAID
    if facts.closed or balance < threshold:
        return CaseState.CLOSED_WITH_REST
    return CaseState.OPEN
