"""A day is held against cases and Visma, explained, signed, and shown as changed when its numbers become others."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from ops.access import Role
from ops.desk.day_document import document
from ops.queries import days
from ops.queries.days import Day, DayState
from ops.repairs import Person, Refusal, assign, explain, reopen_day, sign_day
from ops.repairs.acts import NotAllowed
from pipeline.reconciliation import Between, Place
from schemas.events import ControlDue
from schemas.money import kr
from schemas.setup import ParkedPolicy
from schemas.voucher import LedgerState
from tests.site import DAY, Site, kid_of, paid, site
from tests.stories.controlled import DUE, booked

KARI = Person("kari", "", frozenset({Role.CLERK}))


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with case 1, whose invoice stands marked in Visma, and money that nobody knows stays out of Visma."""
    with site(engine, tmp_path) as made:
        made.set_up_company(parked_policy=ParkedPolicy.WAIT)
        made.with_us(1, kr(1000), DUE)
        yield made


def day(here: Site, of: date = DAY) -> Day:
    """The day as it stands."""
    with here.engine.connect() as connection:
        found = days.shown(connection, "100", of)
    assert found is not None
    return found


def control(here: Site) -> None:
    """Hold company 100 against Visma."""
    here.happen(ControlDue("100"))
    here.drain()


def sign(here: Site, seen: str = "", person: Person = KARI, **explained: str) -> str:
    """Sign the day; gives what was said."""
    with here.engine.begin() as connection:
        given = {Between(name): why for name, why in explained.items()}
        return sign_day(connection, "100", DAY, given, seen, person=person).sentence


def test_a_day_that_agrees_everywhere_is_signed_as_it_is(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    assert day(town).state is DayState.UNKNOWN
    assert day(town).balance.visma is None

    control(town)
    found = day(town)
    assert found.state is DayState.AGREES
    assert [found.balance.bank, found.balance.cases, found.balance.vouchers, found.balance.visma] == [
        kr(400)
    ] * 4
    assert [each.amount for each in found.balance.differences] == [0, 0, 0]

    assert found.digest[:12] in sign(town, found.digest)
    assert day(town).state is DayState.SIGNED
    with pytest.raises(Refusal, match=r"day 100 2026-03-16 is signed already; last: sign day by kari"):
        sign(town)


def test_a_day_with_a_difference_is_explained_and_signed_and_a_later_correction_shows(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)), paid(kid_of(9), kr(250)))
    control(town)
    before = day(town)
    assert before.state is DayState.DIFFERS
    assert before.balance.bank == before.balance.cases == kr(650)
    assert before.balance.visma == kr(400)
    (row,) = before.balance.differences[1].rows
    assert (row.subject, row.amount, row.act) == ("parked", kr(250), Place.PARKED.act)

    with pytest.raises(Refusal, match="nobody has said why: vouchers"):
        sign(town)
    with pytest.raises(Refusal, match="nobody has said why: vouchers"):
        sign(town, vouchers="  ")
    with pytest.raises(Refusal, match="changed while you looked"):
        sign(town, "0123", vouchers="the payer was asked")
    sign(town, before.digest, vouchers="the payer was asked")
    signed = day(town)
    assert signed.state is DayState.SIGNED
    assert signed.signature is not None
    assert signed.signature.explained == {"vouchers": "the payer was asked"}

    case_id = town.case(2, kr(500), DUE)
    town.act(assign, 2, case_id, original=None)
    changed = day(town)
    assert changed.state is DayState.CHANGED
    assert ("parked", kr(250), 0) in [(c.name, c.signed, c.now) for c in changed.changes]
    assert changed.signature == signed.signature
    with pytest.raises(Refusal, match="its numbers have changed since; open it again first"):
        sign(town)

    with town.engine.begin() as connection:
        with pytest.raises(Refusal, match="needs a reason"):
            reopen_day(connection, "100", DAY, person=KARI)
        reopen_day(connection, "100", DAY, person=Person("kari", "assigned", KARI.roles))
    town.rest()
    control(town)
    assert day(town).state is DayState.AGREES
    sign(town)
    assert [each.act for each in day(town).history] == ["signed", "reopened", "signed"]
    town.prove()


def test_what_visma_lost_is_a_difference_until_a_person_explains_it_to_the_control(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    town.simulator.set_state("100", *booked(town), LedgerState.DELETED)
    control(town)
    found = day(town)
    assert found.state is DayState.DIFFERS
    assert (found.balance.visma, found.balance.differences[2].amount) == (0, kr(400))
    (row,) = found.balance.differences[2].rows
    assert (row.kind, row.voucher_id) == ("deleted", 1)

    with town.engine.begin() as connection:
        explain(connection, row.difference_id or 0, person=Person("kari", "posted anew", KARI.roles))
    assert day(town).state is DayState.EXPLAINED
    sign(town)
    assert day(town).state is DayState.SIGNED


def test_a_doubled_and_an_altered_voucher_stand_with_what_visma_has(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    town.simulator.alter("100", *booked(town), {1: kr(390), 2: -kr(390)})
    control(town)

    assert day(town).balance.visma == kr(390)
    assert day(town).balance.differences[2].amount == kr(10)


def test_only_a_clerk_signs_and_a_signature_is_never_changed_or_deleted(town: Site, owner: Engine) -> None:
    town.come(paid(kid_of(1), kr(400)))
    control(town)
    with pytest.raises(NotAllowed, match="sign day"):
        sign(town, person=Person("ole", "", frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN})))
    assert day(town).history == ()

    sign(town)
    for change in ("UPDATE day_signature SET actor = 'ole'", "DELETE FROM day_signature"):
        with pytest.raises(IntegrityError, match="append-only"), owner.begin() as connection:
            connection.execute(text(change))


def test_a_day_on_which_nothing_was_booked_has_nothing_to_sign(town: Site) -> None:
    with pytest.raises(Refusal, match="nothing was booked"):
        sign(town)
    with town.engine.connect() as connection:
        assert days.month(connection, "100", DAY) == ()


def test_the_month_and_the_day_say_the_same(town: Site) -> None:
    town.come(paid(kid_of(1), kr(100)), paid(kid_of(1), kr(50), day=date(2026, 3, 17)), paid(kid_of(1), kr(1), day=date(2026, 4, 1)))  # fmt: skip
    with town.engine.connect() as connection:
        month = days.month(connection, "100", DAY)

    assert [each.facts.day for each in month] == [DAY, date(2026, 3, 17)]
    assert month == (day(town), day(town, date(2026, 3, 17)))


def test_a_payment_whose_splits_are_not_its_amount_is_named(town: Site) -> None:
    town.come(paid(kid_of(9), kr(400)))
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE payment SET state = 'settled', case_id = 1"))
    cases = day(town).balance.differences[0]

    assert (cases.amount, [row.subject for row in cases.rows]) == (kr(400), ["payment 1"])


def test_the_paper_has_the_sums_the_vouchers_and_who_signed(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)), paid(kid_of(9), kr(250)))
    control(town)
    sign(town, vouchers="spurt betaler – venter på svar")

    paper = document(day(town))

    assert paper.startswith(b"%PDF-")
    assert len(paper) > 2_000
