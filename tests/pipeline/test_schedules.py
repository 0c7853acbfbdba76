"""The slots of a schedule: one stands for all that were missed, each comes once, also when the clock is changed."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bankdays import is_bank_day
from pipeline.schedules import ScheduleFacts, Slot, due, upcoming
from schemas.schedule import OSLO, Daily, Every, Times, read_times

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # the days on which the clock is changed


def oslo(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO, fold=fold).astimezone(UTC)


def facts(
    times: str,
    taken: str | datetime | None = None,
    *,
    begun: datetime = LONG_AGO,
    busy: bool = False,
    resumes: str | None = None,
    skip: str | None = None,
) -> ScheduleFacts:
    return ScheduleFacts(
        times=read_times(times),
        begun=begun,
        taken=oslo(taken) if isinstance(taken, str) else taken,
        busy=busy,
        resumes=oslo(resumes) if resumes else None,
        skip=oslo(skip) if skip else None,
    )


def at(found: Slot | None) -> str:
    """A slot as the clock in Norway shows it, with the difference to UTC in hours."""
    return "none" if found is None else said(found.at) + (" skipped" if found.skipped else "")


def said(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment.astimezone(OSLO):%Y-%m-%d %H:%M %z}"


# --- what people write ---


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("05:00", Daily((time(5),), bank_days_only=False)),
        ("06:30 bank days", Daily((time(6, 30),), bank_days_only=True)),
        ("12:00, 06:30,12:00 bank days", Daily((time(6, 30), time(12)), bank_days_only=True)),
        ("every 300 s", Every(300)),
        ("never", Daily((), bank_days_only=False)),
    ],
)
def test_times_are_read_as_people_set_them(text: str, times: Times) -> None:
    assert read_times(text) == times


@pytest.mark.parametrize(
    "text", ["", "6:30", "24:00", "06:60", "06.30", "every 0 s", "every 5 min", "06:30 mondays", "5 * * * *"]
)
def test_what_is_no_time_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected 06:30, .* bank days .* every 300 s, or never; found '"):
        read_times(text)


# --- which slot is due ---


def test_the_slot_of_the_day_is_due_from_its_minute_on() -> None:
    taken = facts("05:00", "2026-11-23 05:00")

    assert due(taken, oslo("2026-11-24 04:59:59")) is None
    assert at(due(taken, oslo("2026-11-24 05:00"))) == "2026-11-24 05:00 +0100"
    assert due(facts("05:00", "2026-11-24 05:00"), oslo("2026-11-24 23:00")) is None


def test_missed_nights_are_caught_up_once_and_not_once_for_each() -> None:
    back = oslo("2026-11-24 04:00")
    missed = due(facts("05:00", "2026-11-19 05:00"), back)

    assert at(missed) == "2026-11-23 05:00 +0100"
    assert missed is not None
    assert due(facts("05:00", missed.at), back) is None


def test_a_schedule_has_no_slot_from_before_it_was_there() -> None:
    new = facts("05:00", begun=oslo("2026-11-24 14:00"))

    assert due(new, oslo("2026-11-24 14:01")) is None
    assert said(upcoming(new)) == "2026-11-25 05:00 +0100"


def test_a_run_in_between_stands_for_the_slot_that_was_missed_and_not_for_the_next() -> None:
    ran = facts("05:00", "2026-11-24 10:17")

    assert due(ran, oslo("2026-11-24 10:18")) is None
    assert at(due(ran, oslo("2026-11-25 05:00"))) == "2026-11-25 05:00 +0100"


def test_a_slot_waits_while_its_forerunner_works_and_then_one_stands_for_all() -> None:
    assert due(facts("05:00", "2026-11-21 05:00", busy=True), oslo("2026-11-24 06:00")) is None
    assert at(due(facts("05:00", "2026-11-21 05:00"), oslo("2026-11-24 06:00"))) == "2026-11-24 05:00 +0100"


def test_several_times_a_day_are_several_slots() -> None:
    assert at(due(facts("06:30, 12:00", "2026-11-24 06:30"), oslo("2026-11-24 12:00"))) == (
        "2026-11-24 12:00 +0100"
    )
    assert said(upcoming(facts("06:30, 12:00", "2026-11-24 12:00"))) == "2026-11-25 06:30 +0100"


def test_never_is_never() -> None:
    assert due(facts("never"), oslo("2026-11-24 12:00")) is None
    assert upcoming(facts("never")) is None


# --- pause and skip ---


def test_what_fell_into_a_pause_is_not_caught_up_and_its_end_itself_counts() -> None:
    paused = facts("05:00", "2026-11-20 05:00", resumes="2026-11-23 08:00")

    assert due(paused, oslo("2026-11-22 06:00")) is None
    assert due(paused, oslo("2026-11-23 09:00")) is None
    assert said(upcoming(paused)) == "2026-11-24 05:00 +0100"
    assert at(due(paused, oslo("2026-11-24 05:00"))) == "2026-11-24 05:00 +0100"
    to_the_minute = facts("05:00", "2026-11-20 05:00", resumes="2026-11-23 05:00")
    assert at(due(to_the_minute, oslo("2026-11-23 05:00"))) == "2026-11-23 05:00 +0100"


def test_a_skipped_slot_is_taken_without_anything_and_the_one_after_it_runs() -> None:
    skipping = facts("05:00", "2026-11-23 05:00", skip="2026-11-24 05:00")

    assert said(upcoming(skipping)) == "2026-11-25 05:00 +0100"
    assert at(due(skipping, oslo("2026-11-24 06:00"))) == "2026-11-24 05:00 +0100 skipped"
    assert at(due(skipping, oslo("2026-11-25 06:00"))) == "2026-11-25 05:00 +0100"


# --- bank days ---


def test_at_easter_and_on_the_17th_of_may_banks_rest_and_so_does_their_schedule() -> None:
    before_easter = facts("06:30 bank days", "2026-04-01 06:30")
    assert due(before_easter, oslo("2026-04-06 23:59")) is None
    assert said(upcoming(before_easter)) == "2026-04-07 06:30 +0200"

    before_the_day = facts(
        "06:30 bank days", "2027-05-14 06:30"
    )  # Friday; Monday is the 17th of May, and Whit Monday
    assert due(before_the_day, oslo("2027-05-17 12:00")) is None
    assert said(upcoming(before_the_day)) == "2027-05-18 06:30 +0200"


def test_after_easter_with_no_beat_since_the_wednesday_of_its_slot_is_still_found() -> None:
    assert at(due(facts("06:30 bank days", "2026-03-31 06:30"), oslo("2026-04-07 06:29"))) == (
        "2026-04-01 06:30 +0200"
    )


# --- the change of clock ---


def test_a_time_that_spring_leaves_out_is_the_next_minute_that_exists() -> None:
    night = facts("02:30", "2026-03-28 02:30")

    assert said(upcoming(night)) == "2026-03-29 03:00 +0200"
    assert due(night, oslo("2026-03-29 01:59:59")) is None
    assert at(due(night, oslo("2026-03-29 03:00"))) == "2026-03-29 03:00 +0200"
    both = due(facts("02:30, 03:00", "2026-03-28 03:00"), oslo("2026-03-29 03:00"))
    assert both is not None
    assert said(upcoming(facts("02:30, 03:00", both.at))) == "2026-03-30 02:30 +0200"


def test_a_time_in_the_hour_that_autumn_has_twice_comes_once() -> None:
    night = facts("02:30", "2026-10-24 02:30")
    first = due(night, oslo("2026-10-25 02:30"))

    assert at(first) == "2026-10-25 02:30 +0200"
    assert first is not None
    assert due(facts("02:30", first.at), oslo("2026-10-25 02:59", fold=1)) is None
    assert said(upcoming(facts("02:30", first.at))) == "2026-10-26 02:30 +0100"


def test_an_interval_is_not_moved_by_the_clock() -> None:
    first = due(facts("every 3600 s"), oslo("2026-10-25 02:30"))
    second = due(facts("every 3600 s"), oslo("2026-10-25 02:30", fold=1))

    assert (at(first), at(second)) == ("2026-10-25 02:00 +0200", "2026-10-25 02:00 +0100")


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
daily = st.builds(
    lambda at, bank: Daily(tuple(sorted(at)), bank_days_only=bank),
    st.sets(minutes, min_size=1, max_size=3),
    st.booleans(),
)
any_times = st.one_of(daily, st.builds(Every, st.sampled_from([60, 300, 3600, 7 * 60, 86_400])))
moments = st.builds(
    lambda day, seconds: datetime.combine(day, time(), UTC) + timedelta(seconds=seconds),
    st.sampled_from([SPRING, AUTUMN, date(2026, 4, 3), date(2027, 5, 17)]),
    st.floats(-7 * 86_400.0, 7 * 86_400.0),
)


@given(any_times, moments, moments)
def test_what_comes_next_is_due_at_its_moment_and_not_before(
    times: Times, begun: datetime, taken: datetime
) -> None:
    stands = ScheduleFacts(times, begun, taken, busy=False, resumes=None, skip=None)
    slot = upcoming(stands)

    assert slot is not None
    assert slot > max(begun, taken)
    assert due(stands, slot) == Slot(slot, skipped=False)
    assert due(stands, slot - timedelta(microseconds=1)) is None


@given(daily, st.sampled_from([SPRING, AUTUMN]), st.integers(1, 59))
def test_across_a_change_of_clock_each_time_of_each_day_is_taken_once(
    times: Daily, change: date, pace: int
) -> None:
    now = datetime.combine(change, time(), OSLO).astimezone(UTC) - timedelta(days=2)
    end = now + timedelta(days=4)
    stands = ScheduleFacts(times, now - MINUTE, None, busy=False, resumes=None, skip=None)
    taken: list[datetime] = []
    while now <= end:
        if (slot := due(stands, now)) is not None:
            taken.append(slot.at)
            stands = ScheduleFacts(times, stands.begun, slot.at, busy=False, resumes=None, skip=None)
        now += timedelta(seconds=pace)
        if (comes := upcoming(stands)) is not None:  # nothing happens before then
            now = max(now, comes)

    days = [change + timedelta(days=n) for n in range(-2, 3)]
    wanted = {
        shown
        for day in days
        if not times.bank_days_only or is_bank_day(day)
        for each in times.at
        if (shown := _shown(day, each)).astimezone(UTC) <= end
    }
    assert taken == sorted(set(taken))
    assert {slot.astimezone(OSLO).replace(tzinfo=None) for slot in taken} == {
        moment.replace(tzinfo=None) for moment in wanted
    }


def _shown(day: date, at_: time) -> datetime:
    """When the time comes on the wall; from two to three in spring there is none, and three it is."""
    gone = day == SPRING and at_.hour == 2
    return datetime.combine(day, time(3) if gone else at_, OSLO)
