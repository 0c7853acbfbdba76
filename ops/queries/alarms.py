"""Alarms: those that stand, and all of one with who was told of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm. `says`: how it stands, or stood; `ended_at` None while it does; `seen_by`: who acknowledged it, and why."""

    id: int
    condition: str
    subject: str
    says: str
    began_at: datetime
    ended_at: datetime | None
    seen_at: datetime | None
    seen_by: str
    seen_why: str


@dataclass(frozen=True, slots=True)
class MessageRow:
    """That it began, or ended, told to one receiver. `told_at` None: not yet; `fault`: why not, at the last of `tries`."""

    ended: bool
    receiver: str
    tries: int
    next_at: datetime
    told_at: datetime | None
    fault: str


@dataclass(frozen=True, slots=True)
class Untold:
    """Messages that a receiver has not taken: how many, since when the first waits, and why it was not taken last."""

    receiver: str
    number: int
    since: datetime
    fault: str


@dataclass(frozen=True, slots=True)
class AlarmShown:
    """An alarm, and whom it was told to."""

    alarm: AlarmRow
    messages: tuple[MessageRow, ...]


_ROWS = "SELECT id, condition, subject, says, began_at, ended_at, seen_at, seen_by, seen_why FROM alarm"


def standing(connection: Connection) -> tuple[AlarmRow, ...]:
    """Those that stand, what nobody has acknowledged first, the oldest first."""
    rows = connection.execute(text(f"{_ROWS} WHERE ended_at IS NULL ORDER BY seen_at IS NOT NULL, id"))
    return tuple(AlarmRow(*row) for row in rows)


def listed(connection: Connection, most: int) -> tuple[AlarmRow, ...]:
    """Those that ended too, the newest first."""
    rows = connection.execute(text(f"{_ROWS} ORDER BY id DESC LIMIT :most"), {"most": most})
    return tuple(AlarmRow(*row) for row in rows)


def shown(connection: Connection, alarm_id: int) -> AlarmShown | None:
    """One, None if there is no such alarm."""
    row = connection.execute(text(f"{_ROWS} WHERE id = :id"), {"id": alarm_id}).one_or_none()
    if row is None:
        return None
    messages = connection.execute(
        text(
            "SELECT ended, receiver, tries, next_at, told_at, fault FROM alarm_message WHERE alarm_id = :id ORDER BY ended, receiver"
        ),
        {"id": alarm_id},
    )
    return AlarmShown(AlarmRow(*row), tuple(MessageRow(*each) for each in messages))


def untold(connection: Connection) -> tuple[Untold, ...]:
    """What each receiver was sent and has not taken; what was never tried yet is no fault."""
    rows = connection.execute(
        text(
            "SELECT m.receiver, count(*), min(CASE WHEN m.ended THEN a.ended_at ELSE a.began_at END), max(m.fault) "
            "FROM alarm_message m JOIN alarm a ON a.id = m.alarm_id WHERE m.told_at IS NULL AND m.fault <> '' "
            "GROUP BY m.receiver ORDER BY m.receiver"
        )
    )
    return tuple(Untold(*row) for row in rows)
