"""Beat's tick: each slot of each company once, however many beats there are."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.site import Site, site
from workers import clock


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        yield made


def due(here: Site) -> tuple[object, ...]:
    return here.one("SELECT count(*) FROM journal WHERE event = 'RestDue'")


def test_two_beats_at_once_ask_once_a_slot(here: Site) -> None:
    start = threading.Barrier(3)

    def one_beat() -> None:
        start.wait()
        clock.tick(here.hands)

    beats = [threading.Thread(target=one_beat) for _ in range(3)]
    for beat in beats:
        beat.start()
    for beat in beats:
        beat.join()

    slots = int(str(here.one("SELECT count(*) FROM schedule_slot")[0]))
    assert slots in (1, 2)  # the hour may have turned between them
    assert due(here) == (slots,)
    assert [ring.stage for ring in here.rung] == ["propose"] * slots
    assert here.one("SELECT name, done_at IS NOT NULL FROM heartbeat") == ("beat", True)


def test_after_hours_without_a_beat_the_next_one_asks(here: Site) -> None:
    clock.tick(here.hands)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE schedule_slot SET slot = slot - interval '5 hours'"))
    before = due(here)

    clock.tick(here.hands)

    assert due(here) > before
