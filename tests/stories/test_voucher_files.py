"""A day at a site without WSinkasso: vouchers lie in a folder until somebody in Visma reads them."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.access import ALL_ROLES
from ops.health import State, health
from schemas.events import RestDue
from schemas.money import kr
from tests.site import Site, kid_of, paid, site, until

DUE = date(2026, 1, 31)
WHERE = "SELECT state, code, voucher_no FROM voucher ORDER BY id"


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose Visma takes files."""
    with site(engine, tmp_path, by_file=True) as made:
        made.case(1, kr(1000), DUE, fee=kr(38), more=[(kr(400), DUE)])
        made.case(2, kr(2000), DUE)
        yield made


def names(here: Site) -> list[str]:
    return sorted(each.name for each in (here.folder / "bilag").glob("*.xml"))


def work_until(here: Site, is_so: Callable[[], bool]) -> None:
    """What is due is done round by round: a file that lies unread is asked for again and again."""

    def worked() -> bool:
        for work_id, stage in here.due():
            here.work(work_id, stage)
        return is_so()

    until(worked)


def person(here: Site, repair: Callable[..., repairs.Done], *of: object) -> None:
    with here.engine.begin() as connection:
        repair(connection, *of, person=repairs.Person("kari", "looked in Visma", ALL_ROLES))


def test_a_bank_file_is_delivered_once_somebody_in_visma_has_read_its_vouchers(here: Site) -> None:
    here.come(paid(kid_of(1), kr(1438)), paid(kid_of(2), kr(500)), paid(kid_of(77), kr(30)), but=("inquire",))

    assert {row[:2] for row in here.all(WHERE)} == {("in_doubt", "Unread")}
    assert names(here) == ["K1-1-1.xml", "K1-1-2.xml", "K1-1-3.xml"]
    assert here.simulator.vouchers("100") == ()

    assert here.simulator.read_files() == 3
    here.drain()

    assert here.all(WHERE) == [("delivered", "", f"READ_K1-1-{n}.xml") for n in (1, 2, 3)]
    assert here.parked() == ["unknown_kid"]
    # the first payment covers two invoices, which are two vouchers of one file
    assert sorted(v.reference for v in here.simulator.vouchers("100")) == [
        "K1-1-1", "K1-1-1", "K1-1-1", "K1-1-2", "K1-1-3"
    ]  # fmt: skip
    assert sum(v.total for v in here.simulator.vouchers("100")) == kr(1968)
    here.prove()


def test_what_lies_unread_is_neither_absent_nor_sent_again_nor_an_alarm(here: Site) -> None:
    here.come(paid(kid_of(1), kr(100)), but=("inquire",))
    for _ in range(6):
        work_until(here, lambda: True)

    assert here.one("SELECT state, code, attempts, absent FROM voucher") == ("in_doubt", "Unread", 1, 0)
    assert here.all("SELECT what, verdict FROM exchange WHERE verdict <> 'begun'") == [("send", "unknown")]
    assert here.parked() == []
    with here.engine.begin() as connection:
        assert health(connection).doubt.state is State.WELL
    here.prove()


def test_what_visma_refuses_waits_for_a_person_and_is_sent_again_by_them(here: Site) -> None:
    here.simulator.close_period("100", "2026-03")
    here.come(paid(kid_of(1), kr(100)), but=("inquire",))
    here.simulator.read_files()
    here.drain()
    assert here.all("SELECT state FROM voucher") == [("refused",)]
    assert here.parked() == ["refused"]
    assert "period 2026-03 of company 100 is closed" in str(
        here.one("SELECT note FROM work WHERE reason = 'refused'")
    )
    here.prove()

    here.simulator.open_period("100", "2026-03")
    person(here, repairs.retry, 1)
    here.drain(but=("inquire",))
    here.simulator.read_files()
    here.drain()

    assert here.all(WHERE) == [("delivered", "", "READ_K1-1-1.xml")]
    assert here.parked() == []
    here.prove()


def test_what_visma_refuses_can_be_taken_back_and_proposed_anew(here: Site) -> None:
    here.simulator.close_period("100", "2026-03")
    here.come(paid(kid_of(1), kr(100)), but=("inquire",))
    here.simulator.read_files()
    here.drain()
    here.simulator.open_period("100", "2026-03")

    person(here, repairs.void, 1)
    here.drain()
    here.happen(RestDue("100"))
    here.drain(but=("inquire",))
    here.simulator.read_files()
    here.drain()

    assert here.all("SELECT state, reference FROM voucher ORDER BY id") == [
        ("void", "K1-1-1"),
        ("delivered", "K1-1-2"),
    ]
    here.prove()


def test_a_folder_that_is_not_there_leaves_the_voucher_unsent_and_it_goes_later(here: Site) -> None:
    own, aside = here.folder / "bilag" / "kk2", here.folder / "aside"
    own.rename(aside)
    here.come(paid(kid_of(1), kr(100)), but=("deliver",))
    for work_id, stage in here.due():
        here.work(work_id, stage)
    unsent = here.one("SELECT state, code FROM voucher")
    aside.rename(own)

    here.drain(but=("inquire",))
    here.simulator.read_files()
    here.drain()

    assert unsent == ("approved", "Unreachable")
    assert here.all(WHERE) == [("delivered", "", "READ_K1-1-1.xml")]
    here.prove()


def test_a_read_file_that_was_cleaned_away_before_we_looked_is_for_a_person(here: Site) -> None:
    here.come(paid(kid_of(1), kr(100)), but=("inquire",))
    here.simulator.read_files()
    (here.folder / "bilag" / "READ_K1-1-1.xml").unlink()
    here.drain()

    assert here.all("SELECT state FROM voucher") == [("in_doubt",)]
    assert here.parked() == ["in_doubt"]
    assert "cleaned away" in str(here.one("SELECT note FROM work WHERE state = 'parked'"))

    person(here, repairs.confirm, 1, "100001")

    assert here.all(WHERE) == [("delivered", "", "100001")]
    here.prove()
