"""The oracle: what each payment of the demo must become, computed before the start by straight-line code.

It shares no rule with the product: nothing of `pipeline` or `workers` is imported, the interest is summed day by day
(`standing`), and the payments are walked one by one in the order in which they come. That order is all that a demo
needs, because its files never bring a payment that is dated before one of an earlier file.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date

from ops.demo.expected import Expected, ExpectedCase, ExpectedPayment, ExpectedVoucher
from ops.demo.standing import Part, Standing
from ops.demo.town import NOBODYS, PAYMENTS_PER_VOUCHER, TAXES, Town, TownCase, TownFile, TownPayment
from schemas.kid import mod10, mod11
from schemas.money import Money


@dataclass(slots=True)
class _Fate:
    """What became of one payment; filled in as the oracle goes."""

    payment: TownPayment
    file: int
    place: int
    outcome: str = ""
    reason: str = ""
    case: TownCase | None = None
    parts: tuple[Part, ...] = ()
    taken_back: bool = False

    def parked(self, reason: str) -> None:
        self.outcome, self.reason = "parked", reason

    def suspense(self) -> Money:
        posted = self.outcome == "parked" and self.payment.account != NOBODYS
        return self.payment.amount if posted else 0


@dataclass(slots=True)
class _Oracle:
    town: Town
    cases: dict[str, TownCase] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    by_kid: dict[tuple[str, str], list[TownCase]] = field(default_factory=lambda: defaultdict(list))
    seen: Counter[tuple[object, ...]] = field(default_factory=Counter)
    fates: list[_Fate] = field(default_factory=list)
    vouchers: list[ExpectedVoucher] = field(default_factory=list)

    def take_file(self, number: int, file: TownFile) -> None:
        fates = [_Fate(payment, number, place) for place, payment in enumerate(file.payments)]
        in_file: Counter[tuple[object, ...]] = Counter()
        for fate in fates:
            identity = _identity(fate.payment)
            in_file[identity] += 1
            if self.seen[identity] >= in_file[identity]:
                fate.outcome, fate.reason = "held", "held_twin"
        for fate in fates:
            if not fate.outcome:
                self._match(fate)
        # On one case the days decide, and on one day the place in the file.
        for fate in sorted(fates, key=lambda f: (f.payment.interest_on, f.payment.booked_on, f.place)):
            if not fate.outcome:
                self._settle(fate)
        self.fates += fates
        self.seen += in_file
        if not any(fate.outcome == "held" for fate in fates):  # a held payment stops its file's proposal
            self._post(number, fates)

    def _match(self, fate: _Fate) -> None:
        payment = fate.payment
        if payment.account == NOBODYS:
            fate.parked("unknown_account")
            return
        if payment.amount < 0:
            self._match_original(fate)
            return
        cases = {case.merged_into or case.case_no for case in self.by_kid[payment.account, payment.kid]}
        if len(cases) > 1:
            fate.parked("two_cases")
        elif not cases:
            fate.parked("unknown_kid" if _passes_control(payment) else "failing_kid")
        else:
            fate.case = self.cases[cases.pop()]
            if fate.case.recalled:
                fate.parked("case_recalled")

    def _match_original(self, fate: _Fate) -> None:
        wanted = (fate.payment.account, fate.payment.kid, -fate.payment.amount)
        alike = [
            earlier
            for earlier in self.fates
            if (earlier.payment.account, earlier.payment.kid, earlier.payment.amount) == wanted
            and not earlier.taken_back
        ]
        if not alike:
            fate.parked("original_not_found")
        elif len(alike) > 1:
            fate.parked("two_originals")
        elif alike[0].outcome != "settled":
            fate.parked("original_parked")
        else:
            alike[0].taken_back = True
            fate.case = alike[0].case

    def _settle(self, fate: _Fate) -> None:
        case, payment = fate.case, fate.payment
        if case is None:
            raise AssertionError(f"a payment without a fate: {payment}")
        standing = self.standings[case.case_no]
        key = fate.file * 1_000_000 + fate.place
        if payment.amount < 0:
            original = next(
                f for f in self.fates if f.taken_back and f.case is case and _undoes(payment, f.payment)
            )
            back_key = original.file * 1_000_000 + original.place
            fate.parts = standing.give_back(key, back_key, payment.interest_on)
        else:
            fate.parts = standing.cover(key, payment.amount, payment.interest_on)
        if fate.parts:
            fate.outcome = "settled"
        else:
            fate.parked("case_paid")

    def _post(self, number: int, fates: list[_Fate]) -> None:
        groups: dict[tuple[str, date, str], list[_Fate]] = defaultdict(list)
        for fate in fates:
            if fate.payment.account != NOBODYS:
                group = (fate.payment.account, fate.payment.booked_on, fate.payment.statement_ref)
                groups[group].append(fate)
        for (account, day, reference), members in sorted(groups.items()):
            members.sort(key=lambda f: (in_kid_order(f.payment), f.place))
            cuts = [
                members[first : first + PAYMENTS_PER_VOUCHER]
                for first in range(0, len(members), PAYMENTS_PER_VOUCHER)
            ]
            for part, cut in enumerate(cuts, start=1):
                total, lines = _lines(cut)
                self.vouchers.append(
                    ExpectedVoucher(number, account, day, reference, part, len(cuts), total, lines, len(cut))
                )


def foretell(town: Town) -> Expected:
    """Say what must become of each payment, case and voucher of the town."""
    oracle = _Oracle(town)
    for case in town.cases:
        oracle.cases[case.case_no] = case
        oracle.standings[case.case_no] = Standing.of(case)
        for kid in {case.kid, *(claim.kid for claim in case.claims)} - {""}:
            oracle.by_kid[case.client.ocr_account, kid].append(case)
    for number, file in enumerate(town.files, start=1):
        oracle.take_file(number, file)
    for moved in town.movements:
        oracle.standings[moved.case_no].move(moved.claim, moved.amount, moved.day)
    return Expected(
        town.seed,
        tuple(file.name for file in town.files),
        tuple(
            ExpectedPayment(
                fate.file,
                fate.place,
                fate.payment.amount,
                fate.outcome,
                fate.reason,
                fate.case.case_no if fate.case is not None and fate.outcome == "settled" else "",
                fate.parts,
                fate.suspense(),
                fate.payment.role,
            )
            for fate in oracle.fates
        ),
        tuple(_stands(case, oracle.standings[case.case_no]) for case in town.cases),
        tuple(oracle.vouchers),
    )


def _stands(case: TownCase, standing: Standing) -> ExpectedCase:
    state = "merged" if case.merged_into else "recalled" if case.recalled else standing.state()
    return ExpectedCase(case.case_no, state, standing.balance())


def _lines(members: list[_Fate]) -> tuple[Money, int]:
    """Sum of debits and number of lines: the bank, each part of a sub-ledger, and one sum for each other account."""
    sums: Counter[str] = Counter()
    amounts: list[Money] = []
    for fate in members:
        for part in fate.parts:
            on_customer = part.kind == "rest" and fate.case is not None and fate.case.client.credit
            if part.kind == "principal" or on_customer:
                amounts.append(-part.amount)
            else:
                sums[part.kind] -= part.amount
        sums["suspense"] -= fate.suspense()
    amounts += [amount for amount in sums.values() if amount]
    bank = -sum(amounts)
    amounts += [bank] if bank else []
    return sum(amount for amount in amounts if amount > 0), len(amounts)


def in_kid_order(payment: TownPayment) -> tuple[int, bool, str]:
    """Shorter KIDs first, of one length those that end in a dash last: the order in which a group is cut."""
    return len(payment.kid), payment.kid.endswith("-"), payment.kid


def _identity(payment: TownPayment) -> tuple[object, ...]:
    return (
        payment.account,
        payment.booked_on,
        payment.amount,
        payment.kid,
        payment.debit_account,
        payment.reference,
    )


def _undoes(back: TownPayment, payment: TownPayment) -> bool:
    return (back.account, back.kid, -back.amount) == (payment.account, payment.kid, payment.amount)


def _passes_control(payment: TownPayment) -> bool:
    kid = payment.kid
    lengths = {11: mod11, 13: mod10} if payment.account == TAXES else {9: mod11, 10: mod10}
    control = lengths.get(len(kid))
    return control is not None and control(kid[:-1]) == kid[-1]
