"""A payment is given to another case, shared over cases or taken off: the next proposal moves what was posted, no bank line."""

import threading
from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from ops import repairs
from ops.access import ALL_ROLES
from ops.case_export import export
from ops.queries.booked import booked_payments, may_go_back
from ops.repairs import Person, Refusal
from ops.simulator import Fault, FaultKind
from ops.why import Why, as_text, why
from schemas.case import Kind
from schemas.money import kr
from schemas.setup import ParkedPolicy
from tests.site import Site, kid_of, paid, site, until

DUE = date(2026, 3, 31)  # after the payments: no interest
LINES = "SELECT account, customer_no, amount FROM voucher_line WHERE voucher_id = (SELECT max(id) FROM voucher) ORDER BY amount, customer_no"
BANK = "SELECT coalesce(sum(amount), 0) FROM voucher_line WHERE account = '1920'"
ON = (
    "SELECT case_id, sum(amount)::bigint FROM split WHERE superseded_by IS NULL AND payment_id = :id GROUP BY 1 "
    "HAVING sum(amount) <> 0 ORDER BY 1 NULLS FIRST"
)
KARI = Person("kari", "it is so", ALL_ROLES)


@pytest.fixture
def two(here: Site) -> tuple[Site, int, int]:
    """Two cases of 1,000 kr, and a payment of 400 kr that was posted on the first."""
    first, second = here.case(1, kr(1000), DUE), here.case(2, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(400)))
    return here, first, second


def stray(here: Site) -> None:
    """400 kr that no case has the KID of; beside it 1 kr that one has, so that policy approves the file."""
    here.case(9, kr(1000), DUE)
    here.come(paid(kid_of(77), kr(400)), paid(kid_of(9), kr(1)))


def payment(here: Site) -> int:
    return int(str(here.one("SELECT min(id) FROM payment")[0]))


def balances(here: Site) -> list[object]:
    return [row[0] for row in here.all("SELECT balance FROM kk2_case ORDER BY id")]


def no(here: Site, repair: Callable[..., repairs.Done], *of: object, **more: object) -> str:
    with pytest.raises(Refusal) as refusal:
        here.act(repair, *of, **more)
    return str(refusal.value)


def test_moved_after_delivery_one_voucher_takes_it_off_the_one_and_onto_the_other(
    two: tuple[Site, int, int],
) -> None:
    here, _, second = two

    here.act(repairs.assign, payment(here), second, original=None)
    here.prove()
    here.rest()

    assert here.all(LINES) == [("1500", "2", -kr(400)), ("1500", "1", kr(400))]
    assert here.one(BANK) == (kr(400),)
    assert balances(here) == [kr(1000), kr(600)]
    assert here.all(ON, id=payment(here)) == [(second, kr(400))]
    here.prove()


def test_moved_before_it_is_in_a_voucher_nothing_of_the_first_case_is_posted(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    second = here.case(2, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(400)), but=("propose",))

    here.act(repairs.assign, payment(here), second, original=None)
    here.rest()

    assert here.all(LINES) == [("1500", "2", -kr(400)), ("1920", "", kr(400))]
    here.prove()


def test_moved_there_and_back_before_the_next_proposal_nothing_is_posted(two: tuple[Site, int, int]) -> None:
    here, first, second = two

    here.act(repairs.assign, payment(here), second, original=None)
    here.act(repairs.assign, payment(here), first, original=None)
    here.rest()

    assert here.one("SELECT count(*) FROM voucher") == (1,)
    assert balances(here) == [kr(600), kr(1000)]
    here.prove()


def test_moved_there_and_back_with_a_voucher_between(two: tuple[Site, int, int]) -> None:
    here, first, second = two

    for to in (second, first, second):
        here.act(repairs.assign, payment(here), to, original=None)
        here.rest()
        here.prove()

    assert here.one("SELECT count(*) FROM voucher") == (4,)
    assert here.one(BANK) == (kr(400),)
    assert here.all(ON, id=payment(here)) == [(second, kr(400))]


def test_shared_after_delivery_each_case_gets_its_share(two: tuple[Site, int, int]) -> None:
    here, first, second = two

    here.act(repairs.share_out, payment(here), [(first, kr(150)), (second, kr(250))])
    here.prove()
    here.rest()

    assert here.all(LINES) == [("1500", "2", -kr(250)), ("1500", "1", kr(250))]
    assert balances(here) == [kr(850), kr(750)]
    here.owe_more(first, kr(50))
    here.drain()
    here.rest()
    here.prove()


def test_shared_from_suspense(here: Site) -> None:
    first, second = here.case(1, kr(1000), DUE), here.case(2, kr(1000), DUE)
    stray(here)

    here.act(repairs.share_out, payment(here), [(first, kr(150)), (second, kr(250))])
    here.prove()
    here.rest()

    assert here.all(LINES) == [("1500", "2", -kr(250)), ("1500", "1", -kr(150)), ("2990", "", kr(400))]
    assert here.one(BANK) == (kr(401),)
    assert here.parked() == []
    here.prove()


def test_a_share_that_nothing_is_owed_for_is_an_overpayment_and_does_not_park(here: Site) -> None:
    first, second = here.case(1, kr(100), DUE), here.case(2, kr(1000), DUE)
    stray(here)

    here.act(repairs.share_out, payment(here), [(first, kr(150)), (second, kr(250))])

    assert here.one("SELECT case_id, amount FROM split WHERE kind = 5") == (first, kr(50))
    here.change("UPDATE kk2_case SET state = 'recalled' WHERE id = :case", second)
    here.drain()
    assert here.parked() == []
    here.rest()
    here.prove()


def test_a_shared_payment_is_shared_otherwise_and_then_given_to_one_case(two: tuple[Site, int, int]) -> None:
    here, first, second = two
    third = here.case(3, kr(1000), DUE)
    mine = payment(here)

    here.act(repairs.share_out, mine, [(first, kr(150)), (second, kr(250))])
    here.rest()
    here.act(repairs.share_out, mine, [(third, kr(300)), (second, kr(100))])
    here.prove()
    here.rest()
    assert here.all(ON, id=mine) == [(second, kr(100)), (third, kr(300))]
    here.act(repairs.assign, mine, third, original=None)
    here.rest()

    assert balances(here) == [kr(1000), kr(1000), kr(600)]
    assert here.all("SELECT * FROM payment_share") == []
    here.prove()


def test_undone_it_goes_from_the_customer_to_suspense_and_released_it_comes_back(
    two: tuple[Site, int, int],
) -> None:
    here, _, _ = two

    here.act(repairs.undo, payment(here))
    here.prove()
    assert here.parked() == ["taken_off"]
    here.rest()
    assert here.all(LINES) == [("2990", "", -kr(400)), ("1500", "1", kr(400))]
    here.prove()
    here.act(repairs.release, [payment(here)])
    here.rest()

    assert here.all(LINES) == [("1500", "1", -kr(400)), ("2990", "", kr(400))]
    assert here.one(BANK) == (kr(400),)
    assert balances(here)[0] == kr(600)
    here.prove()


def test_undone_where_parked_money_waits_the_bank_line_is_taken_back(engine: Engine, tmp_path: Path) -> None:
    with site(engine, tmp_path, parked_policy=ParkedPolicy.WAIT) as here:
        here.case(1, kr(1000), DUE)
        here.come(paid(kid_of(1), kr(400)))

        here.act(repairs.undo, payment(here))
        here.rest()

        assert here.all(LINES) == [("1920", "", -kr(400)), ("1500", "1", kr(400))]
        here.prove()
        here.act(repairs.refuse, payment(here))
        here.rest()
        here.prove()


def test_what_is_booked_says_what_may_go_back_and_the_act_which_proposal_has_it(
    two: tuple[Site, int, int],
) -> None:
    here, _, _ = two
    here.come(paid(kid_of(2), kr(300), ref="0106100002"))

    def may() -> list[tuple[int, bool]]:
        with here.engine.connect() as connection:
            found = booked_payments(connection, company="100", first=None, last=None, most=9)
            said = sorted((each.payment_id, each.back is not None) for each in found)
            assert [back for _, back in said] == [may_go_back(connection, of) for of, _ in said]
            for of, back in said:
                if not back:
                    with pytest.raises(Refusal):
                        repairs.undo(connection, of, person=KARI)
        return said

    assert may() == [(1, True), (2, True)]
    with here.engine.begin() as connection:
        said = repairs.undo(connection, 1, person=KARI).sentence
    assert "the next proposal of company 100 takes back what was posted" in said
    assert may() == [(1, False), (2, True)]
    here.come(paid(kid_of(2), kr(300), ref="0106100003", back=True))
    assert may()[:2] == [(1, False), (2, False)]
    here.rest()

    assert here.one("SELECT sum(l.amount)::bigint FROM voucher_line l WHERE l.customer_no <> ''") == (0,)
    here.prove()


def test_undone_and_released_before_the_proposal_nothing_is_posted(two: tuple[Site, int, int]) -> None:
    here, _, _ = two

    here.act(repairs.undo, payment(here))
    here.act(repairs.release, [payment(here)])
    here.rest()

    assert here.one("SELECT count(*) FROM voucher") == (1,)
    here.prove()


def test_undone_twice_over_the_suspense_account(here: Site) -> None:
    """From suspense to a case, off it before that is posted, and off it after: it stands on suspense once."""
    case_id = here.case(1, kr(1000), DUE)
    stray(here)
    mine = payment(here)

    here.act(repairs.assign, mine, case_id, original=None)
    here.act(repairs.undo, mine)
    here.rest()
    assert here.one("SELECT count(*) FROM voucher") == (1,)
    here.act(repairs.assign, mine, case_id, original=None)
    here.rest()
    here.act(repairs.undo, mine)
    here.prove()
    here.rest()

    assert here.all(ON, id=mine) == [(None, kr(400))]
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '2990'") == (-kr(400),)
    here.prove()


def test_money_on_its_way_back_is_not_refused_yet(two: tuple[Site, int, int]) -> None:
    here, _, _ = two
    here.act(repairs.undo, payment(here))

    assert "approve the next proposal first" in no(here, repairs.refuse, payment(here))
    here.rest()
    here.act(repairs.refuse, payment(here))

    here.prove()


# --- while its voucher is on its way ---


@pytest.mark.parametrize("kind", [FaultKind.LOSE_ANSWER_AFTER_BOOKING, FaultKind.UNKNOWN_ACCOUNT])
@pytest.mark.parametrize("what", ["move", "share", "undo"])
def test_while_the_voucher_is_in_doubt_or_refused(here: Site, kind: FaultKind, what: str) -> None:
    first, second = here.case(1, kr(1000), DUE), here.case(2, kr(1000), DUE)
    here.simulator.fault(Fault(kind, "RegisterVouchers", times=1))
    here.come(paid(kid_of(1), kr(400)), but=("inquire",))
    mine = payment(here)
    (state,) = here.one("SELECT state FROM voucher")
    assert state in {"in_doubt", "refused"}

    with here.engine.begin() as connection:
        if what == "move":
            repairs.assign(connection, mine, second, original=None, person=KARI)
        elif what == "share":
            repairs.share_out(connection, mine, [(first, kr(1)), (second, kr(399))], person=KARI)
        else:
            repairs.undo(connection, mine, person=KARI)
    here.drain(but=("inquire",))
    if state == "refused":
        here.act(repairs.void, int(str(here.one("SELECT id FROM voucher")[0])))
    here.pass_leases()
    here.drain()
    here.rest()
    here.prove()

    assert here.one(BANK + " AND voucher_id IN (SELECT id FROM voucher WHERE state = 'delivered')") == (
        kr(400),
    )
    assert here.one("SELECT count(*) FROM voucher WHERE state NOT IN ('delivered', 'void')") == (0,)


def test_a_voucher_with_the_correction_is_taken_back(two: tuple[Site, int, int]) -> None:
    here, _, second = two
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.act(repairs.assign, payment(here), second, original=None)
    here.rest()
    assert here.one("SELECT state FROM voucher ORDER BY id DESC LIMIT 1") == ("refused",)

    here.act(repairs.void, int(str(here.one("SELECT max(id) FROM voucher")[0])))
    here.prove()
    here.rest()

    assert here.all(LINES) == [("1500", "2", -kr(400)), ("1500", "1", kr(400))]
    here.prove()


def test_a_voucher_that_left_suspense_is_taken_back_after_the_undo(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    stray(here)
    mine = payment(here)
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.act(repairs.assign, mine, case_id, original=None)
    here.rest()

    here.act(repairs.undo, mine)
    here.act(repairs.void, int(str(here.one("SELECT max(id) FROM voucher")[0])))
    here.rest()

    assert here.all(ON, id=mine) == [(None, kr(400))]
    here.prove()


# --- taken back by the bank ---


def back(here: Site, amount: int) -> None:
    here.come(paid(kid_of(1), amount, kind=18, ref="0106100002"))
    here.rest()


def test_the_reversal_of_a_moved_payment_follows_it(two: tuple[Site, int, int]) -> None:
    here, _, second = two
    here.act(repairs.assign, payment(here), second, original=None)
    here.rest()

    back(here, kr(400))

    assert here.parked() == []
    assert balances(here) == [kr(1000), kr(1000)]
    assert here.one("SELECT case_id FROM payment WHERE amount < 0") == (second,)
    here.prove()


def test_the_reversal_of_a_shared_payment_takes_each_share_back(two: tuple[Site, int, int]) -> None:
    here, first, second = two
    here.act(repairs.share_out, payment(here), [(first, kr(150)), (second, kr(250))])
    here.rest()

    back(here, kr(400))

    assert here.parked() == []
    assert balances(here) == [kr(1000), kr(1000)]
    assert here.one(BANK) == (0,)
    here.prove()
    mine = payment(here)
    assert "is taken back by payment" in no(here, repairs.undo, mine)
    (reversal,) = here.one("SELECT id FROM payment WHERE amount < 0")
    here.act(repairs.undo, reversal)
    here.act(repairs.release, [reversal])
    here.rest()
    assert balances(here) == [kr(1000), kr(1000)]
    here.prove()


def test_the_reversal_of_a_payment_that_is_just_being_moved_waits_for_it(two: tuple[Site, int, int]) -> None:
    here, _, second = two
    with here.engine.begin() as connection:
        repairs.assign(connection, payment(here), second, original=None, person=KARI)
    here.come(paid(kid_of(1), kr(400), kind=18, ref="0106100002"), but=("resettle",))
    assert "original_under_way" in here.parked()

    here.drain()
    here.rest()

    assert here.parked() == []
    assert balances(here) == [kr(1000), kr(1000)]
    here.prove()


def test_the_reversal_of_a_payment_that_was_taken_off_parks_beside_it(two: tuple[Site, int, int]) -> None:
    here, _, _ = two
    here.act(repairs.undo, payment(here))

    here.come(paid(kid_of(1), kr(400), kind=18, ref="0106100002"))
    assert {"original_parked", "taken_off"} <= set(here.parked())
    here.act(repairs.release, [payment(here)])
    here.rest()

    assert here.parked() == []
    assert balances(here)[0] == kr(1000)
    here.prove()


# --- what is refused ---


def test_what_is_no_share_is_refused(two: tuple[Site, int, int]) -> None:
    here, first, second = two
    mine = payment(here)
    merged = here.case(3, kr(10), DUE)
    here.change(
        "UPDATE kk2_case SET state = 'merged', merged_into = :main WHERE id = :case", merged, main=second
    )
    here.drain()

    assert "400,00" in no(here, repairs.share_out, mine, [(first, kr(1)), (second, kr(1))])
    assert "two cases" in no(here, repairs.share_out, mine, [(first, kr(400))])
    assert "two cases" in no(here, repairs.share_out, mine, [(merged, kr(200)), (second, kr(200))])
    assert "above zero" in no(here, repairs.share_out, mine, [(first, kr(500)), (second, -kr(100))])
    assert "no case 999" in no(here, repairs.share_out, mine, [(first, kr(200)), (999, kr(200))])
    assert "already" in no(here, repairs.assign, mine, first, original=None)
    here.prove()


def test_a_case_of_the_share_is_merged_meanwhile_and_the_money_is_on_the_main_case(here: Site) -> None:
    first, second, third = (here.case(n, kr(1000), DUE) for n in (1, 2, 3))
    stray(here)
    with here.engine.begin() as connection:
        repairs.share_out(connection, payment(here), [(first, kr(150)), (second, kr(250))], person=KARI)
    here.change(
        "UPDATE kk2_case SET state = 'merged', merged_into = :main WHERE id = :case", second, main=third
    )
    here.drain()
    here.rest()

    assert here.all(ON, id=payment(here)) == [(first, kr(150)), (third, kr(250))]
    here.prove()


def test_the_order_that_the_debtor_chose_holds_for_each_share(here: Site) -> None:
    first, second = (here.case(n, kr(1000), DUE, fee=kr(100)) for n in (1, 2))
    stray(here)
    here.act(repairs.share_out, payment(here), [(first, kr(150)), (second, kr(250))])

    order = (Kind.FEE, Kind.PRINCIPAL, Kind.COSTS, Kind.INTEREST)
    here.act(repairs.choose_order, payment(here), order)
    here.rest()

    found = here.all(
        "SELECT case_id, sum(amount) FROM split WHERE kind = 3 AND superseded_by IS NULL GROUP BY 1 ORDER BY 1"
    )
    assert found == [(first, kr(100)), (second, kr(100))]
    here.prove()


# --- what is told of it ---


def told(here: Site) -> tuple[Why, str]:
    with here.engine.connect() as connection:
        found = why(connection, payment(here))
    assert found is not None
    assert found.agrees
    return found, as_text(found)


def test_why_a_moved_payment_is_where_it_is(two: tuple[Site, int, int]) -> None:
    here, _, second = two
    here.act(repairs.assign, payment(here), second, original=None)
    here.rest()

    found, words = told(here)

    assert (found.case_no, found.found_by.split(" on ")[0]) == ("0221-00000002", "assigned by kari")
    assert [(step.kind, step.covered) for step in found.steps if step.covered] == [("principal", kr(400))]
    assert "-400,00  bilag 2  sak 0221-00000001  (rettelse)" in words


def test_why_a_shared_payment_is_so_on_each_case(two: tuple[Site, int, int]) -> None:
    here, first, second = two
    here.act(repairs.comment, payment(here), "to fakturaer")
    here.act(repairs.share_out, payment(here), [(first, kr(150)), (second, kr(250))])
    here.rest()

    found, words = told(here)

    assert [(each.case_no, each.share, each.agrees) for each in found.shares] == [
        ("0221-00000001", kr(150), True),
        ("0221-00000002", kr(250), True),
    ]
    assert [sum(step.covered for step in each.steps) for each in found.shares] == [kr(150), kr(250)]
    assert found.found_by.startswith("shared out by kari")
    assert "Andel på sak 0221-00000002: 250,00 kr" in words
    assert "to fakturaer" in words


def test_why_an_undone_payment_waits_and_who_found_it_after_its_release(two: tuple[Site, int, int]) -> None:
    here, _, second = two
    here.act(repairs.assign, payment(here), second, original=None)
    here.act(repairs.undo, payment(here))
    found, words = told(here)
    assert "was taken off case 0221-00000002 by a person" in found.found_by
    assert "undo" in words

    here.act(repairs.release, [payment(here)])

    found, _ = told(here)
    assert found.found_by.startswith("KID ")
    assert found.case_no == "0221-00000001"


# --- two people at once, and money at random ---


def test_of_two_people_at_once_the_second_hears_of_the_first(two: tuple[Site, int, int]) -> None:
    here, first, second = two
    mine = payment(here)
    heard: list[str] = []

    def other() -> None:
        heard.append(no(here, repairs.share_out, mine, [(first, kr(100)), (second, kr(300))]))

    with here.engine.begin() as connection:
        repairs.assign(connection, mine, second, original=None, person=KARI)
        person = threading.Thread(target=other)
        person.start()
        until(lambda: here.one("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")[0] is True)
    person.join()

    assert "payment 1 is waiting" in heard[0]
    assert "last: assign by kari" in heard[0]


def test_the_proposal_that_is_approved_meanwhile_has_all_or_nothing_of_it(two: tuple[Site, int, int]) -> None:
    here, _, second = two
    here.case(3, kr(1000), DUE)
    here.drop(here.file(paid(kid_of(3), kr(500))))
    here.drain(but=("approve", "deliver"))
    (work,) = here.due()
    (mine,) = here.one("SELECT id FROM payment WHERE amount = :n", n=kr(500))
    with here.engine.begin() as connection:
        repairs.assign(connection, int(str(mine)), second, original=None, person=KARI)
        worker = threading.Thread(target=here.work, args=work)
        worker.start()
        until(lambda: here.one("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")[0] is True)
    worker.join()
    here.drain()
    here.rest()

    assert here.all(ON, id=mine) == [(second, kr(500))]
    assert here.one(BANK) == (kr(900),)
    here.prove()


_NUMBERS = count(100)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(st.integers(1, 150_000), min_size=2, max_size=4, unique=True),
    turns=st.lists(st.sampled_from(["share", "move", "undo", "rest"]), max_size=5),
)
def test_whatever_is_done_every_ore_is_on_its_case_and_the_bank_has_it_once(
    here: Site, amounts: list[int], turns: list[str]
) -> None:
    numbers = [next(_NUMBERS) for _ in amounts]
    on = [here.case(n, kr(1000), DUE) for n in numbers]
    here.come(paid(kid_of(numbers[0]), sum(amounts)))
    (mine,) = here.one("SELECT max(id) FROM payment")
    stands: dict[object, int] = {on[0]: sum(amounts)}
    for turn in turns:
        amounts = amounts[1:] + amounts[:1]
        if turn == "share":
            here.act(repairs.share_out, mine, list(zip(on, amounts, strict=True)))
            stands = dict(zip(on, amounts, strict=True))
        elif turn == "move" and stands.keys() != {on[1]}:
            here.act(repairs.assign, mine, on[1], original=None)
            stands = {on[1]: sum(amounts)}
        elif turn == "undo" and stands:
            here.act(repairs.undo, mine)
            stands = {}
        elif turn == "rest":
            here.rest()
    here.rest()

    assert dict(here.all(ON, id=mine)) == (stands or {None: sum(amounts)})  # type: ignore[arg-type]
    for number, case_id in zip(numbers, on, strict=True):
        covered = min(stands.get(case_id, 0), kr(1000))
        posted = (
            "SELECT coalesce(sum(amount), 0) FROM voucher_line WHERE account = '1500' AND customer_no = :no"
        )
        assert here.one(posted, no=str(number)) == (-covered,)
    assert here.one(BANK) == here.one("SELECT sum(amount) FROM payment")
    here.prove()


def test_a_case_that_a_share_has_closed_is_exported_as_closed(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    first, second = here.case(2, kr(150), DUE), here.case(3, kr(250), DUE)
    here.come(paid(kid_of(1), kr(400)))
    here.act(repairs.share_out, payment(here), [(first, kr(150)), (second, kr(250))])

    with here.engine.connect() as connection:
        closed = [each.case_no for each in export(connection, date(2026, 3, 1)) if each.record == "closed"]

    assert closed == ["0221-00000002", "0221-00000003"]
