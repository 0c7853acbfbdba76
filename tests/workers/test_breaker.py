"""A Visma that does not answer is let alone: few calls however much waits, one alarm, its neighbours go on, and all goes when it is back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.health.conditions import Condition, standing
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import BankAccount, SubLedger
from tests.site import Site, kid_of, paid, site
from workers.shell import breaker
from workers.store import setup as setup_store

DUE = date(2026, 1, 31)
ELSEWHERE = "99991042772"
NOBODY = "http://127.0.0.1:9/"
CALLS = "SELECT sum(attempts) FROM voucher"
MANY = 200


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with a second company on a Visma of its own, and many vouchers of the first that wait to be sent."""
    with site(engine, tmp_path) as made:
        with made.engine.connect() as connection:
            setup = setup_store.current(connection)
        visma = setup.installations["visma"].latest().value
        company = setup.companies["100"].latest().value
        made.set_up(replace(visma, code="other", number=2))
        made.set_up(replace(company, code="200", installation="other"))
        made.set_up(BankAccount(ELSEWHERE, "200", (KidAgreement(8, Modulus.MOD10),), None))
        made.set_up(replace(setup.clients["100", "KOM"].latest().value, company="200"))
        made.set_up(SubLedger("KOM", "200", "K", "1500", "A"))
        made.case(2, kr(1000), DUE, account=ELSEWHERE)
        with made.engine.begin() as connection:
            connection.execute(text("UPDATE kk2_case SET company = '200'"))
        made.case(1, kr(100_000), DUE)
        made.come(*(paid(kid_of(1), kr(10) + n, ref=f"{n:010d}") for n in range(MANY)), but=("deliver",))
        yield made


def moved(here: Site, endpoint: str) -> str:
    """The first Visma is elsewhere from now on; gives where it was."""
    with here.engine.connect() as connection:
        visma = setup_store.current(connection).installations["visma"].latest().value
    here.set_up(replace(visma, endpoint=endpoint))
    return visma.endpoint


def once_each(here: Site) -> None:
    """Each row that is due is woken once."""
    for work_id, stage in here.all(
        "SELECT id, stage FROM work WHERE state = 'due' AND due_at <= now() ORDER BY id"
    ):
        here.work(int(str(work_id)), str(stage))


def test_a_visma_that_is_down_is_called_a_few_times_its_neighbour_goes_on_and_then_all_goes(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "FIRST", breaker.MOST)  # the first pause is as long as the test
    endpoint = moved(here, NOBODY)

    once_each(here)

    assert here.one(CALLS) == (breaker.TRIES,)
    waits = here.one(
        "SELECT count(*), count(DISTINCT due_at - date_trunc('day', due_at)), count(*) FILTER (WHERE troubled_since IS NOT NULL) "
        "FROM work WHERE state = 'due' AND stage = 'deliver'"
    )
    assert waits == (MANY, MANY, breaker.TRIES), "each waits its own time, and only who tried is in trouble"

    with here.engine.connect() as connection, connection.begin() as looked:
        connection.execute(
            text(
                "UPDATE work SET troubled_since = now() - interval '1 hour' WHERE troubled_since IS NOT NULL"
            )
        )
        alarms = [
            each
            for each in standing(connection, here.hands.settings, lambda: True)
            if each.condition is Condition.NO_ANSWER
        ]
        looked.rollback()
    assert [each.subject for each in alarms] == ["deliver"]

    here.drop(here.file(paid(kid_of(2), kr(50)), account=ELSEWHERE), "neighbour.dat")
    for _ in range(6):
        once_each(here)
    assert here.one("SELECT state FROM voucher WHERE company = '200'") == ("delivered",)
    assert here.one(CALLS) == (breaker.TRIES + 1,)

    moved(here, endpoint)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE breaker SET open_until = now()"))
        connection.execute(
            text(
                "UPDATE work SET due_at = now() WHERE id = (SELECT min(id) FROM work WHERE state = 'due' AND stage = 'deliver')"
            )
        )
    once_each(here)
    assert here.one("SELECT count(*) FROM work WHERE state = 'due' AND due_at > now()") == (0,), (
        "all are woken"
    )
    here.drain()
    assert here.all("SELECT state, count(*) FROM voucher GROUP BY 1") == [("delivered", MANY + 1)]


def test_of_all_that_waits_one_tries_it_after_the_pause(here: Site) -> None:
    with here.engine.begin() as connection:
        for _ in range(breaker.TRIES):
            breaker.pass_by(connection, "visma", 80.0)
            breaker.tell(connection, "visma", answered=False)
        with pytest.raises(breaker.Away):
            breaker.pass_by(connection, "visma", 80.0)
        connection.execute(text("UPDATE breaker SET open_until = now()"))

        breaker.pass_by(connection, "visma", 80.0)
        with pytest.raises(breaker.Away):
            breaker.pass_by(connection, "visma", 80.0)
        breaker.pass_by(connection, "other", 80.0)
        breaker.tell(connection, "visma", answered=True)
        breaker.pass_by(connection, "visma", 80.0)
