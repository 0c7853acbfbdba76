"""Due work to the broker: the ring after a commit, and the sweep that rings again for what the broker has lost.

The database says what is due; a message is only a wake-up with a row's id. So the worst that a broker can do is to make
work late (the sweep finds it) or to wake it twice (the claim lets only one through).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from celery import Celery
from kombu.exceptions import OperationalError as BrokerDownError
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine, text

from pipeline.flow import FLOW, QUEUES, stage_of
from workers.crash import outside
from workers.journal import EVENTS, Ring, label, restore
from workers.log import logger
from workers.settings import PREFIX
from workers.store.engine import transaction

_LOG = logger(__name__)
_PAUSE_AFTER_FAILURE = 10.0
_AT_MOST = 5_000  # rows rung in one sweep
_STAGES = [stage.name for stage in FLOW]
_LEADER = 7_203_011  # the relay's advisory lock: a second relay waits, harmless


Bell: TypeAlias = Callable[[Ring], None]
"""Tells the broker that a work row is due; raises when the broker can't be reached."""


@dataclass(slots=True)
class Ringer:
    """Rings after commits; after one failure it is silent for ten seconds, so that a frozen broker slows no commit."""

    bell: Bell
    clock: Callable[[], float] = time.monotonic
    silent_until: float = 0.0
    unheard: int = 0

    def ring(self, rings: Sequence[Ring]) -> bool:
        """Ring for each; True if all were heard. What was not heard is the sweep's, the rows know it."""
        for number, ring in enumerate(rings):
            if self.clock() < self.silent_until:
                self.unheard += len(rings) - number
                return False
            try:
                self.bell(ring)
            except (BrokerDownError, RedisError, OSError) as error:
                self.silent_until = self.clock() + _PAUSE_AFTER_FAILURE
                self.unheard += len(rings) - number
                _LOG.warning(
                    "broker not reached", error=str(type(error).__name__), unheard=len(rings) - number
                )
                return False
        return True


def celery_bell(app: Celery) -> Bell:
    """Give the bell that publishes through Celery: the row's id and nothing else."""

    def bell(ring: Ring) -> None:
        queue = stage_of(ring.stage).queue
        try:
            with outside("ring"):
                app.send_task(
                    ring.stage, args=[ring.work_id], queue=queue, argsrepr=f"({ring.label})", kwargsrepr=""
                )
        except AttributeError as stumbled:  # kombu's, over a connection that was closed beneath it
            raise BrokerDownError("the connection to the broker was closed") from stumbled

    return bell


@dataclass(frozen=True, slots=True)
class Swept:
    """One sweep: rows to ring for the first time (they had become due), and again because the broker lost them."""

    due: tuple[Ring, ...]
    again: tuple[Ring, ...]


def waiting_in(redis: Redis, queue: str) -> int:
    """Count the messages that wait in a queue; those that a worker was handed are not among them."""
    return cast("int", redis.llen(f"{PREFIX}{queue}"))


def sweep(
    connection: Connection,
    waiting: Mapping[str, int],
    *,
    ring_again_after: float,
    ring_anyway_after: float,
) -> Swept:
    """Mark as rung the rows that became due, and again those whose message is proven lost; ring after the commit.

    After, because a worker that is rung while the row is under our lock would leave it alone.

    Proof of loss by remaining, queue by queue: of all rows rung, as many as the queue holds may still be waiting there;
    of the others those rung a while ago that no worker has under lock are rung again, the oldest first. Young rows count
    too: under load the queue is full of their messages, which are no sign of an old one's. What a worker has, or holds in
    reserve, is rung too much by that, once in a while, and the claim lets only one through. What lies un-acked with a
    dead worker is rung again so, and not when the broker finds it.
    """
    rung = dict.fromkeys(QUEUES, 0)
    for stage, number in connection.execute(
        text("SELECT stage, count(*) FROM work WHERE state = 'due' AND rung_at IS NOT NULL GROUP BY stage")
    ):
        if stage in _STAGES:
            rung[stage_of(stage).queue] += number
    due = _rings(connection, "rung_at IS NULL AND due_at <= now()", {}, _AT_MOST)
    again: list[Ring] = []
    for queue in QUEUES:
        stages = [stage.name for stage in FLOW if stage.queue == queue]
        old = "rung_at < now() - make_interval(secs => :age) AND w.stage = ANY(:stages)"
        unheld = _rings(connection, old, {"age": ring_again_after, "stages": stages}, _AT_MOST)
        missing = rung[queue] - waiting[queue]
        again += unheld[: max(missing, 0)]
    known = {ring.work_id for ring in again}
    anyway = _rings(
        connection, "rung_at < now() - make_interval(secs => :age)", {"age": ring_anyway_after}, _AT_MOST
    )
    again += [ring for ring in anyway if ring.work_id not in known]
    connection.execute(
        text("UPDATE work SET rung_at = now() WHERE id = ANY(:ids)"),
        {"ids": [ring.work_id for ring in (*due, *again)]},
    )
    return Swept(tuple(due), tuple(again))


def _rings(connection: Connection, which: str, values: dict[str, object], most: int) -> list[Ring]:
    """Due rows that no worker has under lock, the oldest first; they are under ours until the commit."""
    rows = connection.execute(
        text(
            "SELECT w.id, w.stage, j.event, w.body FROM work w JOIN journal j ON j.id = w.event_id "
            # a row of a newer program than this waits for it, and stops no other
            f"WHERE w.state = 'due' AND w.stage = ANY(:known) AND j.event = ANY(:events) AND w.{which} ORDER BY w.due_at, w.id LIMIT :most "
            "FOR UPDATE OF w SKIP LOCKED"
        ),
        {**values, "known": _STAGES, "events": list(EVENTS), "most": most},
    )
    return [Ring(row[0], row[1], label(restore(row[2], row[3]))) for row in rows]


def run(
    engine: Engine,
    ringer: Ringer,
    redis: Redis,
    *,
    interval: float,
    ring_again_after: float,
    ring_anyway_after: float,
    stop: Callable[[float], bool],
) -> None:
    """Sweep until `stop(seconds)` says so (it waits that long). Outermost loop: trouble is logged and tried again."""
    while True:
        try:
            waiting = {queue: waiting_in(redis, queue) for queue in QUEUES}
            with transaction(engine, "sweep") as connection:
                if not connection.execute(
                    text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LEADER}
                ).scalar_one():
                    swept = Swept((), ())  # another relay sweeps
                else:
                    swept = sweep(
                        connection,
                        waiting,
                        ring_again_after=ring_again_after,
                        ring_anyway_after=ring_anyway_after,
                    )
                    beat(connection, "relay", f"{len(swept.due)} due, {len(swept.again)} rung again")
            if swept.again:
                _LOG.warning("rung again", rows=len(swept.again))
            ringer.ring((*swept.due, *swept.again))
        except Exception:  # the relay outlives every fault of the world; the next sweep sees the same rows
            _LOG.exception("sweep failed")
        if stop(interval):
            return


def beat(connection: Connection, name: str, note: str) -> None:
    """Note that a process is alive and has just done its rounds."""
    connection.execute(
        text(
            "INSERT INTO heartbeat (name, at, done_at, note) VALUES (:name, now(), now(), :note) "
            "ON CONFLICT (name) DO UPDATE SET at = now(), done_at = now(), note = :note"
        ),
        {"name": name, "note": note},
    )
