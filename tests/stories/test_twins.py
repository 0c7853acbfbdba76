"""Payments that look as if they came before: alike in one file they are two, alike to an earlier file they are held."""

from datetime import date

from ops import repairs
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import BankAccount
from tests.site import ACCOUNT, Site, kid_of, paid

DUE = date(2026, 1, 31)
STATES = "SELECT state FROM payment ORDER BY file_id, line"


def several(here: Site, number: int) -> None:
    for n in range(1, number + 1):
        here.case(n, kr(1000), DUE)


def held(here: Site) -> int:
    return int(str(here.one("SELECT id FROM payment WHERE state = 'held'")[0]))


def test_two_alike_in_one_file_are_two_payments(here: Site) -> None:
    several(here, 1)

    here.come(paid(kid_of(1), kr(100)), paid(kid_of(1), kr(100)))

    assert here.all(STATES) == [("settled",), ("settled",)]
    assert here.one("SELECT balance FROM kk2_case") == (kr(800),)
    assert here.one("SELECT total FROM voucher") == (kr(200),)
    here.prove()


def test_the_n_th_alike_is_held_where_as_many_came_before(here: Site) -> None:
    several(here, 3)
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(100)))

    here.come(*(paid(kid_of(n), kr(100)) for n in (1, 1, 3, 3, 3)))

    assert here.all(STATES)[2:] == [("held",), ("settled",), ("settled",), ("settled",), ("settled",)]
    assert here.one("SELECT note FROM work WHERE reason = 'held_twin'") == (
        "number 1 of the payments alike in this file, and 1 alike came in earlier files: release or refuse it",
    )
    assert here.parked() == ["held_in_file", "held_twin"]
    here.prove()


def test_a_twin_that_is_released_is_booked_and_its_file_is_proposed(here: Site) -> None:
    several(here, 3)
    here.come(paid(kid_of(1), kr(100)))
    here.come(*(paid(kid_of(n), kr(100)) for n in (1, 2, 3)))

    here.act(repairs.release, [held(here)])

    assert here.parked() == []
    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(400),)
    here.prove()


def test_a_twin_that_is_refused_is_no_money_and_its_file_is_proposed_without_it(here: Site) -> None:
    several(here, 3)
    here.come(paid(kid_of(1), kr(100)))
    here.come(*(paid(kid_of(n), kr(100)) for n in (1, 2, 3)))

    here.act(repairs.refuse, held(here))

    assert here.parked() == []
    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(300),)
    here.prove()


def test_the_clock_takes_nothing_of_a_file_that_policy_has_said_no_to(here: Site) -> None:
    several(here, 3)
    here.come(paid(kid_of(1), kr(100)))
    here.come(*(paid(kid_of(n), kr(100)) for n in (1, 2, 3)))

    here.rest()

    assert here.one("SELECT count(*) FROM voucher") == (1,)
    assert here.parked() == ["held_in_file", "held_twin"]


def test_with_more_than_half_of_it_held_the_whole_file_waits(here: Site) -> None:
    several(here, 3)
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(100)))
    again = (paid(kid_of(1), kr(100)), paid(kid_of(2), kr(100)), paid(kid_of(3), kr(100)))

    here.come(*again)

    assert here.parked() == ["file_held", "held_twin", "held_twin"]
    assert here.all("SELECT state FROM bank_file ORDER BY id") == [("read",), ("held",)]
    assert here.one("SELECT count(*) FROM split") == (2,)
    here.prove()


def test_a_held_file_goes_on_whole_or_not_at_all(here: Site) -> None:
    several(here, 3)
    here.come(paid(kid_of(1), kr(100)))
    here.come(paid(kid_of(1), kr(100)))
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(50)))
    assert here.parked().count("file_held") == 1
    (first, *_) = here.all("SELECT id FROM bank_file WHERE state = 'held'")

    here.act(repairs.release_file, first[0])

    assert here.all("SELECT DISTINCT state FROM payment WHERE file_id = :id", id=first[0]) == [("settled",)]
    here.prove()


def test_a_held_file_that_is_refused_books_nothing(here: Site) -> None:
    several(here, 1)
    here.come(paid(kid_of(1), kr(100)))
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(1), kr(100)))
    here.drop(here.file(paid(kid_of(1), kr(100))))
    here.drain()
    files = here.all("SELECT id FROM bank_file WHERE state = 'held' ORDER BY id")

    for (file_id,) in files:
        here.act(repairs.refuse_file, file_id)

    assert files
    assert here.one("SELECT sum(total) FROM voucher") >= (kr(100),)
    assert here.all("SELECT state FROM payment WHERE file_id = :id", id=files[-1][0]) == [("refused",)]
    here.prove()


def test_what_came_before_the_cut_over_is_nowhere_in_visma(here: Site) -> None:
    several(here, 2)
    here.set_up(BankAccount(ACCOUNT, "100", (KidAgreement(8, Modulus.MOD10),), date(2026, 3, 10)))

    here.come(paid(kid_of(1), kr(100), day=date(2026, 3, 9), ref="0309100001"), paid(kid_of(2), kr(200)))
    here.rest()

    assert here.parked() == ["before_cut_over"]
    assert here.one("SELECT note FROM work WHERE state = 'parked'") == (
        "booked on 2026-03-09, and the account is ours from 2026-03-10: refuse it, or release it if nobody booked it",
    )
    assert here.all("SELECT total, statement_ref FROM voucher") == [(kr(200), "0106100001")]
    here.prove()


def test_what_nobody_had_booked_by_hand_is_released_and_booked(here: Site) -> None:
    several(here, 2)
    here.set_up(BankAccount(ACCOUNT, "100", (KidAgreement(8, Modulus.MOD10),), date(2026, 3, 10)))
    here.come(paid(kid_of(1), kr(100), day=date(2026, 3, 9), ref="0309100001"), paid(kid_of(2), kr(200)))

    here.act(repairs.release, [here.one("SELECT id FROM payment WHERE state = 'parked'")[0]])

    assert here.parked() == []
    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(300),)
    here.prove()
