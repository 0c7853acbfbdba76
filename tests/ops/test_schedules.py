"""A person's word about what runs by the clock: run it now, pause it, skip its next run; and what is then seen of it."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.access import ALL_ROLES
from ops.health import State, health
from ops.health.examining import examine
from ops.queries import schedules as queries
from ops.queries.schedules import RunRow, ScheduleRow
from ops.repairs import Done, Person, Refusal, pause, resume, run_now, skip_next
from pipeline.flow import woken_by
from pipeline.stage import Reason
from schemas.schedule import OSLO
from tests.beats import NAME, at, due, oslo, slots
from tests.ops.acting import Kk2
from tests.site import Site, site
from workers import audit
from workers.accounting import connect
from workers.clock import CLOCKED
from workers.shell.rows import park
from workers.store import schedules as store

KARI = Person("kari", "Visma is upgraded", ALL_ROLES)
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose clock has been there for two days."""
    with site(engine, tmp_path) as made:
        with engine.begin() as connection:
            store.keep(connection, {NAME: "05:00"}, NOW - timedelta(days=2))
        yield made


def act(here: Site, what: Callable[..., Done], *more: object, person: Person = KARI) -> str:
    with here.engine.begin() as connection:
        done = what(connection, "rest", "100", *more, person=person)
        assert audit.verify(connection) is None
    return done.sentence


def refused(here: Site, what: Callable[..., Done], *more: object, person: Person = KARI) -> str:
    acts = here.one("SELECT count(*) FROM audit")
    with pytest.raises(Refusal) as refusal:
        act(here, what, *more, person=person)
    assert here.one("SELECT count(*) FROM audit") == acts
    return str(refusal.value)


def row(here: Site) -> ScheduleRow:
    with here.engine.connect() as connection:
        return next(found for found in queries.listed(connection) if found.name == NAME)


def _last(here: Site) -> RunRow:
    last = row(here).last
    assert last is not None
    return last


def next_five(after: datetime) -> datetime:
    """The next five o'clock in Norway."""
    day = after.astimezone(OSLO).replace(hour=5, minute=0, second=0, microsecond=0)
    return (day if day > after else day + timedelta(days=1)).astimezone(UTC)


# --- run now ---


def test_run_now_is_a_slot_of_its_own_with_a_name_on_it_and_the_next_comes_as_it_would(here: Site) -> None:
    at(here, NOW)  # what was due before
    here.drain()
    before = row(here).next

    assert act(here, run_now) == "schedule rest 100 runs now"

    assert len(slots(here)) == 2
    assert here.one("SELECT actor, act, reason FROM audit WHERE subject = 'schedule rest 100'") == (
        "kari", "run", "Visma is upgraded",
    )  # fmt: skip
    assert row(here).next == before == next_five(NOW)
    found = _last(here)
    assert (found.by, found.result) == ("kari", "waits")


def test_run_now_makes_up_for_the_slot_that_was_missed(here: Site) -> None:
    act(here, run_now)
    here.drain()

    assert at(here, datetime.now(UTC)) == 0
    assert due(here) == 1


def test_what_runs_already_is_not_run_beside_itself(here: Site) -> None:
    act(here, run_now)

    assert refused(here, run_now).startswith("schedule rest 100 runs already, since its slot of 20")
    here.drain()
    act(here, run_now)
    assert due(here) == 2


def test_of_two_who_run_it_at_once_one_does(here: Site) -> None:
    start = threading.Barrier(2)
    heard: list[str] = []

    def person(name: str) -> None:
        start.wait()
        try:
            heard.append(act(here, run_now, person=Person(name, "", ALL_ROLES)))
        except Refusal as refusal:
            heard.append(str(refusal))

    both = [threading.Thread(target=person, args=(name,)) for name in ("kari", "ola")]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert due(here) == 1
    assert sorted(each.split(",")[0] for each in heard) == [
        "schedule rest 100 runs already",
        "schedule rest 100 runs now",
    ]


def test_while_it_is_paused_it_is_run_by_a_person_only(here: Site) -> None:
    act(here, pause, NOW + timedelta(days=3))

    assert at(here, NOW + timedelta(days=2)) == 0
    act(here, run_now)

    assert due(here) == 1
    assert row(here).paused_until == NOW + timedelta(days=3)


@pytest.mark.parametrize("kind", list(CLOCKED))
def test_whatever_runs_by_the_clock_wakes_the_stages_of_the_page(here: Site, kind: str) -> None:
    with here.engine.begin() as connection:
        rings = run_now(connection, kind, "100", person=KARI).rings

    stages = [stage.name for stage in woken_by(CLOCKED[kind].event)]
    assert [ring.stage for ring in rings] == stages
    assert {ring.label for ring in rings} == {f"company 100, {kind}"}
    with here.engine.connect() as connection:
        (run,) = queries.shown(connection, f"{kind} 100")
    assert (run.by, run.result, len(run.work_ids)) == ("kari", "waits", len(stages))


# --- pause, skip, resume ---


def test_a_pause_swallows_its_slots_and_the_first_after_it_runs(here: Site) -> None:
    end = next_five(NOW) + 26 * HOUR
    act(here, pause, end)

    assert at(here, end + HOUR) == 0
    assert row(here).next == next_five(end)
    assert at(here, next_five(end)) == 1
    assert (row(here).paused_by, row(here).note) == ("kari", f"paused until {_told(end)} by kari")


def test_a_pause_says_why_ends_later_than_now_and_is_said_once(here: Site) -> None:
    end = NOW + timedelta(days=1)

    assert (
        refused(here, pause, end, person=Person("kari", " ", ALL_ROLES))
        == "say why: to pause a schedule needs a reason"
    )
    assert refused(here, pause, NOW - HOUR).endswith("has passed; a pause ends later than now")
    act(here, pause, end)
    assert refused(here, pause, end).endswith("already")
    act(here, pause, end + HOUR)
    assert row(here).paused_until == end + HOUR


def test_a_pause_that_is_ended_early_catches_nothing_up(here: Site) -> None:
    act(here, pause, NOW + timedelta(days=3))
    act(here, resume)

    assert at(here, datetime.now(UTC)) == 0
    assert row(here).paused_until is None
    assert at(here, next_five(NOW)) == 1
    assert refused(here, resume) == "schedule rest 100 is neither paused nor does it skip a run"


def test_a_skipped_run_is_kept_as_such_and_the_one_after_it_runs(here: Site) -> None:
    at(here, NOW)
    here.drain()
    first = next_five(NOW)
    before = due(here)

    assert act(here, skip_next) == f"schedule rest 100 skips {first.astimezone(OSLO):%Y-%m-%d at %H:%M}"
    assert refused(here, skip_next).endswith("already")
    assert (row(here).next, row(here).note) == (next_five(first), f"skips {_told(first)} by kari")
    assert at(here, first) == 0

    found = _last(here)
    assert (found.slot, found.result, found.work_ids) == (first, "skipped", ())
    assert row(here).note == ""
    assert due(here) == before
    assert at(here, next_five(first)) == 1


def test_a_skip_is_taken_back(here: Site) -> None:
    at(here, NOW)
    here.drain()
    act(here, skip_next)
    act(here, resume)

    assert at(here, next_five(NOW)) == 1


def test_what_never_runs_has_nothing_to_skip_and_what_nobody_knows_is_refused(here: Site) -> None:
    at(here, NOW, "never")

    assert "has no next run" in refused(here, skip_next)
    with here.engine.begin() as connection:
        with pytest.raises(Refusal, match=r"there is no schedule lunch; there are .*rest"):
            run_now(connection, "lunch", "100", person=KARI)
        with pytest.raises(Refusal, match="the setup has no company 200"):
            run_now(connection, "rest", "200", person=KARI)


def test_a_person_may_be_there_before_the_first_beat(engine: Engine, tmp_path: Path) -> None:
    with site(engine, tmp_path) as new:
        act(new, pause, oslo("2099-01-01 06:00"))
        at(new, datetime.now(UTC))

        assert (row(new).times, row(new).next) == ("05:00", oslo("2099-01-02 05:00"))


# --- what is seen ---


def test_a_run_is_seen_from_its_slot_to_its_end_with_what_it_took(here: Site) -> None:
    at(here, NOW)
    assert _last(here).result == "waits"
    here.drain()

    found = _last(here)
    assert (found.by, found.result) == ("beat", "done")
    assert found.seconds is not None
    assert 0 <= found.seconds < 60
    assert here.one("SELECT stage FROM work WHERE id = :id", id=found.work_ids[0]) == ("propose",)


def test_a_run_that_waits_for_a_person_says_why(here: Site) -> None:
    at(here, NOW)
    (work_id,) = _last(here).work_ids
    with here.engine.begin() as connection:
        park(connection, work_id, Reason.NO_AUTO_APPROVE, "the setup wants a person")

    found = _last(here)
    assert (found.result, found.why, found.seconds) == ("parked", "no_auto_approve", None)


def test_every_slot_is_still_there_to_be_asked_for(here: Site) -> None:
    act(here, run_now)
    here.drain()
    act(here, run_now)

    with here.engine.connect() as connection:
        found = queries.shown(connection, NAME)
    assert [run.result for run in found] == ["waits", "done"]
    assert found[0].slot > found[1].slot


@pytest.mark.parametrize(("minutes", "state"), [(14, State.UNKNOWN), (16, State.BAD)])
def test_a_slot_that_nobody_takes_is_late_after_a_quarter_of_an_hour(
    here: Site, minutes: int, state: State
) -> None:
    with here.engine.begin() as connection:
        store.keep(connection, {NAME: "every 60 s"}, NOW)
        assert store.take(connection, NAME, datetime.now(UTC) - timedelta(minutes=minutes + 1))

    assert row(here).late is (state is State.BAD)
    assert row(here).note.startswith("late: due since 20") is (state is State.BAD)
    with here.engine.connect() as connection:
        assert (
            health(connection).state is state
        )  # unknown: nothing of this site has ever given a sign of life


def test_the_doctor_names_what_is_late_and_what_is_paused(here: Site) -> None:
    signs = {sign.name: sign for sign in examine(here.hands.settings, here.engine, connect)}
    late = signs["schedule rest 100"]
    assert late.state is State.BAD
    assert late.says.endswith("and no beat has taken it")

    act(here, pause, NOW + timedelta(days=1))
    signs = {sign.name: sign for sign in examine(here.hands.settings, here.engine, connect)}
    assert signs["schedule rest 100"].state is State.WELL
    assert signs["schedule rest 100"].says.startswith("paused until ")


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(OSLO):%Y-%m-%d %H:%M}"


# --- the command line ---


def test_a_night_at_the_command_line(here: Site, kk2: Kk2) -> None:
    why = ("--reason", "Visma is upgraded")
    assert kk2("schedule", "run", "rest", "100")[:2] == (0, "schedule rest 100 runs now\n")
    assert kk2("schedule", "run", "rest", "100")[0] == 1
    here.drain()
    assert kk2("schedule", "skip", "rest", "100", "--dry-run", *why)[1].startswith(
        "dry run, nothing is changed: "
    )
    assert kk2("schedule", "pause", "rest", "100", "--until", "2099-07-01 08:00", *why)[:2] == (
        0,
        "schedule rest 100 is paused until 2099-07-01 at 08:00\n",
    )

    status, printed, _ = kk2("schedule", "list", "--json")
    told = json.loads(printed)
    assert status == 0
    assert (told["name"], told["times"], told["last"]["result"]) == (NAME, "05:00", "done")
    assert datetime.fromisoformat(told["next"]) == datetime(2099, 7, 2, 3, tzinfo=UTC)
    table = kk2("schedule", "list")[1]
    assert "paused until 2099-07-01 08:00 by kari" in table
    assert "2099-07-02 05:00:00" in table
    assert " kari  done " in kk2("schedule", "show", "rest", "100")[1]
    assert kk2("schedule", "resume", "rest", "100")[0] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("run", "lunch", "100"), "expected one of "),
        (("pause", "rest", "100", "--until", "tomorrow"), "expected a moment by the clock in Norway"),
        (("pause", "rest", "100"), "--until"),
    ],
    ids=["kind", "moment", "no moment"],
)
def test_a_slip_of_the_pen_is_said(here: Site, kk2: Kk2, line: tuple[str, ...], said: str) -> None:
    status, _, heard = kk2("schedule", *line)

    assert status == 2
    assert said in heard
