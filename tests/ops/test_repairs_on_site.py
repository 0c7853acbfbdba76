"""Each act of a person through the real stages and a real Visma: whatever is done, the money agrees afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.queries.previews import preview
from ops.queries.proposals import proposal
from ops.why import why
from schemas.case import Kind
from schemas.money import kr
from schemas.setup import ParkedPolicy
from tests.site import Site, kid_of, paid, site
from workers.store import setup as setup_store

DUE = date(2026, 3, 16)
"""The day on which the payments come too, so that no interest runs unless a test wants it."""


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        yield made


@pytest.fixture
def waiting(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A company whose parked money is not posted until it is repaired."""
    with site(engine, tmp_path, parked_policy=ParkedPolicy.WAIT) as made:
        yield made


def lines(here: Site, voucher: int) -> list[tuple[object, ...]]:
    return here.all("SELECT account, amount FROM voucher_line WHERE voucher_id = :id ORDER BY no", id=voucher)


def payment_of(here: Site, kid: str) -> int:
    return int(str(here.one("SELECT id FROM payment WHERE kid = :kid", kid=kid)[0]))


def test_money_on_suspense_is_moved_to_its_case_without_a_bank_line(here: Site) -> None:
    case = here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(300)))
    here.prove()

    here.act(repairs.assign, payment_of(here, kid_of(77)), case, original=None)
    here.rest()

    assert lines(here, 2) == [("1500", -kr(300)), ("2990", kr(300))]
    here.prove()


def test_parked_money_that_waits_comes_with_its_own_bank_line(waiting: Site) -> None:
    case = waiting.case(1, kr(1000), DUE)
    waiting.come(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(300)))
    waiting.prove()

    waiting.act(repairs.assign, payment_of(waiting, kid_of(77)), case, original=None)
    waiting.rest()

    assert lines(waiting, 2) == [("1920", kr(300)), ("1500", -kr(300))]
    waiting.prove()


def test_refused_money_is_not_booked_and_stays_counted(waiting: Site) -> None:
    waiting.come(paid(kid_of(77), kr(300)))

    waiting.act(repairs.refuse, payment_of(waiting, kid_of(77)))
    waiting.rest()

    assert waiting.all("SELECT count(*) FROM voucher") == [(0,)]
    waiting.prove()


@pytest.mark.parametrize("release", [True, False], ids=["released", "refused"])
def test_a_file_with_a_twin_is_posted_when_the_twin_is_decided(here: Site, *, release: bool) -> None:
    here.case(1, kr(1000), DUE)
    here.case(2, kr(1000), DUE)
    here.case(3, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(100)))
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(200)), paid(kid_of(3), kr(300)))
    assert here.parked() == ["held_in_file", "held_twin"]
    here.prove()

    (twin,) = here.one("SELECT id FROM payment WHERE state = 'held'")
    if release:
        here.act(repairs.release, [twin])
    else:
        here.act(repairs.refuse, twin)

    assert here.parked() == []
    posted = kr(700) if release else kr(600)
    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (posted,)
    here.prove()


@pytest.mark.parametrize("release", [True, False], ids=["released", "refused"])
def test_a_file_that_is_held_whole_goes_on_or_not_at_all(here: Site, *, release: bool) -> None:
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(77), kr(5)))
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(77), kr(5)))
    assert "file_held" in here.parked()
    here.prove()

    (file_id,) = here.one("SELECT id FROM bank_file WHERE state = 'held'")
    here.act(repairs.release_file if release else repairs.refuse_file, file_id)

    assert here.one("SELECT state, open_slices FROM bank_file WHERE id = :id", id=file_id) == (
        "read" if release else "refused",
        0,
    )
    here.prove()


def test_a_voucher_taken_back_is_proposed_again_under_a_new_reference(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.simulator.close_period("100", "2026-03")
    here.come(paid(kid_of(1), kr(400)), paid(kid_of(77), kr(30)))
    assert here.one("SELECT state FROM voucher") == ("refused",)
    here.prove()

    here.act(repairs.void, 1)
    here.prove()
    here.simulator.open_period("100", "2026-03")
    here.rest()

    assert here.all("SELECT state FROM voucher ORDER BY id") == [("void",), ("delivered",)]
    assert lines(here, 2) == [("1920", kr(430)), ("1500", -kr(400)), ("2990", -kr(30))]
    here.prove()


def test_a_voucher_that_was_restored_is_retried_and_booked_once(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.simulator.close_period("100", "2026-03")
    here.come(paid(kid_of(1), kr(400)))
    here.act(repairs.void, 1)
    here.act(repairs.restore, 1)
    here.prove()
    here.simulator.open_period("100", "2026-03")

    here.act(repairs.retry, 1)

    assert here.all("SELECT state FROM voucher") == [("delivered",)]
    assert len(here.simulator.vouchers("100")) == 1
    here.prove()


def test_a_debtors_choice_after_the_posting_is_a_correction(here: Site) -> None:
    here.case(1, kr(1000), DUE, fee=kr(100))
    here.come(paid(kid_of(1), kr(300)))

    here.act(repairs.choose_order, 1, (Kind.FEE, Kind.INTEREST, Kind.PRINCIPAL, Kind.COSTS))
    here.rest()

    assert sorted(lines(here, 2)) == [("1500", kr(100)), ("3905", -kr(100))]
    here.prove()
    with here.engine.connect() as connection:
        told = why(connection, 1)
    assert told is not None
    assert told.agrees
    assert {s.kind: s.covered for s in told.steps if s.covered} == {"fee": kr(100), "principal": kr(200)}


def test_a_proposal_over_a_limit_is_approved_by_a_person_as_it_was_shown(
    engine: Engine, tmp_path: Path
) -> None:
    with site(engine, tmp_path, limit_voucher=kr(100)) as here:
        here.case(1, kr(1000), DUE, fee=kr(100))
        here.come(
            paid(kid_of(1), kr(1150)),
            paid(kid_of(77), kr(30)),
            *[paid(kid_of(2), kr(n)) for n in range(1, 8)],
        )
        assert "above_voucher_limit" in here.parked()
        with engine.connect() as connection:
            shown = proposal(connection, "100", 1)
            to_be = preview(connection, "100", 1, most=10)

        here.act(repairs.approve, "100", 1, shown.digest)

        assert (shown.payments, shown.amount, shown.parked) == (9, kr(1208), 8)
        assert "above_voucher_limit" not in here.parked()
        assert here.all("SELECT DISTINCT state, approved_by FROM voucher") == [("delivered", "kari")]
        assert [v.total for v in to_be] == [
            row[0] for row in here.all("SELECT total FROM voucher ORDER BY id")
        ]
        posted = here.all(
            "SELECT account, text, amount, customer_no, invoice_no, kid FROM voucher_line ORDER BY voucher_id, no"
        )
        foretold = [
            (line.account, line.text, line.amount, line.customer_no, line.invoice_no, line.kid)
            for v in to_be
            for line in v.lines
        ]
        assert foretold == posted
        here.prove()


def test_of_two_payments_alike_a_person_says_which_is_taken_back(here: Site) -> None:
    case = here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(1), kr(100)))
    here.case(2, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(100), kind=18, back=True), paid(kid_of(2), kr(5)))
    assert here.parked() == ["two_originals"]

    (reversal,) = here.one("SELECT id FROM payment WHERE amount < 0")
    (original,) = here.one("SELECT min(id) FROM payment WHERE amount > 0")
    here.act(repairs.assign, reversal, case, original=original)
    here.rest()

    assert here.one("SELECT state, reverses FROM payment WHERE id = :id", id=reversal) == (
        "settled",
        original,
    )
    assert here.one("SELECT balance FROM kk2_case WHERE id = :id", id=case) == (kr(900),)
    here.prove()


def test_delivery_that_was_stopped_goes_on_where_it_was(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.act(repairs.stop_delivery, repairs.ALL)
    here.come(paid(kid_of(1), kr(400)), but=["deliver"])
    here.prove()

    here.act(repairs.start_delivery, repairs.ALL)

    assert here.all("SELECT state FROM voucher") == [("delivered",)]
    here.prove()


def test_an_account_that_was_set_up_later_lets_its_money_go_on(here: Site) -> None:
    """The account's case waits with it: the release finds the company and the case."""
    other = "15032080119"
    here.case(1, kr(1000), DUE)
    here.drop(here.file(paid(kid_of(1), kr(400)), account=other))
    here.drain()
    assert here.parked() == ["unknown_account"]
    here.prove()

    with here.engine.begin() as connection:
        account = setup_store.current(connection).accounts["99991042764"].latest().value
    here.set_up(replace(account, number=other))
    here.act(repairs.release, [1])

    assert here.parked() == ["nothing_matched", "unknown_kid"]
    assert here.all("SELECT company FROM payment") == [("100",)]
    here.prove()


def test_a_payment_of_nothing_disturbs_nobody(here: Site) -> None:
    here.case(1, kr(1000), DUE)

    here.come(paid(kid_of(1), 0), paid(kid_of(1), kr(400)))

    here.prove()
