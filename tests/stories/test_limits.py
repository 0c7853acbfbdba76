"""What stops the automatic path, and the person who looks and approves."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.queries.proposals import proposal
from schemas.money import kr
from schemas.setup import OverpaymentPolicy
from tests.site import Site, kid_of, paid, site

DUE = date(2026, 1, 31)


@pytest.fixture
def careful(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site where a person approves what is over 500 kr a voucher."""
    with site(engine, tmp_path, limit_voucher=kr(500)) as made:
        made.case(1, kr(1000), DUE)
        yield made


def approve(here: Site, file_id: int | None) -> None:
    with here.engine.connect() as connection:
        digest = proposal(connection, "100", file_id).digest
    here.act(repairs.approve, "100", file_id, digest)


def test_above_the_limit_a_person_approves_what_was_shown(careful: Site) -> None:
    careful.come(paid(kid_of(1), kr(600)), paid(kid_of(77), kr(50)))
    assert careful.parked() == ["above_voucher_limit", "unknown_kid"]
    assert careful.all("SELECT * FROM voucher") == []
    careful.prove()

    approve(careful, 1)

    assert careful.parked() == ["unknown_kid"]
    assert careful.all("SELECT state, total, approved_by FROM voucher") == [("delivered", kr(650), "kari")]
    careful.prove()


def test_who_approves_a_company_approves_what_its_files_wait_with(careful: Site) -> None:
    careful.come(paid(kid_of(1), kr(600)), paid(kid_of(77), kr(50)))

    approve(careful, None)

    assert careful.parked() == ["unknown_kid"]
    assert careful.all("SELECT state, total FROM voucher") == [("delivered", kr(650))]
    careful.prove()


def test_a_file_of_which_nothing_matched_is_approved_to_suspense(here: Site) -> None:
    here.come(paid(kid_of(77), kr(50)), paid(kid_of(78), kr(70)))
    here.rest()
    assert here.parked() == ["nothing_matched", "unknown_kid", "unknown_kid"]

    approve(here, None)

    assert here.parked() == ["unknown_kid", "unknown_kid"]
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '2990'") == (-kr(120),)
    here.prove()


def test_the_clock_does_not_approve_what_policy_would_not(careful: Site) -> None:
    careful.come(paid(kid_of(1), kr(600)))

    careful.rest()
    careful.rest()

    assert careful.parked() == ["above_voucher_limit"]
    assert careful.all("SELECT * FROM voucher") == []
    careful.prove()


def test_the_clock_s_own_no_stands_once_however_often_it_asks(careful: Site) -> None:
    case_id = careful.case(2, kr(3000), DUE)
    careful.come(paid(kid_of(1), kr(10)), paid(kid_of(77), kr(490)))
    careful.act(
        repairs.assign,
        careful.one("SELECT id FROM payment WHERE state = 'parked'")[0],
        case_id,
        original=None,
    )
    careful.set_up_company(limit_voucher=kr(1))

    for _ in range(3):
        careful.rest()

    assert careful.parked() == ["above_voucher_limit"]
    approve(careful, None)
    assert careful.parked() == []
    assert careful.one("SELECT sum(amount) FROM voucher_line WHERE account = '2990'") == (0,)
    careful.prove()


def test_a_day_s_limit_counts_what_policy_has_approved_before(engine: Engine, tmp_path: Path) -> None:
    with site(engine, tmp_path, limit_day=kr(500)) as here:
        here.case(1, kr(1000), DUE)
        here.come(paid(kid_of(1), kr(300)))
        here.come(paid(kid_of(1), kr(250), ref="0106100002"))

        assert here.parked() == ["above_day_limit"]
        assert here.one("SELECT sum(total) FROM voucher") == (kr(300),)
        here.prove()


def test_overpayment_that_is_held_is_only_booked_by_a_person(here: Site) -> None:
    here.set_up_client(overpayment_policy=OverpaymentPolicy.HOLD)
    here.case(1, kr(1000), date(2026, 3, 16))

    here.come(paid(kid_of(1), kr(1200)))
    here.rest()
    assert here.one("SELECT sum(total) FROM voucher") == (kr(1000),)
    here.prove()
    approve(here, None)

    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '2950'") == (-kr(200),)
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE account = '1920'") == (kr(1200),)
    here.prove()
