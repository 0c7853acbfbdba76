"""How payments cover a case: the orders, late interest, rests, and where the case then stands."""

from datetime import date, timedelta

import pytest

from pipeline.allocation import CaseFacts, ImpossibleFactsError, settle
from pipeline.stage import Reason
from schemas.case import CaseState, Kind, OpenItem, Waiver
from schemas.money import kr
from tests.builders import DUE, a_case, a_cost, a_fee, a_payment, an_invoice, parts

PRINCIPAL, COSTS, FEE, INTEREST, REST = Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST, Kind.REST


def days_late(days: int) -> date:
    return DUE + timedelta(days=days)


def test_a_payment_of_all_that_is_owed_pays_the_case() -> None:
    decision = settle(a_case(an_invoice(1, kr(1000)), a_fee(2, kr(35)), paid=(a_payment(9, kr(1035)),)))

    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(1000), (FEE, 2): kr(35)}
    assert decision.balance == 0
    assert decision.state is CaseState.PAID


def test_principal_costs_fee_and_interest_are_covered_in_kk2s_own_order() -> None:
    items = (a_fee(3, kr(35)), an_invoice(1, kr(3650)), a_cost(2, kr(100)))

    decision = settle(a_case(*items, paid=(a_payment(9, kr(3790), days_late(40)),)))

    # 40 days at 12.50 % on 3650 kr are 50 kr, of which 5 kr are covered
    assert parts(decision, 9) == {
        (PRINCIPAL, 1): kr(3650),
        (COSTS, 2): kr(100),
        (FEE, 3): kr(35),
        (INTEREST, 1): kr(5),
    }
    assert decision.balance == kr(45)


def test_the_debtors_own_order_holds_for_one_payment_only() -> None:
    first = a_payment(8, kr(60), days_late(40), order=(INTEREST, FEE, COSTS, PRINCIPAL))
    second = a_payment(9, kr(60), days_late(40))

    decision = settle(a_case(an_invoice(1, kr(3650)), a_fee(2, kr(35)), paid=(first, second)))

    assert parts(decision, 8) == {(INTEREST, 1): kr(50), (FEE, 2): kr(10)}
    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(60)}


def test_the_oldest_invoice_is_covered_first_and_of_one_day_the_lower_id() -> None:
    items = (
        an_invoice(1, kr(100), DUE),
        an_invoice(2, kr(100), DUE - timedelta(days=1)),
        an_invoice(3, kr(100), DUE),
    )

    decision = settle(a_case(*items, paid=(a_payment(9, kr(250), DUE - timedelta(days=5)),)))

    assert parts(decision, 9) == {(PRINCIPAL, 2): kr(100), (PRINCIPAL, 1): kr(100), (PRINCIPAL, 3): kr(50)}


def test_the_oldest_cost_and_the_oldest_fee_are_covered_first() -> None:
    early = DUE - timedelta(days=9)
    items = (a_cost(1, kr(100)), a_cost(2, kr(100), early), a_fee(3, kr(100)), a_fee(4, kr(100), early))

    decision = settle(a_case(*items, paid=(a_payment(9, kr(310)),)))

    assert parts(decision, 9) == {
        (COSTS, 2): kr(100),
        (COSTS, 1): kr(100),
        (FEE, 4): kr(100),
        (FEE, 3): kr(10),
    }


def test_the_interest_of_the_oldest_invoice_is_covered_first() -> None:
    items = (an_invoice(1, kr(3650)), an_invoice(2, kr(3650), days_late(20)))

    decision = settle(a_case(*items, paid=(a_payment(9, kr(7360), days_late(40)),)))

    assert parts(decision, 9)[(INTEREST, 1)] == kr(50)
    assert parts(decision, 9)[(INTEREST, 2)] == kr(10)
    assert decision.balance == kr(15)


def test_interest_runs_on_the_principal_that_is_still_open() -> None:
    paid = (a_payment(8, kr(1825), days_late(40)), a_payment(9, kr(2000), days_late(80)))

    decision = settle(a_case(an_invoice(1, kr(3650)), paid=paid))

    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(1825), (INTEREST, 1): kr(75), (REST, None): kr(100)}
    assert [taken.amount for taken in decision.interest] == [kr(75)]
    assert decision.interest[0].weighted == kr(75) * 3_650_000


def test_costs_and_fees_bear_no_interest() -> None:
    decision = settle(
        a_case(a_cost(1, kr(3650)), a_fee(2, kr(3650)), paid=(a_payment(9, kr(1), days_late(900)),))
    )

    assert decision.balance == kr(7299)


def test_interest_on_a_day_without_a_known_rate_is_flagged() -> None:
    invoice = an_invoice(1, kr(1000), date(2026, 6, 30))

    last_known = settle(a_case(invoice, paid=(a_payment(9, kr(1001), date(2026, 12, 31)),)))
    day_after = settle(a_case(invoice, paid=(a_payment(9, kr(1001), date(2027, 1, 1)),)))

    assert [taken.known for taken in last_known.interest] == [True]
    assert [taken.known for taken in day_after.interest] == [False]


def test_more_than_is_owed_is_a_line_of_its_own() -> None:
    decision = settle(a_case(an_invoice(1, kr(1000)), paid=(a_payment(9, kr(1200, 50)),)))

    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(1000), (REST, None): kr(200, 50)}


def test_money_for_a_paid_case_waits_for_an_operator() -> None:
    decision = settle(a_case(an_invoice(1, kr(1000)), paid=(a_payment(8, kr(1000)), a_payment(9, kr(1000)))))

    assert parts(decision, 9) == {}
    ((payment_id, park),) = decision.parked
    assert (payment_id, park.reason) == (9, Reason.CASE_PAID)
    assert park.note == (
        "1 000,00 kr came in on 2025-03-31 on case 0221-00000038, on which nothing is owed: refund it or assign it"
    )
    assert decision.state is CaseState.PAID


def test_posted_money_for_a_paid_case_is_all_rest() -> None:
    paid = (a_payment(8, kr(1000)), a_payment(9, kr(1000), frozen=True))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid))

    assert parts(decision, 9) == {(REST, None): kr(1000)}
    assert decision.parked == ()


def test_money_for_a_recalled_case_waits_for_an_operator_and_posted_money_stays() -> None:
    paid = (a_payment(8, kr(100), frozen=True), a_payment(9, kr(100)))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid, state=CaseState.RECALLED))

    assert parts(decision, 8) == {(PRINCIPAL, 1): kr(100)}
    assert [(payment_id, park.reason) for payment_id, park in decision.parked] == [(9, Reason.CASE_RECALLED)]
    assert decision.state is CaseState.RECALLED


def test_a_payment_of_nothing_is_split_into_nothing() -> None:
    decision = settle(a_case(an_invoice(1, kr(1000)), paid=(a_payment(9, 0),)))

    assert (decision.splits, decision.parked, decision.balance) == ((), (), kr(1000))


@pytest.mark.parametrize(
    ("left", "state"),
    [(20_999, CaseState.CLOSED_WITH_REST), (21_000, CaseState.OPEN), (0, CaseState.PAID)],
)
def test_a_balance_under_the_threshold_closes_the_case(left: int, state: CaseState) -> None:
    decision = settle(
        a_case(an_invoice(1, kr(1000)), paid=(a_payment(9, kr(1000) - left, threshold=kr(210)),))
    )

    assert (decision.balance, decision.state) == (left, state)


def test_a_small_case_that_nobody_paid_on_stays_open() -> None:
    decision = settle(a_case(an_invoice(1, kr(100))))

    assert (decision.balance, decision.as_of, decision.state) == (kr(100), None, CaseState.OPEN)


def test_a_case_closed_with_rest_settles_a_later_payment() -> None:
    paid = (a_payment(8, kr(800)), a_payment(9, kr(200)))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid, state=CaseState.CLOSED_WITH_REST))

    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(200)}
    assert decision.state is CaseState.PAID


def test_a_merged_case_stays_merged() -> None:
    assert settle(a_case(an_invoice(1, kr(1000)), state=CaseState.MERGED)).state is CaseState.MERGED


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (
            a_case(an_invoice(1, kr(1)), paid=(a_payment(9, -1),)),
            "payment 9 is negative and takes nothing back",
        ),
        (a_case(an_invoice(1, kr(1)), paid=(a_payment(9, -1, reverses=8),)), "must be on the same case: 8"),
        (
            a_case(an_invoice(1, kr(1)), paid=(a_payment(8, 2), a_payment(9, -1, reverses=8))),
            "payment 9 takes back another amount than 8 has",
        ),
        (a_case(an_invoice(1, -1)), "item 1 is no claim"),
        (a_case(OpenItem(1, INTEREST, 1, DUE, "")), "item 1 is no claim"),
        (a_case(an_invoice(1, 1), waived=(Waiver(5, 1, FEE, 1, DUE),)), "no FEE 1"),
        (a_case(an_invoice(1, 1), waived=(Waiver(5, 1, REST, 1, DUE),)), "no REST 1"),
        (a_case(an_invoice(1, 1), waived=(Waiver(5, 1, PRINCIPAL, -1, DUE),)), "waiver 5 is negative"),
    ],
)
def test_facts_that_cannot_be_are_our_own_fault_and_say_so(facts: CaseFacts, why: str) -> None:
    with pytest.raises(ImpossibleFactsError, match=why):
        settle(facts)
