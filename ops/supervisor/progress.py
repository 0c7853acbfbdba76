"""Judge a process by what the database says moved. A ping would be answered by a worker that takes no more tasks.

Seen in the bench of broker crashes (decision record 0002): a worker that lived, answered, and consumed nothing.
"""

from collections.abc import Callable
from contextlib import suppress

import psycopg

from ops.supervisor.process import Verdict
from pipeline.flow import FLOW

_ASK_SECONDS = 2
# How long each may take between two signs of life. A sweep of a folder with 10,000 new files takes its time.
PULSES = {"relay": 60.0, "beat": 120.0, "watch": 300.0, "guard": 180.0}
_IDLE_SECONDS = 60.0
_LONGEST_ATTEMPT_SECONDS = 330.0  # `task_time_limit` and a little


def by_pulse(database_url: str, name: str, seconds: float) -> Callable[[], Verdict]:
    """For a process that notes in `heartbeat` that it has done its rounds. Beat's is noted by the worker it wakes."""

    def judge() -> Verdict:
        late = _ask(
            database_url,
            "SELECT at < now() - make_interval(secs => %(seconds)s) FROM heartbeat WHERE name = %(name)s",
            {"name": name, "seconds": seconds},
        )
        return _verdict(stuck=late)

    return judge


def by_work(database_url: str, queues: tuple[str, ...], processes: int) -> Callable[[], Verdict]:
    """For a worker: stuck if work it was rung for waits, nothing was claimed for a while, and not all its hands are full.

    A claim without a result, of a row that is not done, is a hand at work or a crash of the last minutes; the second only
    makes us more patient. Of a row that is done it is nothing any more.
    """
    stages = [stage.name for stage in FLOW if stage.queue in queues]

    def judge() -> Verdict:
        stuck = _ask(
            database_url,
            """
            WITH recent AS (
                SELECT c.at, c.result, w.state FROM claim c JOIN work w ON w.id = c.work_id
                WHERE w.stage = ANY(%(stages)s) AND c.at > now() - make_interval(secs => %(attempt)s)
            )
            SELECT EXISTS (SELECT FROM work WHERE state = 'due' AND stage = ANY(%(stages)s) AND rung_at IS NOT NULL
                           AND due_at < now() - make_interval(secs => %(idle)s))
               AND NOT EXISTS (SELECT FROM recent WHERE at > now() - make_interval(secs => %(idle)s))
               AND (SELECT count(*) FROM recent WHERE result IS NULL AND state = 'due') < %(hands)s
            """,
            {
                "stages": stages,
                "attempt": _LONGEST_ATTEMPT_SECONDS,
                "idle": _IDLE_SECONDS,
                "hands": processes,
            },
        )
        return _verdict(stuck=stuck)

    return judge


def _verdict(*, stuck: bool | None) -> Verdict:
    if stuck is None:
        return Verdict.UNKNOWN
    return Verdict.STUCK if stuck else Verdict.MOVING


def _ask(database_url: str, query: str, values: dict[str, object]) -> bool | None:
    """The one yes or no of a query; None if there is no row, or no answer in time."""
    with (
        suppress(psycopg.Error),
        psycopg.connect(
            database_url.replace("postgresql+psycopg://", "postgresql://", 1),
            connect_timeout=_ASK_SECONDS,
            options=f"-c statement_timeout={_ASK_SECONDS}s",
            application_name="kk2-supervisor",
        ) as connection,
    ):
        row = connection.execute(query.encode("utf-8"), values).fetchone()
        return None if row is None else bool(row[0])
    return None
