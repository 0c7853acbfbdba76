"""Progress: what the database must say before a process that lives is restarted."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from ops.supervisor import Verdict, by_pulse, by_work

Judge = Callable[[], Verdict]
NO_DATABASE = "postgresql+psycopg://kk2:none@127.0.0.1:1/none"


@pytest.fixture
def judge(migrated_url: str) -> Judge:
    return by_work(migrated_url, ("payments",), 2)


def work(
    engine: Engine, stage: str, *, due: str, rung: str | None, claims: tuple[tuple[str, str | None], ...]
) -> None:
    """A row of work that became due and was rung so long ago, claimed so long ago with such a result."""
    with engine.begin() as connection:
        event = connection.execute(
            text("INSERT INTO journal (event, body) VALUES ('PaymentsReceived', '{}') RETURNING id")
        ).scalar_one()
        row = connection.execute(
            text(
                "INSERT INTO work (event_id, stage, body, state, due_at, rung_at) VALUES "
                "(:event, :stage, '{}', 'due', now() - CAST(:due AS interval), now() - CAST(:rung AS interval)) "
                "RETURNING id"
            ),
            {"event": event, "stage": stage, "due": due, "rung": rung},
        ).scalar_one()
        for at, result in claims:
            connection.execute(
                text(
                    "INSERT INTO claim (work_id, at, result) VALUES (:row, now() - CAST(:at AS interval), :result)"
                ),
                {"row": row, "at": at, "result": result},
            )


def test_nothing_due_is_no_fault(judge: Judge) -> None:
    assert judge() is Verdict.MOVING


def test_work_that_was_rung_and_that_nobody_claims_is_a_stuck_worker(engine: Engine, judge: Judge) -> None:
    work(engine, "settle", due="5 min", rung="10 s", claims=())

    assert judge() is Verdict.STUCK


def test_work_of_another_queue_is_not_this_workers_fault(engine: Engine, judge: Judge) -> None:
    work(engine, "deliver", due="5 min", rung="10 s", claims=())

    assert judge() is Verdict.MOVING


def test_work_that_was_never_rung_is_the_relays_fault(engine: Engine, judge: Judge) -> None:
    work(engine, "settle", due="5 min", rung=None, claims=())

    assert judge() is Verdict.MOVING


def test_work_that_is_just_due_may_wait(engine: Engine, judge: Judge) -> None:
    work(engine, "settle", due="30 s", rung="10 s", claims=())

    assert judge() is Verdict.MOVING


def test_a_long_queue_that_moves_is_no_fault(engine: Engine, judge: Judge) -> None:
    work(engine, "settle", due="5 min", rung="10 s", claims=())
    work(engine, "settle", due="5 min", rung="10 s", claims=(("20 s", "done"),))

    assert judge() is Verdict.MOVING


def test_a_worker_with_all_hands_full_is_not_stuck(engine: Engine, judge: Judge) -> None:
    work(engine, "settle", due="5 min", rung="4 min", claims=(("4 min", None),))
    work(engine, "settle", due="5 min", rung="10 s", claims=(("3 min", None),))

    assert judge() is Verdict.MOVING


def test_a_hand_that_took_longer_than_it_may_counts_no_more(engine: Engine, judge: Judge) -> None:
    work(engine, "settle", due="9 min", rung="9 min", claims=(("9 min", None), ("8 min", None)))

    assert judge() is Verdict.STUCK


def test_what_was_done_before_a_worker_went_deaf_is_no_hand_at_work(engine: Engine, judge: Judge) -> None:
    for _ in range(3):
        work(engine, "settle", due="4 min", rung="4 min", claims=(("3 min", None),))
    with engine.begin() as connection:
        connection.execute(text("UPDATE work SET state = 'done'"))
    work(engine, "settle", due="2 min", rung="10 s", claims=())

    assert judge() is Verdict.STUCK


@pytest.mark.parametrize(("age", "verdict"), [("10 s", Verdict.MOVING), ("5 min", Verdict.STUCK)])
def test_a_pulse_that_is_old_is_a_stuck_process(
    engine: Engine, migrated_url: str, age: str, verdict: Verdict
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO heartbeat (name, at, note) VALUES ('relay', now() - CAST(:age AS interval), '')"
            ),
            {"age": age},
        )

    assert by_pulse(migrated_url, "relay", 60)() is verdict


def test_no_pulse_yet_and_no_database_are_both_unknown(migrated_url: str) -> None:
    assert by_pulse(migrated_url, "relay", 60)() is Verdict.UNKNOWN
    assert by_pulse(NO_DATABASE, "relay", 60)() is Verdict.UNKNOWN
    assert by_work(NO_DATABASE, ("payments",), 2)() is Verdict.UNKNOWN
