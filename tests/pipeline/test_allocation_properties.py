"""What holds for every case, whatever its facts: each øre once, in no order of arrival, never over what is owed."""

from collections import defaultdict
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.allocation import CaseFacts, CaseSplit, Incoming, Movement, settle
from schemas.case import KK2_ORDER, CaseState, Kind, OpenItem, Waiver
from schemas.money import Money
from tests.builders import LEGAL_RATES, THRESHOLD

FIRST = date(2021, 11, 1)
DAYS = st.integers(0, 1900).map(lambda days: FIRST + timedelta(days=days))
AMOUNTS = st.one_of(st.integers(0, 500_000), st.sampled_from([0, 1, 3_800, 20_999, 21_000, 100_000]))
CLAIMS = st.sampled_from([Kind.PRINCIPAL, Kind.PRINCIPAL, Kind.PRINCIPAL, Kind.COSTS, Kind.FEE])
STATES = st.sampled_from([CaseState.OPEN, CaseState.OPEN, CaseState.CLOSED_WITH_REST, CaseState.RECALLED])


@st.composite
def cases(draw: st.DrawFn) -> CaseFacts:
    items = tuple(
        OpenItem(number, draw(CLAIMS), draw(AMOUNTS), draw(DAYS), f"F{number}")
        for number in range(1, draw(st.integers(1, 5)) + 1)
    )
    payments: list[Incoming] = []
    for number in range(101, 101 + draw(st.integers(0, 7))):
        day, order = draw(DAYS), tuple(draw(st.permutations(KK2_ORDER)))
        booked = day + timedelta(days=draw(st.integers(0, 3)))
        amount, frozen = draw(AMOUNTS), draw(st.booleans())
        payments.append(
            Incoming(number, amount, day, booked, number % 3, number, None, order, 21_000, frozen)
        )
    for number, original in enumerate(payments[:], 201):
        if draw(st.integers(0, 3)) == 0:
            day = original.interest_on + timedelta(days=draw(st.integers(-20, 90)))
            back = original._replace(
                id=number, amount=-original.amount, interest_on=day, reverses=original.id
            )
            payments.append(back._replace(booked_on=day, line=number, frozen=draw(st.booleans())))
    waivers = tuple(
        Waiver(number, item.id, item.kind, draw(AMOUNTS), draw(DAYS))
        for number, item in enumerate(items, 301)
        if draw(st.integers(0, 3)) == 0
    )
    interest_waivers = tuple(
        Waiver(number, item.id, Kind.INTEREST, draw(st.integers(0, 5_000)), draw(DAYS))
        for number, item in enumerate(items, 401)
        if item.kind is Kind.PRINCIPAL and draw(st.integers(0, 3)) == 0
    )
    movements = tuple(
        Movement(number, item.id, draw(st.integers(-600_000, 100_000)), draw(DAYS), THRESHOLD)
        for number, item in enumerate((*items, *items), 501)
        if item.kind is Kind.PRINCIPAL and draw(st.integers(0, 3)) == 0
    )
    state = draw(STATES)
    waived = waivers + interest_waivers
    return CaseFacts(
        7, "0221-00000038", state, items, waived, movements, tuple(payments), LEGAL_RATES, closed=False
    )


def by_payment(decision: CaseSplit) -> dict[int, Money]:
    sums: dict[int, Money] = defaultdict(int)
    for split in decision.splits:
        sums[split.payment_id] += split.amount
    return sums


@given(cases())
def test_every_ore_is_split_once_or_its_payment_is_parked(facts: CaseFacts) -> None:
    decision = settle(facts)

    parked = {payment_id for payment_id, _ in decision.parked}
    sums = by_payment(decision)

    assert not parked & sums.keys()
    assert all(payment.id in parked or sums[payment.id] == payment.amount for payment in facts.payments)


@given(cases())
def test_posted_money_never_parks(facts: CaseFacts) -> None:
    parked = {payment_id for payment_id, _ in settle(facts).parked}

    assert not [payment for payment in facts.payments if payment.frozen and payment.id in parked]


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_arrive_never_matters(facts: CaseFacts, chance: Random) -> None:
    def shuffled(values: tuple[Any, ...]) -> tuple[Any, ...]:
        mixed = list(values)
        chance.shuffle(mixed)
        return tuple(mixed)

    mixed = facts._replace(
        items=shuffled(facts.items),
        waivers=shuffled(facts.waivers),
        movements=shuffled(facts.movements),
        payments=shuffled(facts.payments),
    )

    assert settle(mixed) == settle(facts)


@given(cases())
def test_no_item_is_covered_over_its_amount_at_any_time(facts: CaseFacts) -> None:
    amounts = {item.id: item.amount for item in facts.items}
    for moved in facts.movements:
        amounts[moved.item_id] += max(moved.amount, 0)
    covered: dict[int, Money] = defaultdict(int)

    for split in settle(facts).splits:
        if split.item_id is not None and split.kind is not Kind.INTEREST:
            covered[split.item_id] += split.amount
            assert 0 <= covered[split.item_id] <= amounts[split.item_id]


@given(cases())
def test_interest_is_never_negative_nor_taken_beyond_what_has_run(facts: CaseFacts) -> None:
    taken: dict[int, Money] = defaultdict(int)

    for part in settle(facts).interest:
        taken[part.item_id] += part.amount
        assert 0 <= 2 * taken[part.item_id] * 3_650_000 <= 2 * part.weighted + 3_650_000


@given(cases())
def test_interest_that_is_taken_is_the_interest_in_the_splits(facts: CaseFacts) -> None:
    decision = settle(facts)

    in_splits = [(s.payment_id, s.item_id, s.amount) for s in decision.splits if s.kind is Kind.INTEREST]

    assert in_splits == [(part.payment_id, part.item_id, part.amount) for part in decision.interest]


def effective_days(facts: CaseFacts) -> dict[int, date]:
    """The day on which each payment counts: a reversal never before its original."""
    days = {payment.id: payment.interest_on for payment in facts.payments}
    for payment in facts.payments:
        if payment.reverses is not None:
            days[payment.id] = max(days[payment.id], days[payment.reverses])
    return days


def interest_by_stretches(facts: CaseFacts, decision: CaseSplit, invoice: OpenItem) -> Money:
    """All interest of an invoice until the balance's day, from the decision alone: sums of what stood open."""
    assert decision.as_of is not None
    days, waived = effective_days(facts), dict(decision.waived)
    falls = [
        (days[s.payment_id], s.amount)
        for s in decision.splits
        if (s.item_id, s.kind) == (invoice.id, invoice.kind)
    ]
    falls += [
        (w.day, waived[w.id]) for w in facts.waivers if (w.item_id, w.kind) == (invoice.id, invoice.kind)
    ]
    falls += [(m.day, -m.amount) for m in facts.movements if m.item_id == invoice.id]
    stood, since, weighted = invoice.amount, invoice.due_on, 0
    for day, fall in [*sorted(falls), (decision.as_of, 0)]:
        weighted += max(stood, 0) * LEGAL_RATES.days_weight(since, day)
        stood, since = stood - fall, max(since, day)
    return (2 * weighted + 3_650_000) // 7_300_000


@given(cases())
def test_a_balance_is_items_less_splits_and_waivers_with_movements_plus_interest_not_yet_taken(
    facts: CaseFacts,
) -> None:
    decision = settle(facts)
    left = sum(item.amount for item in facts.items)
    left -= sum(amount for _, amount in decision.waived)
    left += sum(moved.amount for moved in facts.movements) + sum(more for _, more in decision.credits)
    left -= sum(split.amount for split in decision.splits if split.kind is not Kind.REST)
    if decision.as_of is not None:
        invoices = [item for item in facts.items if item.kind is Kind.PRINCIPAL]
        left += sum(interest_by_stretches(facts, decision, invoice) for invoice in invoices)

    assert decision.balance == left


@given(cases())
def test_the_state_follows_from_the_balance(facts: CaseFacts) -> None:
    decision = settle(facts)

    if facts.state is CaseState.RECALLED:
        assert decision.state is CaseState.RECALLED
    elif decision.balance == 0:
        assert decision.state is CaseState.PAID
    elif by_payment(decision):
        assert (decision.state is CaseState.CLOSED_WITH_REST) is (decision.balance < 21_000)
    else:
        assert decision.state in {CaseState.OPEN, CaseState.CLOSED_WITH_REST}


@given(cases())
def test_the_reversal_of_everything_returns_the_case_to_what_it_owed(facts: CaseFacts) -> None:
    late = date(2028, 1, 1)
    taken_back = {payment.reverses for payment in facts.payments}
    originals = [p for p in facts.payments if p.reverses is None and p.id not in taken_back]
    backs = tuple(
        p._replace(
            id=p.id + 1000, amount=-p.amount, interest_on=late, booked_on=late, line=p.id, reverses=p.id
        )
        for p in originals
    )

    decision = settle(facts._replace(state=CaseState.OPEN, waivers=(), payments=facts.payments + backs))

    net: dict[tuple[Kind, int | None], Money] = defaultdict(int)
    for split in decision.splits:
        net[split.kind, split.item_id] += split.amount
    assert {place: amount for place, amount in net.items() if amount and place[1] is not None} == {}
    claims = {item.id: item.amount for item in facts.items}
    for moved in facts.movements:
        claims[moved.item_id] += moved.amount
    assert decision.balance >= sum(max(claim, 0) for claim in claims.values())


@given(cases())
def test_settling_again_with_the_outcome_as_its_state_changes_no_split(facts: CaseFacts) -> None:
    decision = settle(facts)

    assert settle(facts._replace(state=decision.state)) == decision
