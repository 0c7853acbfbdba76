"""Vouchers that failed together are sent again together: each once, in bounded steps, whatever somebody does meanwhile."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from ops import repairs
from ops.access import ALL_ROLES
from ops.queries import jobs, vouchers
from ops.repairs import Person, Which
from ops.repairs.braking import of_installation, start_delivery, stop_delivery
from schemas.money import kr
from schemas.voucher import Discarded
from tests.site import Site, kid_of, paid
from workers.shell import retrying

DUE = date(2026, 1, 31)
ALL = Which(None, None, None, None)
GAVE_UP = Which(None, None, None, None, gave_up=True)
KARI = Person("kari", "perioden er åpnet", ALL_ROLES)


@pytest.fixture
def refused(here: Site) -> Site:
    """Five vouchers that were refused, because their period was closed; it is open now."""
    here.case(1, kr(9000), DUE)
    here.simulator.close_period("100", "2026-03")
    here.come(*(paid(kid_of(1), kr(100 + n), ref=f"010610000{n}") for n in range(5)))
    here.simulator.open_period("100", "2026-03")
    return here


def make_job(here: Site, which: Which = ALL) -> int:
    """A person retries all that match; gives the job's id, whose work is still to do."""
    with here.engine.begin() as connection:
        number, total = repairs.matching(connection, which)
        repairs.retry_all(connection, which, vouchers=number, total=total, person=KARI)
    return int(str(here.one("SELECT max(id) FROM job")[0]))


def results(here: Site, job: int) -> tuple[str, dict[str, int]]:
    with here.engine.connect() as connection:
        found = jobs.shown(connection, job)
        assert found is not None
        assert Counter(item.result for item in jobs.items(connection, job)) == found.results
        return found.state, found.results


def causes(here: Site) -> dict[tuple[str, str], int]:
    with here.engine.connect() as connection:
        return {(f.cause, f.code): f.vouchers for f in vouchers.failures(connection)}


def test_a_closed_period_is_opened_and_all_are_retried_and_booked_once(refused: Site) -> None:
    assert causes(refused) == {("refused", "PeriodClosed"): 5}

    job = make_job(refused)
    assert results(refused, job) == ("running", {"to come": 5})
    refused.drain(seed=3)  # shuffled, and each message twice

    assert results(refused, job) == ("done", {"delivered": 5})
    assert causes(refused) == {}
    assert len(refused.simulator.vouchers("100")) == 5
    refused.prove()


def test_a_job_takes_a_bounded_number_and_waits_for_their_answers(
    refused: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "AT_ONCE", 2)
    job = make_job(refused)

    for work_id, stage in refused.due():
        refused.work(work_id, stage)
    for work_id, stage in [each for each in refused.due() if each[1] == "retry"]:
        refused.work(work_id, stage)  # looks, and finds that two are on their way

    assert results(refused, job) == ("running", {"approved": 2, "to come": 3})
    refused.drain()
    assert results(refused, job) == ("done", {"delivered": 5})
    refused.prove()


def test_a_job_that_is_stopped_leaves_the_others_as_they_are(
    refused: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "AT_ONCE", 2)
    job = make_job(refused)
    for work_id, stage in refused.due():
        refused.work(work_id, stage)

    refused.act(repairs.stop_job, job)

    assert results(refused, job) == ("stopped", {"delivered": 2, "left": 3})
    again = make_job(refused)
    refused.drain()
    assert results(refused, again) == ("done", {"delivered": 3})
    refused.prove()


def test_what_somebody_has_moved_on_meanwhile_is_passed_over(refused: Site) -> None:
    first, second, *_ = (int(str(row[0])) for row in refused.all("SELECT id FROM voucher ORDER BY id"))
    job = make_job(refused)
    with refused.engine.begin() as connection:
        repairs.void(connection, first, Discarded.WRONG_MONTH, person=KARI)
        repairs.retry(connection, second, person=KARI)

    refused.drain()

    assert results(refused, job) == ("done", {"delivered": 3, "passed over": 2})
    refused.rest()
    assert len(refused.simulator.vouchers("100")) == 5
    refused.prove()


def test_what_is_refused_again_is_told_and_not_tried_for_ever(refused: Site) -> None:
    refused.simulator.close_period("100", "2026-03")

    job = make_job(refused)
    refused.drain()

    assert results(refused, job) == ("done", {"refused": 5})
    assert refused.all("SELECT DISTINCT attempts FROM voucher") == [(2,)]
    assert refused.parked() == ["period_closed"] * 5
    refused.prove()


def test_what_gave_up_is_tried_again_together(here: Site) -> None:
    here.case(1, kr(9000), DUE)
    here.come(*(paid(kid_of(1), kr(100 + n), ref=f"010610000{n}") for n in range(3)), but=["deliver"])
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE work SET state = 'parked', reason = 'gave_up', note = '' WHERE stage = 'deliver'")
        )
    assert causes(here) == {("gave_up", ""): 3}
    with here.engine.connect() as connection:
        assert repairs.matching(connection, ALL) == (0, 0)

    job = make_job(here, GAVE_UP)
    here.drain()

    assert results(here, job) == ("done", {"delivered": 3})
    here.prove()


def test_delivery_that_is_stopped_until_a_time_goes_on_by_itself_then(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(400)), but=["deliver"])
    (now,) = here.one("SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    until = now + timedelta(seconds=40)
    with here.engine.begin() as connection:
        stop_delivery(connection, of_installation("visma"), until, person=KARI)

    for work_id, stage in here.due():
        here.work(work_id, stage)

    assert causes(here) == {("stopped", ""): 1}
    assert here.one("SELECT due_at BETWEEN :until AND :until + interval '2 s' FROM work WHERE state = 'due'", until=until) == (True,)  # fmt: skip
    assert not here.simulator.vouchers("100")
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE brake SET until = now() - interval '1 s'"))
    here.drain()
    assert len(here.simulator.vouchers("100")) == 1
    here.prove()


def test_a_stop_may_be_made_longer_and_never_shorter(here: Site) -> None:
    (now,) = here.one("SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    with here.engine.begin() as connection:
        stop_delivery(connection, "100", now + timedelta(hours=1), person=KARI)
        stop_delivery(connection, "100", now + timedelta(hours=2), person=KARI)
        with pytest.raises(
            repairs.Refusal, match=r"stopped already by kari on .* until .*: perioden er åpnet"
        ):
            stop_delivery(connection, "100", now + timedelta(minutes=1), person=KARI)
        stop_delivery(connection, "100", None, person=KARI)
        start_delivery(connection, "100", person=KARI)
        with pytest.raises(repairs.Refusal, match="later than now"):
            stop_delivery(connection, "100", now - timedelta(hours=1), person=KARI)
        with pytest.raises(repairs.Refusal, match="no installation nowhere; it has visma"):
            stop_delivery(connection, of_installation("nowhere"), person=KARI)
