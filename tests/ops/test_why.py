"""The answer to "why was this payment split like this?" holds each figure, and a person can check it with a calculator."""

import json
from dataclasses import asdict
from datetime import date

from hypothesis import given
from sqlalchemy import text

from ops.why import Why, as_text, why
from ops.why.interest import around, sums
from pipeline import allocation
from pipeline.allocation import CaseFacts
from pipeline.interest import rounded
from schemas.case import Kind
from schemas.money import kr
from tests.ops.ledger import CLERK, Ledger, Room, Standing, one
from tests.pipeline.test_allocation_properties import cases
from workers import audit


def asked(here: Room, payment: int) -> Why:
    found = why(here.connection, payment)
    assert found is not None
    return found


def over_a_change_of_rate(here: Room) -> tuple[int, int]:
    """10 000 kr due on 2025-12-01; 4 000 kr on 2026-01-15, and 7 000 kr on 2026-07-20.

    Days after 2025-12-01 to 2025-12-31: 30 x 10 000 kr at 12.25 %; to 2026-01-15: 15 x 10 000 kr at 12.00 %;
    to 2026-06-30: 166 x 6 000 kr at 12.00 %; to 2026-07-20: 20 x 6 000 kr at 12.25 %.
    (36 750 + 18 000 + 119 520 + 14 700) / 365 = 188 970 / 365 = 517.726... kr, so 517.73 kr. Of the 7 000 kr 6 000 are
    principal, 517.73 interest, and 482.27 are left over.
    """
    ledger = Ledger(here.connection)
    case = ledger.case(kr(10_000), case_no="0221-00000007")
    item = ledger.item(case)
    here.connection.execute(text("UPDATE item SET due_on = '2025-12-01' WHERE id = :id"), {"id": item})
    first, second = ledger.file(kr(4000), kr(7000), kid="022100000007")
    for payment, day in ((first, "2026-01-15"), (second, "2026-07-20")):
        here.connection.execute(
            text("UPDATE payment SET interest_on = :day WHERE id = :id"), {"day": day, "id": payment}
        )
    ledger.settle(first, case, (Kind.PRINCIPAL, item, kr(4000)))
    ledger.settle(
        second,
        case,
        (Kind.PRINCIPAL, item, kr(6000)),
        (Kind.INTEREST, item, kr(517, 73)),
        (Kind.REST, None, kr(482, 27)),
    )
    return first, second


def test_the_interest_is_told_stretch_by_stretch(here: Room) -> None:
    _, second = over_a_change_of_rate(here)

    (interest,) = asked(here, second).interest

    assert [(s.after, s.to, s.days, s.principal, s.basis_points) for s in interest.segments] == [
        (date(2025, 12, 1), date(2025, 12, 31), 30, kr(10_000), 1225),
        (date(2025, 12, 31), date(2026, 1, 15), 15, kr(10_000), 1200),
        (date(2026, 1, 15), date(2026, 6, 30), 166, kr(6000), 1200),
        (date(2026, 6, 30), date(2026, 7, 20), 20, kr(6000), 1225),
    ]
    assert (interest.accrued, interest.taken_before, interest.owed, interest.covered) == (
        kr(517, 73), 0, kr(517, 73), kr(517, 73),
    )  # fmt: skip
    assert interest.known


def test_the_stretches_add_up_to_what_the_rule_weighs(here: Room) -> None:
    """The arithmetic that is shown is the rule's own, to the last weighted øre."""
    from ops.queries import cases

    _, second = over_a_change_of_rate(here)
    told = asked(here, second)
    standing = cases.standing(here.connection, told.payment.case_id or 0)
    assert standing is not None

    (taken,) = allocation.settle(standing.facts).interest

    assert sum(segment.weighted for segment in told.interest[0].segments) == taken.weighted
    assert rounded(taken.weighted) == told.interest[0].accrued


@given(cases())
def test_the_arithmetic_is_the_rules_own_whatever_the_case(facts: CaseFacts) -> None:
    for payment in facts.payments:
        before, upto = around(facts, payment.id)
        shown = {each.item_id: each for each in sums(facts, before, upto, payment.id)}
        for taken in (t for t in upto.interest if t.payment_id == payment.id):
            told = shown[taken.item_id]
            assert sum(segment.weighted for segment in told.segments) == taken.weighted
            assert told.accrued == rounded(taken.weighted)
            assert payment.reverses is not None or 0 < told.covered <= told.owed


def test_each_step_says_what_was_owed_and_what_was_left(here: Room) -> None:
    _, second = over_a_change_of_rate(here)

    told = asked(here, second)

    assert [(s.kind, s.owed, s.covered, s.left) for s in told.steps] == [
        ("principal", kr(6000), kr(6000), kr(1000)),
        ("costs", 0, 0, kr(1000)),
        ("fee", 0, 0, kr(1000)),
        ("interest", kr(517, 73), kr(517, 73), kr(482, 27)),
        ("rest", 0, kr(482, 27), 0),
    ]
    assert told.agrees


def test_interest_that_an_earlier_payment_took_is_not_taken_twice(here: Room) -> None:
    ledger = Ledger(here.connection)
    case = ledger.case(kr(1000), case_no="0221-00000008")
    item = ledger.item(case)
    here.connection.execute(text("UPDATE item SET due_on = '2026-03-01' WHERE id = :id"), {"id": item})
    order = "[4, 1, 2, 3]"
    first, second = ledger.file(kr(100), kr(950), kid="022100000008")
    here.connection.execute(
        text(
            "UPDATE payment SET cover_choice = CAST(:order AS jsonb), interest_on = '2026-04-30' WHERE id = :id"
        ),
        {"order": order, "id": first},
    )
    here.connection.execute(
        text("UPDATE payment SET interest_on = '2026-04-30' WHERE id = :id"), {"id": second}
    )
    # 1 000 kr x 60 days x 12.00 % / 365 = 19.726 kr
    ledger.settle(first, case, (Kind.INTEREST, item, kr(19, 73)), (Kind.PRINCIPAL, item, kr(80, 27)))
    ledger.settle(second, case, (Kind.PRINCIPAL, item, kr(919, 73)), (Kind.REST, None, kr(30, 27)))

    told = asked(here, second)

    (interest,) = told.interest
    assert (interest.accrued, interest.taken_before, interest.owed) == (kr(19, 73), kr(19, 73), 0)
    assert told.agrees


def test_the_order_is_told_with_the_row_of_the_setup_that_says_it(here: Room, stands: Standing) -> None:
    order = asked(here, stands.proposed).order

    assert order is not None
    assert order.kinds == ("principal", "costs", "fee", "interest")
    assert (order.by, order.version, order.valid_from) == ("client KOM", 1, date(2020, 1, 1))
    assert order.setup_row == one(here.connection, "SELECT id FROM setup_row WHERE kind = 'client'")


def test_a_debtors_own_order_is_told_with_who_entered_it_and_why(here: Room, stands: Standing) -> None:
    here.connection.execute(
        text("UPDATE payment SET cover_choice = '[3, 1, 2, 4]' WHERE id = :id"), {"id": stands.proposed}
    )
    audit.note(here.connection, CLERK, "choose order", f"payment {stands.proposed}", "skyldner ba om det", {})

    told = asked(here, stands.proposed)

    assert told.order is not None
    assert told.order.by == "the debtor's choice, by kari: skyldner ba om det"
    assert not told.agrees, "what stands was split in the client's order"


def test_a_payment_is_followed_to_its_number_in_visma(here: Room, stands: Standing) -> None:
    told = asked(here, stands.delivered)

    number = here.connection.execute(text("SELECT voucher_no FROM voucher")).scalar_one()
    assert {(line.voucher_id, line.voucher_no) for line in told.lines} == {(stands.voucher, number)}
    assert [(line.account, line.amount) for line in told.lines if line.own] == [("1510", -kr(400))]
    assert told.origin.line == 3
    assert told.found_by == "KID 022100000001 on account 99991042764"


def test_money_that_waits_says_why(here: Room, stands: Standing) -> None:
    told = asked(here, stands.parked)

    assert told.found_by == "because of blank_kid"
    assert (told.before, told.order, told.steps) == (None, None, ())


def test_a_reversal_says_what_it_mirrors(here: Room, stands: Standing) -> None:
    ledger = Ledger(here.connection)
    (reversal,) = ledger.file(-kr(650))
    here.connection.execute(
        text("UPDATE payment SET reverses = :original WHERE id = :id"),
        {"original": stands.proposed, "id": reversal},
    )
    item, fee = ledger.item(stands.case), ledger.item(stands.case, 2)
    ledger.settle(reversal, stands.case, (Kind.PRINCIPAL, item, -kr(600)), (Kind.FEE, fee, -kr(50)))

    told = asked(here, reversal)

    assert told.takes_back == stands.proposed
    assert told.agrees
    assert {s.kind: s.covered for s in told.steps if s.covered} == {"principal": -kr(600), "fee": -kr(50)}
    assert told.steps[-1].left == 0


def test_the_whole_answer_as_text_and_as_plain_values(here: Room) -> None:
    _, second = over_a_change_of_rate(here)
    told = asked(here, second)

    said = as_text(told)

    assert "6 000,00 kr × 166 dager × 12,00 % / 365" in said
    assert "til sammen 517,73 kr, avrundet én gang" in said
    assert (
        "Dekningsrekkefølge: hovedstol, omkostninger, salær/gebyr, forsinkelsesrente: client KOM (oppsettrad"
        in said
    )
    assert json.loads(json.dumps(asdict(told), default=str))


def test_what_is_not_there_has_no_answer(here: Room) -> None:
    assert why(here.connection, 999) is None
