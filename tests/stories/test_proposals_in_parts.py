"""A clerk posts some groups of a proposal, sends one back, and sees what the machine had proposed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.access import ALL_ROLES
from ops.queries.correcting import Covered, corrected, four_eyes
from ops.queries.proposals import Proposal, place_of, proposal
from schemas.case import Kind
from schemas.money import kr
from schemas.setup import ParkedPolicy
from tests.site import ACCOUNT, Site, kid_of, paid, site
from workers.facts.proposals import Place

DUE = date(2026, 3, 16)
FIRST, SECOND = "0106100001", "0106100002"


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose proposals want a person, with two sums on the bank statement."""
    with site(engine, tmp_path, parked_policy=ParkedPolicy.WAIT) as made:
        made.set_up_company(auto_approve=False)
        made.case(1, kr(1000), DUE)
        made.case(2, kr(1000), DUE)
        made.come(paid(kid_of(1), kr(300), ref=FIRST), paid(kid_of(2), kr(200), ref=SECOND))
        yield made


def shown(here: Site, file_id: int | None = None, *refs: str) -> Proposal:
    """The proposal as it stands, or of it these sums."""
    with here.engine.connect() as connection:
        return proposal(connection, "100", file_id, places(*refs))


def places(*refs: str) -> tuple[Place, ...]:
    """The posting groups with these statement references."""
    return tuple(place_of(f"{ACCOUNT}/2026-03-16/{ref}") for ref in refs)


def approve(here: Site, file_id: int | None, *refs: str) -> None:
    """Approve what is shown now."""
    here.act(repairs.approve, "100", file_id, shown(here, file_id, *refs).digest, only=places(*refs))


def test_one_group_is_posted_and_the_rest_stays_in_the_proposal(here: Site) -> None:
    approve(here, None, FIRST)

    assert here.all("SELECT statement_ref, total, state FROM voucher") == [(FIRST, kr(300), "delivered")]
    assert [(g.statement_ref, g.amount) for g in shown(here).groups] == [(SECOND, kr(200))]
    assert here.parked() == ["no_auto_approve"], "the file still waits for the rest of it"
    here.prove()

    approve(here, None, SECOND)

    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(500),)
    assert here.parked() == []
    here.prove()


def test_the_digest_of_one_group_is_not_that_of_another(here: Site) -> None:
    with pytest.raises(repairs.Refusal, match="changed"):
        here.act(repairs.approve, "100", None, shown(here, None, FIRST).digest, only=places(SECOND))
    with pytest.raises(repairs.Refusal, match="changed"):
        here.act(repairs.approve, "100", None, shown(here, None, FIRST).digest)


def test_piece_by_piece_does_not_pass_the_four_eyes(here: Site) -> None:
    here.set_up_company(auto_approve=False, four_eyes_limit=kr(400))
    here.act(repairs.choose_order, 1, (Kind.PRINCIPAL, Kind.FEE, Kind.COSTS, Kind.INTEREST))

    with pytest.raises(repairs.Refusal, match="four-eyes"):
        approve(here, None, FIRST)

    with here.engine.connect() as connection:
        eyes = four_eyes(connection, "100", None, shown(here).absolute)
    assert eyes.forbids("kari")
    assert not eyes.forbids("ola")


def test_file_by_file_does_not_pass_the_four_eyes(here: Site) -> None:
    here.set_up_company(auto_approve=False, four_eyes_limit=kr(500))
    here.come(paid(kid_of(1), kr(150), ref="0106100003"))
    order = (Kind.PRINCIPAL, Kind.FEE, Kind.COSTS, Kind.INTEREST)
    here.act(repairs.choose_order, 1, order)
    here.act(repairs.choose_order, 3, order)
    with here.engine.connect() as connection:
        assert not four_eyes(connection, "100", 2, kr(150)).over, "nothing is approved alone yet"

    approve(here, 1)

    with pytest.raises(repairs.Refusal, match="the 500,00 kr that you corrected and approved alone today"):
        approve(here, 2)
    ola = repairs.Person("ola", "", ALL_ROLES)
    with here.engine.begin() as connection:
        repairs.approve(connection, "100", 2, proposal(connection, "100", 2).digest, person=ola)
    here.prove()


def test_what_is_sent_back_is_posted_by_nobody_until_it_is_taken_up(here: Site) -> None:
    here.act(repairs.send_back, "100", 1)

    assert shown(here).payments == 0, "a file that is sent back is in no company's proposal"
    assert [(b.file_id, b.actor, b.reason) for b in shown(here).sent_back] == [(1, "kari", "it is so")]
    with pytest.raises(repairs.Refusal, match="sent back by kari"):
        approve(here, 1)
    here.set_up_company(auto_approve=True)
    here.rest()
    assert here.all("SELECT id FROM voucher") == []

    here.act(repairs.take_up, "100", 1)
    approve(here, 1)

    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(500),)
    here.prove()


def test_policy_stops_at_a_company_that_is_sent_back_and_goes_on_when_it_is_taken_up(here: Site) -> None:
    here.act(repairs.send_back, "100", None)
    here.set_up_company(auto_approve=True)
    here.come(paid(kid_of(1), kr(50), ref="0106100003"))
    assert "sent_back" in here.parked()
    assert here.all("SELECT id FROM voucher") == []

    here.act(repairs.take_up, "100", None)

    assert here.all("SELECT total FROM voucher WHERE state = 'delivered'") == [(kr(50),)]
    here.prove()


def test_sending_back_is_said_once_and_with_a_reason(here: Site) -> None:
    here.act(repairs.send_back, "100", None)
    with pytest.raises(repairs.Refusal, match="sent back already"):
        here.act(repairs.send_back, "100", None)
    here.act(repairs.take_up, "100", None)
    with pytest.raises(repairs.Refusal, match="is not sent back"):
        here.act(repairs.take_up, "100", None)
    with here.engine.begin() as connection, pytest.raises(repairs.Refusal, match="say why"):
        repairs.send_back(connection, "100", None, person=repairs.Person("kari", " ", ALL_ROLES))


def test_the_machines_version_is_kept_beside_the_persons(here: Site) -> None:
    here.come(paid(kid_of(77), kr(90), ref="0106100003"))
    here.owe_more(1, kr(40))
    here.act(repairs.choose_order, 1, (Kind.FEE, Kind.PRINCIPAL, Kind.COSTS, Kind.INTEREST))
    case_id = here.one("SELECT id FROM kk2_case WHERE case_no = '0221-00000002'")[0]
    here.act(repairs.assign, 3, case_id, original=None)

    with here.engine.connect() as connection:
        ordered, assigned = corrected(connection, "100", None)

    assert ordered.machine == (Covered("principal", "F1-1", "0221-00000001", kr(300)),)
    assert ordered.person == (
        Covered("principal", "F1-1", "0221-00000001", kr(260)),
        Covered("fee", "", "0221-00000001", kr(40)),
    )
    assert ordered.last is not None
    assert ordered.last.actor == "kari"
    assert (assigned.parked_for, assigned.machine) == ("unknown_kid", ())
    assert assigned.person == (Covered("principal", "F2-1", "0221-00000002", kr(90)),)
