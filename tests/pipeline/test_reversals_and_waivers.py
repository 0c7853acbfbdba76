"""What a waiver lets go of, and what a reversal gives back, on a case."""

from datetime import date, timedelta

from pipeline.allocation import settle
from pipeline.stage import Reason
from schemas.case import CaseState, Kind, Waiver
from schemas.money import kr
from tests.builders import DUE, a_case, a_fee, a_payment, an_invoice, parts

PRINCIPAL, FEE, INTEREST, REST = Kind.PRINCIPAL, Kind.FEE, Kind.INTEREST, Kind.REST


def days_late(days: int) -> date:
    return DUE + timedelta(days=days)


def test_a_waiver_lowers_principal_and_the_interest_after_its_day() -> None:
    waived = (Waiver(1, 1, PRINCIPAL, kr(1825), days_late(40)),)

    decision = settle(
        a_case(an_invoice(1, kr(3650)), waived=waived, paid=(a_payment(9, kr(5000), days_late(80)),))
    )

    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(1825), (INTEREST, 1): kr(75), (REST, None): kr(3100)}
    assert decision.waived == ((1, kr(1825)),)


def test_a_waiver_lets_go_of_at_most_what_is_open_on_its_day() -> None:
    waived = (
        Waiver(1, 1, PRINCIPAL, kr(9999), days_late(50)),
        Waiver(2, 1, INTEREST, kr(9999), days_late(50)),
        Waiver(3, 2, FEE, kr(10), days_late(50)),
    )

    decision = settle(
        a_case(
            an_invoice(1, kr(3650)),
            a_fee(2, kr(35)),
            waived=waived,
            paid=(a_payment(9, kr(1825), days_late(40)),),
        )
    )

    # 50 kr of interest on 3650 kr for 40 days, then 6.25 kr on 1825 kr for 10 days
    assert decision.waived == ((1, kr(1825)), (2, kr(56, 25)), (3, kr(10)))
    assert (decision.balance, decision.as_of) == (kr(25), days_late(50))


def test_a_waiver_of_interest_leaves_later_interest_to_run() -> None:
    waived = (Waiver(1, 1, INTEREST, kr(50), days_late(40)),)

    decision = settle(
        a_case(an_invoice(1, kr(3650)), waived=waived, paid=(a_payment(9, kr(4000), days_late(80)),))
    )

    assert parts(decision, 9)[(INTEREST, 1)] == kr(50)


def test_a_reversal_gives_back_what_its_original_covered_and_reopens_the_case() -> None:
    items = (an_invoice(1, kr(3650)), a_fee(2, kr(35)))
    paid = (a_payment(8, kr(4000), days_late(40)), a_payment(9, kr(-4000), days_late(42), reverses=8))

    decision = settle(a_case(*items, paid=paid, state=CaseState.PAID))

    assert parts(decision, 8) == {
        (PRINCIPAL, 1): kr(3650),
        (FEE, 2): kr(35),
        (INTEREST, 1): kr(50),
        (REST, None): kr(265),
    }
    assert parts(decision, 9) == {place: -amount for place, amount in parts(decision, 8).items()}
    assert [taken.amount for taken in decision.interest] == [kr(50), kr(-50)]
    assert (decision.balance, decision.state) == (kr(3735), CaseState.OPEN)


def test_what_a_reversal_gives_back_bears_interest_from_its_own_date_on() -> None:
    paid = (
        a_payment(7, kr(3650), days_late(0)),
        a_payment(8, kr(-3650), days_late(40), reverses=7),
        a_payment(9, kr(3650), days_late(80)),
    )

    decision = settle(a_case(an_invoice(1, kr(3650)), paid=paid))

    assert decision.balance == kr(
        50
    )  # 40 days at 12.50 % before the last payment; none for the 40 days before


def test_a_reversal_follows_its_original_even_when_it_is_dated_before_it() -> None:
    paid = (a_payment(9, kr(-500), days_late(3), reverses=8), a_payment(8, kr(500), days_late(5)))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid))

    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(-500)}
    assert decision.as_of == days_late(5)


def test_a_reversal_can_itself_be_taken_back() -> None:
    paid = (a_payment(7, kr(500)), a_payment(8, kr(-500), reverses=7), a_payment(9, kr(500), reverses=8))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid))

    assert parts(decision, 9) == {(PRINCIPAL, 1): kr(500)}
    assert decision.balance == kr(500)


def test_a_reversal_of_a_payment_that_parks_waits_beside_it() -> None:
    paid = (a_payment(7, kr(1000)), a_payment(8, kr(70)), a_payment(9, kr(-70), reverses=8))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid))

    assert [(payment_id, park.reason) for payment_id, park in decision.parked] == [
        (8, Reason.CASE_PAID),
        (9, Reason.ORIGINAL_PARKED),
    ]


def test_a_posted_reversal_of_a_payment_that_parks_is_all_rest() -> None:
    paid = (a_payment(7, kr(1000)), a_payment(8, kr(70)), a_payment(9, kr(-70), reverses=8, frozen=True))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid))

    assert parts(decision, 9) == {(REST, None): kr(-70)}


def test_a_second_reversal_of_one_payment_waits_for_an_operator() -> None:
    paid = (a_payment(7, kr(500)), a_payment(8, kr(-500), reverses=7), a_payment(9, kr(-500), reverses=7))

    decision = settle(a_case(an_invoice(1, kr(1000)), paid=paid))

    assert [(payment_id, park.reason) for payment_id, park in decision.parked] == [
        (9, Reason.ORIGINAL_NOT_FOUND)
    ]
    assert decision.balance == kr(1000)


def test_a_posted_reversal_whose_original_has_left_the_case_is_a_rest() -> None:
    decision = settle(
        a_case(an_invoice(1, kr(1000)), paid=(a_payment(9, -kr(400), reverses=8, frozen=True),))
    )

    assert parts(decision, 9) == {(REST, None): -kr(400)}
    assert decision.parked == ()


def test_a_second_waiver_of_interest_lets_go_of_what_the_first_left() -> None:
    waived = tuple(Waiver(number, 1, INTEREST, kr(40), days_late(40)) for number in (1, 2, 3))

    assert settle(a_case(an_invoice(1, kr(3650)), waived=waived)).waived == ((1, kr(40)), (2, kr(10)), (3, 0))


def test_the_last_ore_of_a_claim_is_covered_and_waived_like_any_other() -> None:
    covered = settle(a_case(an_invoice(1, 1), a_fee(2, 1), paid=(a_payment(9, 3, DUE),)))
    waived = (
        Waiver(1, 1, PRINCIPAL, 5, DUE),
        Waiver(2, 1, PRINCIPAL, 5, DUE),
        Waiver(3, 1, PRINCIPAL, 0, DUE),
    )

    assert parts(covered, 9) == {(PRINCIPAL, 1): 1, (FEE, 2): 1, (REST, None): 1}
    assert settle(a_case(an_invoice(1, 1), waived=waived)).waived == ((1, 1), (2, 0), (3, 0))
