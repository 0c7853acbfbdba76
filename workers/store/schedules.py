"""Schedules as the database has them: what the clock goes by, what people said of it, and each slot that was taken."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from pipeline.schedules import ScheduleFacts
from schemas.schedule import read_times

_ONE_AT_A_TIME = 7_203_015  # advisory lock: beats and people take turns, so that each sees what the other did


def take_turn(connection: Connection) -> datetime:
    """Wait until nobody else is at the schedules, until the commit; gives the moment at which that was so, in UTC."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)


def keep(connection: Connection, times: Mapping[str, str], begun: datetime) -> None:
    """Write down the times that the clock goes by, by the schedule's name; a new schedule begins at `begun`."""
    connection.execute(
        text(
            "INSERT INTO schedule (name, times, begun_at) SELECT n, t, :begun "
            "FROM unnest(CAST(:names AS text[]), CAST(:times AS text[])) AS w(n, t) ORDER BY n "
            "ON CONFLICT (name) DO UPDATE SET times = excluded.times WHERE schedule.times <> excluded.times"
        ),
        {"names": list(times), "times": list(times.values()), "begun": begun},
    )


def begin(connection: Connection, name: str, at: datetime) -> None:
    """Let a schedule be there of which the clock has not said its times; one that is there is left alone."""
    connection.execute(
        text("INSERT INTO schedule (name, begun_at) VALUES (:name, :at) ON CONFLICT DO NOTHING"),
        {"name": name, "at": at},
    )


def standing(connection: Connection) -> dict[str, ScheduleFacts]:
    """How each schedule stands, by its name."""
    rows = connection.execute(
        text(
            "SELECT s.name, s.times, s.begun_at, t.slot, EXISTS (SELECT FROM work w WHERE w.event_id = t.event_id "
            "AND w.state = 'due') AS busy, s.paused_until, s.skip_slot FROM schedule s LEFT JOIN LATERAL (SELECT slot, event_id "
            "FROM schedule_slot WHERE name = s.name ORDER BY slot DESC LIMIT 1) t ON true ORDER BY s.name"
        )
    )
    return {
        row.name: ScheduleFacts(
            read_times(row.times),
            row.begun_at.astimezone(UTC),
            _in_utc(row.slot),
            row.busy,
            _in_utc(row.paused_until),
            _in_utc(row.skip_slot),
        )
        for row in rows
    }


def take(connection: Connection, name: str, slot: datetime) -> bool:
    """Take a slot; False if it was taken before."""
    taken = connection.execute(
        text("INSERT INTO schedule_slot (name, slot) VALUES (:name, :slot) ON CONFLICT DO NOTHING"),
        {"name": name, "slot": slot},
    )
    return bool(taken.rowcount)


def name_event(connection: Connection, name: str, slot: datetime, work_id: int) -> None:
    """Write down which event a slot recorded, by a work row that the event made."""
    connection.execute(
        text(
            "UPDATE schedule_slot SET event_id = (SELECT event_id FROM work WHERE id = :work) "
            "WHERE name = :name AND slot = :slot"
        ),
        {"work": work_id, "name": name, "slot": slot},
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
