"""The conditions that hold, held against the alarms that stand: each begins once and ends once, whatever guards look."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, text

from ops.health.conditions import Standing, standing
from schemas.wording import counted
from workers.relay import beat
from workers.settings import Settings

_ONE_AT_A_TIME = (
    7_203_025  # advisory lock: of two guards one looks, so that no older look ends what a newer one saw
)

_BEGIN = text("""
INSERT INTO alarm (condition, subject, says)
SELECT c, s, t FROM unnest(CAST(:conditions AS text[]), CAST(:subjects AS text[]), CAST(:says AS text[])) AS w(c, s, t)
ON CONFLICT (condition, subject) WHERE ended_at IS NULL DO UPDATE SET held_at = now(), says = excluded.says""")
# what comes and goes within the calm time is one alarm
_END = text("""
UPDATE alarm SET ended_at = now() WHERE ended_at IS NULL AND held_at < now() - make_interval(secs => :calm) RETURNING id""")
# who has heard nothing of its beginning need not hear of its end
_ADDRESS = text("""
INSERT INTO alarm_message (alarm_id, ended, receiver)
SELECT a.id, false, r FROM alarm a CROSS JOIN unnest(CAST(:receivers AS text[])) AS r WHERE a.ended_at IS NULL
UNION ALL
SELECT m.alarm_id, true, m.receiver FROM alarm_message m WHERE m.alarm_id = ANY(:ended) AND NOT m.ended
ON CONFLICT DO NOTHING""")
_FORGET = text(
    "DELETE FROM alarm_message WHERE told_at IS NULL AND NOT receiver = ANY(CAST(:receivers AS text[]))"
)


def look(engine: Engine, site: Settings, broker: Callable[[], bool], receivers: Sequence[str]) -> bool:
    """Look once and write what began and what ended, with a message of it to each receiver; False if another guard looks."""
    with engine.begin() as writing:
        if not writing.execute(
            text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME}
        ).scalar_one():
            return False
        with engine.connect() as reading, reading.begin():
            # one moment for all statements: two sums that must be alike are not read at two
            reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            found = standing(reading, site, broker)
        _write(writing, found, site.alarm_calm, list(receivers))
        beat(writing, "guard", f"{counted(len(found), 'condition')} of alarms")
    return True


def _write(connection: Connection, found: Sequence[Standing], calm: float, receivers: list[str]) -> None:
    connection.execute(
        _BEGIN,
        {
            "conditions": [str(each.condition) for each in found],
            "subjects": [each.subject for each in found],
            "says": [each.says for each in found],
        },
    )
    ended = list(connection.execute(_END, {"calm": calm}).scalars())
    connection.execute(_FORGET, {"receivers": receivers})
    connection.execute(_ADDRESS, {"receivers": receivers, "ended": ended})
