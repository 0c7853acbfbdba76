"""A voucher on its way: whatever Visma, the network or a death of ours does to it, it is there once or waits for a person."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import repairs
from ops.health import conditions
from ops.simulator import Fault, FaultKind
from schemas.money import decimal_text, kr
from schemas.setup import Installation
from schemas.transfer import Verdict
from tests.site import DAY, Site, kid_of, paid, site, until
from tests.workers.test_wsinkasso_faults import MEANT
from workers.shell import breaker
from workers.store import setup as setup_store

DUE = date(2026, 1, 31)
STANDS = "SELECT state, attempts FROM voucher"


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with one case that owes 1000 kr."""
    with site(engine, tmp_path) as made:
        made.case(1, kr(1000), DUE, fee=kr(38))
        yield made


def installed(here: Site, **changes: object) -> None:
    """Change the installation from now on."""
    with here.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    here.set_up(replace(installation, **changes))  # type: ignore[arg-type]


def approved(here: Site, *payments: object) -> tuple[int, str]:
    """A payment whose voucher is approved and not sent; gives the deliver row and the reference."""
    here.come(paid(kid_of(1), kr(100)), but=("deliver",))
    work_id, _ = here.due()[0]
    return work_id, str(here.one("SELECT reference FROM voucher")[0])


def dead_call(here: Site) -> str:
    """A worker took the voucher's lease and died; gives the reference. Whether Visma heard of it, nobody knows."""
    _, reference = approved(here)
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE voucher SET state = 'sending', attempts = 1, lease_until = now() + interval '60 s'")
        )
        connection.execute(
            text(
                "INSERT INTO exchange (voucher_id, attempt, what, verdict, at) SELECT id, 1, 'send', 'begun', "
                "now() - interval '60 s' FROM voucher"
            )
        )
    return reference


def in_visma_already(here: Site, reference: str, amount: int) -> None:
    """A voucher of two lines stands in Visma under a reference."""
    lines = [
        {"account": "1920", "amount": decimal_text(amount)},
        {"account": "1500", "amount": decimal_text(-amount)},
    ]
    here.simulator.by_hand(
        {"company": "100", "voucher_date": DAY.isoformat(), "reference": reference, "voucher_type": "OC",
         "registrar": "WS-Inf", "lines": lines}
    )  # fmt: skip


def asked(here: Site) -> int:
    return int(str(here.one("SELECT count(*) FROM exchange WHERE what = 'ask'")[0]))


@pytest.mark.parametrize("kind", FaultKind)
def test_after_a_fault_the_voucher_is_there_once_or_waits_for_a_person(here: Site, kind: FaultKind) -> None:
    installed(here, operation_timeout=1.0)
    here.simulator.fault(Fault(kind, "RegisterVouchers", times=1, seconds=0.05))

    here.come(paid(kid_of(1), kr(100)))

    verdict, code, _ = MEANT[kind]
    if verdict is Verdict.REFUSED:
        assert here.parked() == ["period_closed" if code == "PeriodClosed" else "refused"]
        assert here.one("SELECT state FROM voucher") == ("refused",)
        assert here.simulator.vouchers("100") == ()
    else:
        assert here.parked() == []
        assert here.one("SELECT state FROM voucher") == ("delivered",)
        (booked,) = here.simulator.vouchers("100")
        assert here.one("SELECT reference, voucher_no, total FROM voucher") == (
            booked.reference,
            str(booked.number),
            booked.total,
        )
    here.prove()


@pytest.mark.parametrize("kind", [FaultKind.HTTP_503_XHTML, FaultKind.GARBAGE, FaultKind.CUT_BEFORE_READING])
def test_a_question_without_an_answer_is_asked_again(here: Site, kind: FaultKind) -> None:
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))
    here.simulator.fault(Fault(kind, "FindVoucher", times=2))

    here.come(paid(kid_of(1), kr(100)))

    assert here.all(STANDS) == [("delivered", 1)]
    assert asked(here) == 3
    here.prove()


def test_a_lost_answer_is_asked_for_and_what_was_said_is_kept(here: Site) -> None:
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))

    here.come(paid(kid_of(1), kr(100)))

    assert here.all("SELECT what, verdict FROM exchange ORDER BY id") == [
        ("send", "begun"),
        ("send", "unknown"),
        ("ask", "delivered"),
    ]
    assert kid_of(1) not in str(here.all("SELECT request, answer FROM exchange"))


def test_while_a_lease_runs_nobody_sends_and_nobody_asks(here: Site) -> None:
    reference = dead_call(here)

    here.work(*here.due()[0])

    assert here.all(STANDS) == [("sending", 1)]
    assert here.simulator.calls(reference) == 0
    assert here.one("SELECT state FROM work WHERE stage = 'deliver'") == ("due",)


def test_a_dead_call_that_visma_heard_is_found_and_not_sent_again(here: Site) -> None:
    reference = dead_call(here)
    in_visma_already(here, reference, kr(100))
    here.pass_leases()

    here.drain()

    assert here.all(STANDS) == [("delivered", 1)]
    assert here.simulator.calls(reference) == 0
    assert len(here.simulator.vouchers("100")) == 1
    here.prove()


def test_a_dead_call_that_visma_never_heard_is_sent_again_under_the_same_reference(here: Site) -> None:
    reference = dead_call(here)
    here.pass_leases()

    here.drain()

    assert here.all("SELECT state, attempts, reference FROM voucher") == [("delivered", 2, reference)]
    assert here.simulator.calls(reference) == 1
    assert asked(here) >= 2
    here.prove()


def test_absent_counts_only_over_the_whole_pause_however_often_a_person_asks(here: Site) -> None:
    installed(here, inquiry_pause=600.0)
    here.simulator.fault(Fault(FaultKind.CUT_BEFORE_READING, "RegisterVouchers", times=1))
    here.come(paid(kid_of(1), kr(100)))
    (voucher_id,) = here.one("SELECT id FROM voucher")

    for _ in range(4):
        here.act(repairs.retry, voucher_id)

    assert here.one("SELECT state, absent FROM voucher") == ("in_doubt", 0)
    assert asked(here) == 4
    here.prove()


def under_way(here: Site, fault: FaultKind) -> threading.Thread:
    """A call that takes a second, and a worker that waits for its answer."""
    work_id, _ = approved(here)
    here.simulator.fault(Fault(fault, "RegisterVouchers", times=1, seconds=1.0))
    worker = threading.Thread(target=here.work, args=(work_id, "deliver"))
    worker.start()
    until(lambda: here.one("SELECT state FROM voucher") == ("sending",))
    return worker


def test_a_second_message_during_the_call_does_not_cost_the_answer(here: Site) -> None:
    worker = under_way(here, FaultKind.SLOW)
    (work_id, _), *_ = here.due()

    here.work(work_id, "deliver")
    assert here.one("SELECT state, rung_at FROM work WHERE id = :id", id=work_id) == ("due", None)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE work SET due_at = now() + interval '1 hour'"))
    worker.join()

    assert here.all(STANDS) == [("delivered", 1)]
    assert asked(here) == 0
    assert here.one("SELECT state FROM work WHERE id = :id", id=work_id) == ("done",)


def test_an_answer_that_comes_when_another_has_concluded_is_kept_and_changes_nothing(here: Site) -> None:
    worker = under_way(here, FaultKind.COMMIT_THEN_SLOW)
    here.pass_leases()

    here.drain()
    assert here.all(STANDS) == [("delivered", 1)]
    worker.join()

    assert here.all(STANDS) == [("delivered", 1)]
    assert here.all("SELECT what, verdict FROM exchange ORDER BY id")[-2:] == [
        ("ask", "delivered"),
        ("send", "booked"),
    ]
    assert len(here.simulator.vouchers("100")) == 1
    here.prove()


def test_a_visma_that_cannot_be_asked_leaves_the_doubt_to_a_person(here: Site) -> None:
    installed(here, finds=False)
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))
    here.come(paid(kid_of(1), kr(100)))
    assert here.parked() == ["in_doubt"]
    assert here.all(STANDS) == [("in_doubt", 1)]

    (booked,) = here.simulator.vouchers("100")
    here.act(repairs.confirm, here.one("SELECT id FROM voucher")[0], str(booked.number))

    assert here.parked() == []
    assert here.one("SELECT state, voucher_no FROM voucher") == ("delivered", str(booked.number))
    here.prove()


def test_another_total_under_our_reference_is_no_delivery(here: Site) -> None:
    reference = dead_call(here)
    in_visma_already(here, reference, kr(99))
    here.pass_leases()

    here.drain()

    assert here.parked() == ["reference_clash"]
    assert here.all(STANDS) == [("in_doubt", 1)]
    assert here.simulator.calls(reference) == 0


def test_two_vouchers_under_our_reference_are_a_person_s(here: Site) -> None:
    reference = dead_call(here)
    in_visma_already(here, reference, kr(100))
    in_visma_already(here, reference, kr(100))
    here.pass_leases()

    here.drain()

    assert here.parked() == ["reference_clash"]
    assert "doubles" in str(here.one("SELECT note FROM work WHERE state = 'parked'")[0])


def test_a_refused_voucher_is_retried_by_a_person_as_it_is(here: Site) -> None:
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.come(paid(kid_of(1), kr(100)))
    (voucher_id, reference) = here.one("SELECT id, reference FROM voucher")
    assert here.parked() == ["refused"]

    here.act(repairs.retry, voucher_id)

    assert here.all("SELECT state, attempts, reference FROM voucher") == [("delivered", 2, reference)]
    assert here.parked() == []
    here.prove()


def test_stopped_delivery_sends_nothing_until_it_is_started(here: Site) -> None:
    here.act(repairs.stop_delivery, repairs.ALL)
    work_id, reference = approved(here)

    for _ in range(3):
        here.due()
        here.work(work_id, "deliver")
    assert here.simulator.calls(reference) == 0
    assert here.all(STANDS) == [("approved", 0)]
    assert here.all("SELECT * FROM claim WHERE work_id = :id", id=work_id) == []
    here.act(repairs.start_delivery, repairs.ALL)

    assert here.all(STANDS) == [("delivered", 1)]


def test_no_more_calls_at_once_than_the_installation_takes(here: Site) -> None:
    here.case(2, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(100), ref="0106100002"), but=("deliver",))
    here.simulator.fault(Fault(FaultKind.SLOW, "RegisterVouchers", times=2, seconds=0.5))

    workers = [threading.Thread(target=here.work, args=work) for work in here.due()]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    here.drain()

    assert here.all(STANDS) == [("delivered", 1), ("delivered", 1)]
    first, second = here.all(
        "SELECT min(at) FROM exchange WHERE what = 'send' GROUP BY voucher_id ORDER BY 1"
    )
    # each call takes half a second, and the second one waits for the first; a transaction begins a moment before its call
    assert second[0] - first[0] >= timedelta(seconds=0.45), "the calls overlap"  # type: ignore[operator]
    here.prove()


def three_in_a_call(here: Site) -> None:
    installed(here, vouchers_per_call=3)
    here.case(2, kr(1000), DUE)
    here.come(
        paid(kid_of(1), kr(100), ref="0106100001"),
        paid(kid_of(1), kr(938), ref="0106100002"),
        paid(kid_of(2), kr(100), ref="0106100003"),
    )


def test_of_several_vouchers_in_a_call_the_one_that_is_refused_waits_and_the_others_are_there(
    here: Site,
) -> None:
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", account="3905"))

    three_in_a_call(here)

    assert here.all("SELECT statement_ref, state FROM voucher ORDER BY statement_ref") == [
        ("0106100001", "delivered"),
        ("0106100002", "refused"),
        ("0106100003", "delivered"),
    ]
    assert here.parked() == ["refused"]
    assert len(here.simulator.vouchers("100")) == 2
    here.prove()


def test_a_no_to_a_whole_call_is_said_to_each_voucher_before_it_counts(here: Site) -> None:
    here.simulator.fault(Fault(FaultKind.ACCESS_DENIED, "RegisterVouchers", times=2))

    three_in_a_call(here)

    # the three, then the first alone, were denied; the other two went through
    assert sorted(str(row[0]) for row in here.all("SELECT state FROM voucher")) == [
        "delivered",
        "delivered",
        "refused",
    ]
    assert here.parked() == ["refused"]
    here.prove()


def nobody_listens(here: Site) -> str:
    with here.engine.connect() as connection:
        installation: Installation = setup_store.current(connection).installations["visma"].latest().value
    installed(here, endpoint="http://127.0.0.1:9/")
    return installation.endpoint


def test_a_visma_that_is_away_for_days_is_a_person_s_and_the_voucher_stays_unsent(here: Site) -> None:
    endpoint = nobody_listens(here)
    work_id, _ = approved(here)
    here.work(work_id, "deliver")
    assert here.one("SELECT state, troubled_since IS NOT NULL FROM work WHERE id = :id", id=work_id) == (
        "due",
        True,
    )
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE work SET troubled_since = now() - interval '73 hours' WHERE state = 'due'")
        )
    here.due()
    here.work(work_id, "deliver")

    assert here.parked() == ["gave_up"]
    assert here.all("SELECT DISTINCT state FROM voucher") == [("approved",)]
    installed(here, endpoint=endpoint)
    here.act(repairs.try_again, work_id)
    assert here.all("SELECT state FROM voucher") == [("delivered",)]
    here.prove()


def test_a_long_outage_is_one_alarm_with_pauses_that_grow_and_spread_and_then_each_voucher_once(
    here: Site,
) -> None:
    here.set_up_company(payments_per_voucher=1)
    installed(here, vouchers_per_call=1)
    endpoint = nobody_listens(here)
    here.come(*(paid(kid_of(1), kr(n), ref=f"{n:010d}") for n in range(1, 31)), but=("deliver",))
    for _ in range(4):
        for work_id, stage in here.due():
            here.work(work_id, stage)
    (calls,) = here.one("SELECT sum(attempts)::int FROM voucher")
    assert breaker.TRIES <= int(str(calls)) <= 15, "thirty wait, and a few try"
    pauses = [
        float(str(row[0]))
        for row in here.all("SELECT extract(epoch FROM due_at - now()) FROM work WHERE state = 'due'")
    ]
    assert (len(pauses), max(pauses) <= breaker.MOST) == (30, True)
    assert max(pauses) - min(pauses) > 0.5
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE work SET troubled_since = now() - interval '6 hours' WHERE state = 'due'")
        )
        alarms = conditions.standing(connection, here.hands.settings, lambda: True)

    found = [alarm for alarm in alarms if alarm.condition is conditions.Condition.NO_ANSWER]
    assert [alarm.subject for alarm in found] == ["deliver"]
    assert "tried again and again, the first for 6 hours" in found[0].says
    assert here.all("SELECT DISTINCT state FROM voucher") == [("approved",)]
    installed(here, endpoint=endpoint)
    here.drain()
    assert here.all("SELECT state, count(*) FROM voucher GROUP BY 1") == [("delivered", 30)]
    assert len(here.simulator.vouchers("100")) == 30
    assert here.one("SELECT count(*) FROM work WHERE troubled_since IS NOT NULL AND state <> 'done'") == (0,)
    here.prove()


def test_a_secret_that_is_missing_sends_nothing_and_puts_nothing_in_doubt(here: Site) -> None:
    installed(here, username="kk2", password="env:KK2_NO_SUCH_SECRET")
    work_id, reference = approved(here)

    here.work(work_id, "deliver")

    assert here.all(STANDS) == [("approved", 0)]
    assert here.simulator.calls(reference) == 0
    assert here.all("SELECT result FROM claim WHERE work_id = :id", id=work_id) in ([], [("trouble",)])
    assert here.one("SELECT state, troubled_since IS NOT NULL FROM work WHERE id = :id", id=work_id) == (
        "due",
        True,
    )
