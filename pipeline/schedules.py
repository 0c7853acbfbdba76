"""The slots of a schedule: which one is due, and which one comes next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pipeline.bankdays import is_bank_day
from schemas.schedule import OSLO, Daily, Times

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_LONGEST_REST = 10
"""Days that are looked through for a slot; banks rest for five at most, from Maundy Thursday to Easter Monday."""


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """How a schedule stands; every moment is in UTC, for only so do they compare in the hour that autumn has twice.

    `begun`: no slot up to then is its. `taken`: its newest slot that was taken. `busy`: what that slot woke is not done.
    `resumes`: the end of its newest pause, over or not. `skip`: the slot that a person does not want.
    """

    times: Times
    begun: datetime
    taken: datetime | None
    busy: bool
    resumes: datetime | None
    skip: datetime | None

    @property
    def last(self) -> datetime:
        """The newest moment of which the schedule knows all slots to be taken."""
        return max(self.begun, self.taken or self.begun)

    @property
    def skips(self) -> bool:
        """Whether the slot that a person does not want is still to come."""
        return self.skip is not None and self.skip > self.last


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that is to be taken now. `skipped`: nothing is to happen at it."""

    at: datetime
    skipped: bool


def due(facts: ScheduleFacts, now: datetime) -> Slot | None:
    """Give the newest slot that has come and is not taken, in UTC; None if there is none, or its forerunner still works.

    One slot stands for all that were missed. What fell into a pause is not caught up.
    """
    slot = next(_back_from(facts.times, now), None)
    if slot is None or slot <= facts.last or slot < _resumes(facts):
        return None
    skipped = facts.skip is not None and slot <= facts.skip
    return None if facts.busy and not skipped else Slot(slot, skipped)


def upcoming(facts: ScheduleFacts) -> datetime | None:
    """Give the first slot that is not taken and not skipped, in UTC; None for never. One in the past is late."""
    after = max(facts.last, facts.skip or facts.begun)
    resumes = _resumes(facts)
    return next((slot for slot in _on_from(facts.times, max(after, resumes)) if slot > after), None)


def _resumes(facts: ScheduleFacts) -> datetime:
    return facts.resumes or facts.begun


def _back_from(times: Times, now: datetime) -> Iterator[datetime]:
    """The slots at or before a moment, the newest first."""
    if isinstance(times, Daily):
        today = now.astimezone(OSLO).date()
        for days in range(_LONGEST_REST):
            yield from (slot for slot in reversed(_slots_on(times, today - days * _DAY)) if slot <= now)
        return
    step = timedelta(seconds=times.seconds)
    yield _EPOCH + (now - _EPOCH) // step * step


def _on_from(times: Times, moment: datetime) -> Iterator[datetime]:
    """The slots at or after a moment, in their order."""
    if isinstance(times, Daily):
        today = moment.astimezone(OSLO).date()
        for days in range(_LONGEST_REST):
            yield from (slot for slot in _slots_on(times, today + days * _DAY) if slot >= moment)
        return
    step = timedelta(seconds=times.seconds)
    first = _EPOCH - (_EPOCH - moment) // step * step
    yield from (first, first + step)


def _slots_on(times: Daily, day: date) -> list[datetime]:
    return [] if times.bank_days_only and not is_bank_day(day) else [_instant(day, at) for at in times.at]


def _instant(day: date, at: time) -> datetime:
    """The moment when the clock in Norway first shows that time; one that spring leaves out is its next that exists."""
    wall = datetime.combine(day, at)
    while (moment := wall.replace(tzinfo=OSLO).astimezone(UTC)).astimezone(OSLO).replace(tzinfo=None) != wall:
        wall += timedelta(minutes=1)
    return moment
