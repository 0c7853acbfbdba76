"""Money that nobody knows yet stands on the suspense account, once, until a person says whose it is."""

import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.access import ALL_ROLES
from ops.queries.proposals import proposal
from ops.simulator import Fault, FaultKind
from schemas.events import CasesOpened, PartReady, VoucherPlan
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import BankAccount, ParkedPolicy
from tests.site import ACCOUNT, DAY, Site, kid_of, paid, site, until

DUE = date(2026, 1, 31)
LINES = "SELECT account, amount FROM voucher_line WHERE voucher_id = :id ORDER BY no"
OTHER_ACCOUNT = "99991042772"


def stray(here: Site) -> int:
    return int(str(here.one("SELECT id FROM payment WHERE state = 'parked'")[0]))


def test_assigned_from_suspense_the_customer_is_credited_and_the_bank_is_not_touched(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    case_id = here.case(2, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(300)))

    here.act(repairs.assign, stray(here), case_id, original=None)
    here.rest()

    assert here.parked() == []
    (last,) = here.one("SELECT max(id) FROM voucher")
    assert sorted(here.all(LINES, id=last)) == [("1500", -kr(300)), ("2990", kr(300))]
    assert here.one("SELECT balance FROM kk2_case WHERE id = :id", id=case_id) == (kr(700),)
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '2990'") == (0,)
    here.prove()


def test_assigned_before_it_was_proposed_it_never_stands_on_suspense(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    case_id = here.case(2, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(300)), but=("propose",))

    here.act(repairs.assign, stray(here), case_id, original=None)
    here.rest()

    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '1920'") == (kr(800),)
    assert here.all("SELECT * FROM split WHERE kind = 6") == []
    here.prove()


def test_where_parked_money_waits_the_repair_makes_its_own_voucher(engine: Engine, tmp_path: Path) -> None:
    with site(engine, tmp_path, parked_policy=ParkedPolicy.WAIT) as here:
        here.case(1, kr(1000), DUE)
        case_id = here.case(2, kr(1000), DUE)
        here.come(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(300)))
        assert here.one("SELECT sum(total) FROM voucher") == (kr(500),)

        here.act(repairs.assign, stray(here), case_id, original=None)
        here.rest()

        assert here.all("SELECT amount FROM voucher_line WHERE account = '1920' ORDER BY 1") == [
            (kr(300),),
            (kr(500),),
        ]
        here.prove()


def test_a_payment_that_waited_for_its_case_settles_itself_out_of_suspense(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(500)), paid(kid_of(2), kr(300)))
    assert here.parked() == ["unknown_kid"]

    here.open(here.case(2, kr(1000), DUE))
    here.rest()

    assert here.parked() == []
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '2990'") == (0,)
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '1920'") == (kr(800),)
    here.prove()


def test_an_account_that_is_set_up_later_takes_its_payments_when_they_are_released(here: Site) -> None:
    here.drop(here.file(paid(kid_of(5), kr(400)), account=OTHER_ACCOUNT))
    here.drain()
    assert here.parked() == ["unknown_account"]
    assert here.all("SELECT * FROM voucher") == []
    here.prove()

    here.set_up(BankAccount(OTHER_ACCOUNT, "100", (KidAgreement(8, Modulus.MOD10),), None))
    here.case(5, kr(1000), DUE, account=OTHER_ACCOUNT)
    here.act(repairs.release, [stray(here)])

    assert here.parked() == []
    assert here.one("SELECT state, company FROM payment") == ("settled", "100")
    assert here.one("SELECT state, account FROM voucher") == ("delivered", OTHER_ACCOUNT)
    here.prove()


def test_a_person_who_assigns_at_the_moment_when_the_case_comes_is_heard(here: Site) -> None:
    other = here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(300)))
    here.happen(CasesOpened((here.case(2, kr(1000), DUE),)))
    (work,) = here.due()
    payment = stray(here)
    with here.engine.begin() as connection:
        repairs.assign(
            connection, payment, other, original=None, person=repairs.Person("kari", "it is hers", ALL_ROLES)
        )
        worker = threading.Thread(target=here.work, args=work)
        worker.start()
        until(lambda: here.one("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")[0] is True)
    worker.join()
    here.drain()
    here.rest()

    assert here.one("SELECT case_id FROM payment WHERE id = :id", id=payment) == (other,)
    assert here.one("SELECT sum(amount) FROM split WHERE payment_id = :id", id=payment) == (kr(300),)
    assert here.parked() == []
    here.prove()


def taken_back_and_recalled(here: Site) -> None:
    """A voucher is refused and taken back; its case is recalled meanwhile, so its money parks after the file was cut."""
    case_id = here.case(1, kr(1000), DUE)
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.come(paid(kid_of(1), kr(500)))
    here.change("UPDATE kk2_case SET state = 'recalled' WHERE id = :case", case_id)
    here.drain()
    here.act(repairs.void, here.one("SELECT id FROM voucher")[0])
    assert here.parked() == ["case_recalled"]


def test_what_parks_after_its_file_was_cut_comes_to_suspense_by_the_clock_once(here: Site) -> None:
    taken_back_and_recalled(here)

    here.rest()
    here.rest()

    standing = here.all("SELECT id, state, total FROM voucher WHERE state <> 'void'")
    assert standing == [(2, "delivered", kr(500))]
    assert sorted(here.all(LINES, id=2)) == [("1920", kr(500)), ("2990", -kr(500))]
    assert here.parked() == ["case_recalled"]
    here.prove()


def test_where_parked_money_waits_the_clock_leaves_it_waiting(engine: Engine, tmp_path: Path) -> None:
    with site(engine, tmp_path, parked_policy=ParkedPolicy.WAIT) as here:
        taken_back_and_recalled(here)

        here.rest()

        assert here.all("SELECT state FROM voucher") == [("void",)]
        here.prove()


def test_what_is_held_is_nobody_s_money_yet_and_the_clock_leaves_it(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(500)))
    here.come(paid(kid_of(1), kr(500)), paid(kid_of(1), kr(100)))
    with here.engine.connect() as connection:
        digest = proposal(connection, "100", None).digest
    here.act(repairs.approve, "100", None, digest)
    assert here.parked() == ["held_twin"]

    here.rest()

    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(600),)
    assert here.all("SELECT * FROM split WHERE kind = 6") == []
    here.prove()


def part(*payment_ids: int) -> PartReady:
    plan = VoucherPlan(ACCOUNT, DAY.isoformat(), "0106100001", 1, 1, DAY.isoformat(), payment_ids)
    return PartReady("100", (plan,), "policy")


@pytest.fixture
def proposed(here: Site) -> tuple[Site, tuple[int, ...]]:
    """A site with a settled and a parked payment, and the same part ready twice."""
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(300)), but=("propose",))
    ids = tuple(int(str(row[0])) for row in here.all("SELECT id FROM payment ORDER BY id"))
    here.happen(part(*ids), part(*ids))
    return here, ids


def test_a_part_whose_every_split_was_taken_meanwhile_makes_no_voucher(
    proposed: tuple[Site, tuple[int, ...]],
) -> None:
    here, _ = proposed

    here.drain()

    assert here.all("SELECT state, total FROM voucher") == [("delivered", kr(800))]
    assert here.parked() == ["unknown_kid"]
    here.prove()


def test_two_parts_at_once_put_a_payment_in_suspense_once(proposed: tuple[Site, tuple[int, ...]]) -> None:
    here, ids = proposed
    with here.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE payment SET state = 'parked' WHERE id = %s", (ids[1],))
    for _ in range(5):
        here.happen(part(ids[1]), part(ids[1]))
    approvals = [work for work in here.due() if work[1] == "approve"]
    start = threading.Barrier(len(approvals))

    def one_worker(work_id: int) -> None:
        start.wait()
        here.work(work_id, "approve")

    workers = [threading.Thread(target=one_worker, args=(work_id,)) for work_id, _ in approvals]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    here.drain()

    assert here.one("SELECT count(*), sum(amount) FROM split WHERE kind = 6") == (1, kr(300))
    here.prove()
