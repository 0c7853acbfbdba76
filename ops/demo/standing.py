"""What is owed on one case, kept day by day and exactly: the oracle's own arithmetic, in no way the product's.

The product computes interest by prefix sums of weights and one division; here every day adds its own interest, in
whole 3,650,000ths of an øre (365 days of hundredths of a percent). Only the nouns are shared.
"""

from dataclasses import dataclass, field
from datetime import date

from ops.demo.town import THRESHOLD, TownCase
from schemas.money import Money

# Hundredths of a percent a year from each day on, written out a second time so that a wrong digit in the product's
# table is seen: forsinkelsesrenteloven § 3, as the Ministry of Finance has set it each half-year.
_RATES = (
    (date(2021, 7, 1), 800),
    (date(2022, 1, 1), 850),
    (date(2022, 7, 1), 925),
    (date(2023, 1, 1), 1075),
    (date(2023, 7, 1), 1175),
    (date(2024, 1, 1), 1250),
    (date(2025, 7, 1), 1225),
    (date(2026, 1, 1), 1200),
    (date(2026, 7, 1), 1225),
)
_FIRST, _LAST = _RATES[0][0].toordinal(), date(2026, 12, 31).toordinal()
_PARTS_OF_AN_ORE = 365 * 10_000


def _each_day() -> list[int]:
    """The rate on each day that the demo can meet, from the first one of the table."""
    rates: list[int] = []
    changes = {day.toordinal(): rate for day, rate in _RATES}
    for day in range(_FIRST, _LAST + 1):
        rates.append(changes[day] if day in changes else rates[-1])
    return rates


_RATE_ON = _each_day()


@dataclass(frozen=True, slots=True)
class Part:
    """What of a payment went to one claim: `claim` is the claim's KK2 id, empty for a rest or for suspense."""

    claim: str
    kind: str
    amount: Money


@dataclass(slots=True)
class _Owed:
    claim: str
    open: Money
    seen: int
    accrued: int = 0
    taken: Money = 0

    def live_to(self, day: int) -> None:
        while self.seen < day:
            self.seen += 1
            self.accrued += max(self.open, 0) * _RATE_ON[self.seen - _FIRST]

    def interest(self) -> Money:
        return (2 * self.accrued + _PARTS_OF_AN_ORE) // (2 * _PARTS_OF_AN_ORE) - self.taken


@dataclass(slots=True)
class Standing:
    """One case from payment to payment; payments must come in the order of their days."""

    invoices: list[_Owed]
    costs: list[_Owed]
    fees: list[_Owed]
    parts: dict[int, tuple[Part, ...]] = field(default_factory=dict)
    day: date | None = None
    moved: bool = False

    @classmethod
    def of(cls, case: TownCase) -> "Standing":
        """The case before any payment."""
        oldest_first = sorted(case.claims, key=lambda claim: (claim.due_on, claim.kk2_id))
        by_kind: dict[str, list[_Owed]] = {"principal": [], "costs": [], "fee": []}
        for claim in oldest_first:
            by_kind[claim.kind].append(_Owed(claim.kk2_id, claim.amount, claim.due_on.toordinal()))
        return cls(by_kind["principal"], by_kind["costs"], by_kind["fee"])

    def live_to(self, day: date) -> None:
        """Let each day up to and including `day` bear its interest; the due date itself bears none."""
        if self.day is not None and day < self.day:
            raise ValueError(f"the oracle walks forward only: {day} comes after {self.day}")
        self.day = day
        for invoice in self.invoices:
            invoice.live_to(day.toordinal())

    def owed(self) -> Money:
        """All that is owed, with the interest until the last day lived."""
        claims = (*self.invoices, *self.costs, *self.fees)
        return sum(max(claim.open, 0) for claim in claims) + sum(
            invoice.interest() for invoice in self.invoices
        )

    def balance(self) -> Money:
        """What is owed with all interest left out: what the case list shows."""
        return sum(max(claim.open, 0) for claim in (*self.invoices, *self.costs, *self.fees))

    def state(self) -> str:
        """Open, paid, or closed with a rest under the threshold."""
        if not self.owed():
            return "paid"
        return "closed_with_rest" if (self.parts or self.moved) and self.owed() < THRESHOLD else "open"

    def cover(self, key: int, amount: Money, day: date) -> tuple[Part, ...]:
        """Principal, costs, fee, interest, oldest first; then a rest. Empty: nothing is owed, the payment is not taken."""
        self.live_to(day)
        left, parts = amount, []
        for kind, claims in (("principal", self.invoices), ("costs", self.costs), ("fee", self.fees)):
            for claim in claims:
                part = min(left, claim.open)
                claim.open -= part
                left -= part
                parts.append(Part(claim.claim, kind, part))
        for invoice in self.invoices:
            part = min(left, invoice.interest())
            invoice.taken += part
            left -= part
            parts.append(Part(invoice.claim, "interest", part))
        if left == amount:
            return ()
        parts.append(Part("", "rest", left))
        self.parts[key] = tuple(part for part in parts if part.amount)
        return self.parts[key]

    def move(self, name: str, amount: Money, day: date) -> None:
        """What Visma booked on one invoice: less is owed of it, or more; below nothing is a credit, and bears no interest."""
        self.live_to(day)
        invoice = next(one for one in self.invoices if one.claim == name)
        invoice.open += amount
        self.moved = True

    def give_back(self, key: int, original: int, day: date) -> tuple[Part, ...]:
        """Mirror what the original covered; from the next day on it bears interest again."""
        self.live_to(day)
        given = tuple(Part(part.claim, part.kind, -part.amount) for part in self.parts[original])
        for part in given:
            for claim in (*self.invoices, *self.costs, *self.fees):
                if claim.claim == part.claim and part.kind == "interest":
                    claim.taken += part.amount
                elif claim.claim == part.claim:
                    claim.open -= part.amount
        self.parts[key] = given
        return given
