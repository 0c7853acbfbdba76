"""What Visma says happened to an invoice moves that invoice's principal, and nothing else."""

from datetime import date, timedelta

from pipeline.allocation import Movement, settle
from schemas.case import CaseState, Kind, Waiver
from schemas.money import kr
from tests.builders import THRESHOLD, a_case, a_payment, an_invoice, parts

DUE, LATER = date(2026, 1, 15), date(2026, 3, 1)


def moved(amount: int, day: date = LATER, *, item: int = 1, number: int = 1) -> Movement:
    return Movement(number, item, amount, day, THRESHOLD)


def test_a_payment_in_visma_lowers_its_invoice_and_not_the_older_one() -> None:
    older, newer = an_invoice(1, kr(1000), DUE), an_invoice(2, kr(500), date(2026, 2, 15))

    decision = settle(a_case(older, newer, moved=(moved(-kr(400), item=2),)))

    assert decision.splits == ()
    assert decision.credits == ()
    # 45 days of 12 % on 1,000, 14 on 500 and none on what is gone
    assert decision.balance == kr(1100) + 1479 + 230


def test_interest_runs_on_what_is_left_from_the_day_of_the_movement() -> None:
    paid = a_payment(101, kr(5000), date(2026, 3, 31))

    decision = settle(a_case(an_invoice(1, kr(1000), DUE), paid=(paid,), moved=(moved(-kr(400)),)))

    # 45 days on 1,000 and 30 on 600, 12 % of 365 days
    assert parts(decision, 101)[Kind.INTEREST, 1] == 1479 + 592
    assert parts(decision, 101)[Kind.PRINCIPAL, 1] == kr(600)


def test_more_than_is_open_is_a_credit_on_that_invoice_and_lowers_no_other() -> None:
    first, second = an_invoice(1, kr(1000), LATER), an_invoice(2, kr(500), LATER)

    decision = settle(a_case(first, second, moved=(moved(-kr(1200)),)))

    assert decision.credits == ((1, kr(200)),)
    assert decision.balance == kr(500)


def test_a_credit_is_used_up_when_the_payment_before_it_is_taken_back() -> None:
    paid = a_payment(101, kr(1000), LATER)
    back = a_payment(102, -kr(1000), date(2026, 3, 20), reverses=101)
    facts = a_case(an_invoice(1, kr(1000), LATER), paid=(paid,), moved=(moved(-kr(200), date(2026, 3, 10)),))

    assert settle(facts).credits == ((1, kr(200)),)
    taken_back = settle(facts._replace(payments=(paid, back)))
    assert taken_back.credits == ()
    assert taken_back.balance == kr(800)


def test_a_waiver_lets_go_of_nothing_that_a_credit_note_took_before() -> None:
    waiver = Waiver(9, 1, Kind.PRINCIPAL, kr(300), date(2026, 3, 10))
    facts = a_case(an_invoice(1, kr(1000), LATER), moved=(moved(-kr(900)),), waived=(waiver,))

    assert dict(settle(facts).waived) == {9: kr(100)}


def test_costs_fees_and_interest_stay_when_the_principal_is_credited() -> None:
    decision = settle(a_case(an_invoice(1, kr(1000), DUE), moved=(moved(-kr(1000)),)))

    assert decision.balance == 1479
    assert decision.state is CaseState.CLOSED_WITH_REST


def test_money_from_visma_before_our_payment_leaves_it_less_to_cover() -> None:
    paid = a_payment(101, kr(1000), date(2026, 3, 1))
    facts = a_case(an_invoice(1, kr(1000), LATER), paid=(paid,))
    late = facts._replace(movements=(moved(-kr(300), LATER),))

    assert parts(settle(facts), 101) == {(Kind.PRINCIPAL, 1): kr(1000)}
    assert parts(settle(late), 101) == {(Kind.PRINCIPAL, 1): kr(700), (Kind.REST, None): kr(300)}


def test_a_reversal_there_opens_the_invoice_again() -> None:
    there = (moved(-kr(1000), LATER), moved(kr(1000), date(2026, 3, 10), number=2))

    assert settle(a_case(an_invoice(1, kr(1000), date(2026, 4, 1)), moved=there)).balance == kr(1000)


def test_a_paid_invoice_is_no_credit_and_a_waiver_takes_nothing_of_one() -> None:
    paid = settle(a_case(an_invoice(1, kr(1000), LATER), paid=(a_payment(101, kr(1000), LATER),)))
    waiver = Waiver(9, 1, Kind.PRINCIPAL, kr(300), LATER + timedelta(days=1))
    credited = a_case(an_invoice(1, kr(1000), LATER), moved=(moved(-kr(1200)),), waived=(waiver,))

    assert paid.credits == ()
    assert settle(credited).credits == ((1, kr(200)),)
    assert settle(credited).waived == ((9, 0),)
