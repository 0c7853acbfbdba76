"""Events in the journal: each comes back as it went, wakes exactly the stages of the page, and tells no person's data."""

import json
from dataclasses import asdict, fields, is_dataclass

import pytest
from sqlalchemy import Engine, text

from pipeline.flow import woken_by
from pipeline.stage import Reason
from schemas import events
from workers.journal import ParkedPayment, label, park_payments, record, restore

KINDS = [
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and is_dataclass(kind) and kind is not events.VoucherPlan
]
PLAN = events.VoucherPlan("99991042764", "2026-03-16", "0106100001", 1, 2, "2026-04-01", (4, 5, 6))
SAMPLES: dict[object, object] = {
    int: 7,
    str: "100",
    tuple[int, ...]: (4, 5),
    tuple[events.VoucherPlan, ...]: (PLAN, PLAN),
}


def sample(kind: type) -> object:
    return kind(*(SAMPLES[field.type] for field in fields(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_comes_back_as_it_went(kind: type) -> None:
    event = sample(kind)

    assert restore(kind.__name__, json.loads(json.dumps(asdict(event)))) == event  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_is_short_and_says_something(kind: type) -> None:
    said = label(sample(kind))

    assert 0 < len(said) < 60
    assert "99991042764" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_wakes_the_stages_of_the_page_and_no_other(engine: Engine, kind: type) -> None:
    with engine.begin() as connection:
        rings = record(connection, [sample(kind)], actor="kari")
        rows = connection.execute(
            text("SELECT id, stage, state, rung_at IS NOT NULL FROM work ORDER BY id")
        ).all()
        written = connection.execute(text("SELECT event, actor FROM journal")).all()

    assert [ring.stage for ring in rings] == [stage.name for stage in woken_by(kind)]
    assert [tuple(row) for row in rows] == [(ring.work_id, ring.stage, "due", True) for ring in rings]
    assert [tuple(row) for row in written] == [(kind.__name__, "kari")]


def test_what_a_row_says_more_for_people_does_not_disturb(engine: Engine) -> None:
    assert restore("FileSettled", {"file_id": 3, "company": "100"}) == events.FileSettled(3)


def test_nothing_that_happened_makes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        assert record(connection, []) == []
        park_payments(connection, [], stage="settle")
        assert connection.execute(text("SELECT count(*) FROM journal")).scalar_one() == 0


def test_a_parked_payment_has_a_row_of_its_own_that_is_never_rung(engine: Engine) -> None:
    parked = [ParkedPayment(n, Reason.UNKNOWN_KID, f"number {n}") for n in (3, 4)]
    with engine.begin() as connection:
        park_payments(connection, parked, stage="settle")
        rows = connection.execute(
            text(
                "SELECT payment_id, stage, state, reason, note, rung_at, body->>'payment_id' FROM work ORDER BY payment_id"
            )
        ).all()

    assert [tuple(row) for row in rows] == [
        (n, "settle", "parked", "unknown_kid", f"number {n}", None, str(n)) for n in (3, 4)
    ]
