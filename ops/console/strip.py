"""What stands on every page: who gives signs of life (unknown is an answer), and whether the money agrees."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from ops.health import State, progress, pulses
from ops.queries import alarms, today
from ops.queries.alarms import AlarmRow
from ops.queries.today import Meter

_IDLE = 60.0


@dataclass(frozen=True, slots=True)
class Beat:
    """One sign of life: what it is of, how that is, when it was seen last, and a word more."""

    name: str
    state: State
    at: datetime | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """All of it."""

    beats: tuple[Beat, ...]
    meter: Meter
    alarms: tuple[AlarmRow, ...]


def strip(connection: Connection, broker: Callable[[], bool] | None = None) -> Strip:
    """Look once. `broker` says whether Redis answers; without it that is unknown."""
    beats = [Beat(pulse.name, pulse.state, pulse.at, pulse.note) for pulse in pulses(connection)]
    queues = progress(connection, idle=_IDLE)
    stuck = [queue.queue for queue in queues if queue.state is State.BAD]
    moved = max((queue.moved for queue in queues if queue.moved is not None), default=None)
    working = State.BAD if stuck else State.WELL if moved is not None else State.UNKNOWN
    beats.append(Beat("workers", working, moved, ", ".join(stuck)))
    answers = State.UNKNOWN if broker is None else State.WELL if broker() else State.BAD
    beats.append(Beat("Redis", answers, None))
    beats.append(Beat("database", State.WELL, None))
    beats += _visma(connection)
    last = connection.execute(
        text(
            "SELECT (SELECT landed_at FROM bank_file ORDER BY id DESC LIMIT 1) AS file, "
            "(SELECT max(done_at) FROM (SELECT done_at FROM work WHERE stage = 'deliver' AND state = 'done' "
            "ORDER BY id DESC LIMIT 50) w) AS voucher"
        )
    ).one()
    for name, at in (("last file", last.file), ("last voucher", last.voucher)):
        beats.append(Beat(name, State.UNKNOWN if at is None else State.WELL, at))
    return Strip(tuple(beats), today.meter(connection), alarms.standing(connection))


def _visma(connection: Connection) -> list[Beat]:
    """Each installation by its last answer: it answered, it did not, or nobody asked it within a day."""
    codes = connection.execute(
        text("SELECT DISTINCT key FROM setup_row WHERE kind = 'installation' ORDER BY key")
    ).scalars()
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (v.installation) v.installation, e.at, e.verdict, e.at > now() - interval '1 day' AS fresh "
            "FROM (SELECT * FROM exchange ORDER BY id DESC LIMIT 200) e JOIN voucher v ON v.id = e.voucher_id "
            "ORDER BY v.installation, e.id DESC"
        )
    )
    told = {row.installation: row for row in rows}
    made = []
    for code in codes:
        row = told.get(code)
        if row is None or not row.fresh:
            made.append(Beat(f"Visma {code}", State.UNKNOWN, row.at if row else None))
        else:
            silent = row.verdict in {"unknown", "unsent"}
            made.append(Beat(f"Visma {code}", State.BAD if silent else State.WELL, row.at))
    return made
