"""Beat's tick: each slot of each company once, however many beats there are, whichever of them is killed, whenever one comes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.beats import NAME, at, due, oslo, slots
from tests.site import Site, site
from workers import clock
from workers.settings import Settings
from workers.store import schedules as store

ROOT = Path(__file__).parents[2]
FIELDS = {"database_url": "postgresql+psycopg://h/d", "broker_url": "redis://h/0", "folder": "/f"}


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        yield made


def an_hour_ago(here: Site) -> None:
    """The schedules have been there for a while: the slot of this hour is due."""
    with here.engine.begin() as connection:
        store.keep(connection, {NAME: "every 3600 s"}, datetime.now(UTC) - timedelta(hours=1))


# --- beats ---


def test_two_beats_at_once_ask_once_a_slot(here: Site) -> None:
    an_hour_ago(here)
    start = threading.Barrier(3)

    def one_beat() -> None:
        start.wait()
        clock.tick(here.hands)

    beats = [threading.Thread(target=one_beat) for _ in range(3)]
    for beat in beats:
        beat.start()
    for beat in beats:
        beat.join()

    taken = len(slots(here))
    assert taken in (1, 2)  # the hour may have turned between them
    assert due(here) == taken
    assert [ring.stage for ring in here.rung] == ["propose"] * taken
    assert here.one("SELECT name, done_at IS NOT NULL FROM heartbeat") == ("beat", True)


def test_a_slot_that_another_beat_took_without_our_lock_is_left_alone(here: Site) -> None:
    at(here, oslo("2026-11-23 12:00"))
    slot = oslo("2026-11-24 05:00")
    with here.engine.begin() as connection:
        assert store.take(connection, NAME, slot)
        assert not store.take(connection, NAME, slot)

    assert at(here, oslo("2026-11-24 06:00")) == 0
    assert due(here) == 0


@pytest.mark.parametrize(("point", "left"), [("tick.before_commit", 0), ("tick.after_commit", 1)])
def test_a_beat_may_be_killed_at(here: Site, point: str, left: int) -> None:
    an_hour_ago(here)
    url = here.engine.url.render_as_string(hide_password=False)

    killed = subprocess.run(
        [sys.executable, "-m", "tests.beats", url, str(here.folder)],
        cwd=ROOT,
        env={**os.environ, "KK2_CRASH_AT": point},
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert due(here) == left
    clock.tick(here.hands)
    assert due(here) == len(slots(here)) >= 1
    assert here.all("SELECT DISTINCT state FROM work") == [
        ("due",)
    ]  # the relay rings for what nobody was told of


def test_each_slot_knows_the_event_that_it_recorded(here: Site) -> None:
    at(here, oslo("2026-11-23 12:00"))
    at(here, oslo("2026-11-24 05:00"))

    assert here.all(
        "SELECT s.name, j.event, j.body->>'company', w.stage FROM schedule_slot s "
        "JOIN journal j ON j.id = s.event_id JOIN work w ON w.event_id = j.id"
    ) == [(NAME, "RestDue", "100", "propose")]


# --- nights ---


def test_a_company_that_was_just_set_up_waits_for_its_first_slot(here: Site) -> None:
    assert at(here, oslo("2026-11-24 14:00")) == 0
    assert at(here, oslo("2026-11-25 04:59")) == 0
    assert at(here, oslo("2026-11-25 05:00")) == 1


def test_nights_without_a_beat_are_caught_up_once(here: Site) -> None:
    at(here, oslo("2026-11-20 06:00"))

    assert at(here, oslo("2026-11-24 14:00")) == 1
    assert at(here, oslo("2026-11-24 14:00")) == 0
    assert slots(here) == ["2026-11-24 05:00 +0100"]


def test_a_clock_that_steps_two_hours_back_and_ahead_takes_no_slot_twice_and_misses_none(here: Site) -> None:
    at(here, oslo("2026-11-23 06:00"))
    taken = []
    for moment in (
        "24 05:01",
        "24 03:01",
        "24 05:01",
        "24 07:02",
        "24 05:03",
        "25 04:59",
        "25 06:59",
        "25 05:00",
    ):
        taken.append(at(here, oslo(f"2026-11-{moment}")))
        here.drain()

    assert taken == [1, 0, 0, 0, 0, 0, 1, 0]
    assert slots(here) == ["2026-11-24 05:00 +0100", "2026-11-25 05:00 +0100"]


def test_a_slot_waits_until_what_the_last_one_woke_is_done(here: Site) -> None:
    at(here, oslo("2026-11-22 06:00"))
    at(here, oslo("2026-11-23 05:00"))
    assert at(here, oslo("2026-11-24 05:00")) == 0

    here.drain()

    assert at(here, oslo("2026-11-24 05:10")) == 1
    assert slots(here)[-1] == "2026-11-24 05:00 +0100"


def test_times_that_were_set_anew_count_from_the_next_tick_on(here: Site) -> None:
    at(here, oslo("2026-11-23 12:00"))
    at(here, oslo("2026-11-23 12:01"), "22:00")

    assert at(here, oslo("2026-11-24 06:00"), "22:00") == 1
    assert slots(here) == ["2026-11-23 22:00 +0100"]


@pytest.mark.parametrize(
    ("begun", "times", "taken"),
    [
        ("2026-03-27 12:00", "02:30", ["2026-03-28 02:30 +0100", "2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"]),
        ("2026-10-23 12:00", "02:30", ["2026-10-24 02:30 +0200", "2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"]),
        ("2026-04-01 12:00", "06:30 bank days", ["2026-04-07 06:30 +0200", "2026-04-08 06:30 +0200"]),
        ("2027-05-14 12:00", "06:30 bank days", ["2027-05-18 06:30 +0200", "2027-05-19 06:30 +0200"]),
    ],
    ids=["spring", "autumn", "Easter", "17 May"],
)  # fmt: skip
def test_ticks_every_ten_minutes_take_each_slot_once(
    here: Site, begun: str, times: str, taken: list[str]
) -> None:
    now, last = oslo(begun), datetime.strptime(taken[-1], "%Y-%m-%d %H:%M %z").astimezone(UTC)
    while now <= last + timedelta(hours=2):
        at(here, now, times)
        with here.engine.begin() as connection:
            connection.execute(text("UPDATE work SET state = 'done'"))
        now += timedelta(minutes=10)

    assert slots(here) == taken
    assert due(here) == len(taken)


# --- what the clock goes by ---


def test_everything_that_runs_by_the_clock_has_a_setting_and_is_named_by_its_event() -> None:
    for name, clocked in clock.CLOCKED.items():
        assert f"schedule_{name}" in Settings.model_fields
        assert type(clocked.event("100")).__name__ == f"{name.capitalize()}Due"


def test_times_that_nobody_understands_are_refused_at_start() -> None:
    with pytest.raises(ValueError, match=r"schedule_fetch\n.*expected 06:30, .* or never; found '5 am'"):
        Settings.model_validate({**FIELDS, "schedule_fetch": "5 am"})
