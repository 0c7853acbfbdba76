"""Run a stage: claim its work row, count the attempt, let it decide and save, commit once, ring for what follows.

What can come out of an attempt:
    done        everything saved with the row in one commit
    parked      the business says no: the stage parks the row and commits, a person goes on
    not yet     it must wait for something of ours (`NotYet`): due again soon, counted as nothing
    trouble     the world does not answer: due again after the stage's pause; too long, and the row parks GAVE_UP
    bug         any other exception: rolled back, the batch is halved; what can't be halved parks BUG at the fifth
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, Engine, text

from pipeline.flow import stage_of
from pipeline.stage import Reason, Stage
from schemas.schedule import OSLO
from workers.accounting import Trouble
from workers.archive import ArchiveError
from workers.journal import Ring, record
from workers.log import logger
from workers.relay import Ringer
from workers.settings import Settings
from workers.shell import rows
from workers.shell.rows import Claimed, NotYet
from workers.store.engine import is_trouble, transaction

__all__ = [
    "Body",
    "Claimed",
    "Hands",
    "NotYet",
    "Stand",
    "gave_up_after_crashes",
    "inside",
    "recover",
    "trouble_of",
    "try_again",
]

_LOG = logger(__name__)


def _today() -> date:
    return datetime.now(OSLO).date()


@dataclass(frozen=True, slots=True)
class Hands:
    """What every stage needs of the world: the database, the bell, the site's settings, and the day in Norway."""

    engine: Engine
    ringer: Ringer
    settings: Settings
    today: Callable[[], date] = _today


@dataclass(slots=True)
class Stand:
    """Where a stage stands while it works: its open transaction, its row, and what it sends."""

    connection: Connection
    hands: Hands
    stage: Stage
    claimed: Claimed
    rings: list[Ring] = field(default_factory=list)
    parked: bool = False

    def send(self, events: Sequence[object], *, due_in: float = 0.0) -> None:
        """Record events that this stage may send; a TypeError says that the page does not know of one."""
        for event in events:
            if type(event) not in self.stage.may_send:
                raise TypeError(
                    f"stage {self.stage.name} may not send {type(event).__name__}; the page says so"
                )
        self.rings += record(self.connection, events, due_in=due_in)

    def park(self, reason: Reason, note: str) -> None:
        """Park this work row in the same commit: a person's repair goes on from here."""
        rows.park(self.connection, self.claimed.work_id, reason, note)
        self.parked = True


Body = Callable[[Stand], None]


def inside(work_id: int, name: str, hands: Hands, body: Body) -> None:
    """Run one INSIDE stage for one work row. A row that is not due, or that another worker has, is left alone."""
    stage = stage_of(name)
    with recover(work_id, stage, hands):
        with transaction(hands.engine, name) as connection:
            claimed = rows.claim(connection, work_id, name)
            if claimed is None:
                return
            rows.count_attempt(hands.engine, work_id)
            if claimed.crashes >= rows.CRASHES_TO_HALVE and rows.halve(connection, claimed):
                return  # the relay rings for the halves
            stand = Stand(connection, hands, stage, claimed)
            if not gave_up_after_crashes(stand):
                body(stand)
                if not stand.parked:
                    rows.done(connection, work_id)
        hands.ringer.ring(stand.rings)


def gave_up_after_crashes(stand: Stand) -> bool:
    """Park a row over which workers die again and again; False where it may be tried."""
    crashes = stand.claimed.crashes
    if crashes < rows.CRASHES_TO_PARK:
        return False
    note = f"the worker died {crashes} times over this"
    stand.rings += rows.give_up(stand.connection, stand.claimed.work_id, Reason.BUG, note)
    return True


@contextmanager
def recover(work_id: int, stage: Stage, hands: Hands) -> Iterator[None]:
    """Turn what went wrong in the block into the row's next step, in a transaction of its own."""
    try:
        yield
    except NotYet as wait:
        with rows.telling(work_id), transaction(hands.engine, "recover.wait") as connection:
            rows.postpone(connection, work_id, wait.seconds, wait.result)
    except Exception as error:
        code = trouble_of(error)
        with rows.telling(work_id), transaction(hands.engine, "recover.trouble") as connection:
            if code is not None:
                _LOG.warning("trouble", work=work_id, stage=stage.name, code=code)
                rings = try_again(connection, work_id, stage, code)
            else:
                _LOG.error("bug", work=work_id, stage=stage.name, error=rows.told(error))
                rings = rows.isolate(connection, work_id, error)
        hands.ringer.ring(rings)


def trouble_of(error: BaseException) -> str | None:
    """Name the world's trouble, or None for a fault of ours."""
    if isinstance(error, Trouble):
        return error.code
    if is_trouble(error) or isinstance(error, OSError | ArchiveError | SoftTimeLimitExceeded | MemoryError):
        return type(error).__name__
    return None


def try_again(connection: Connection, work_id: int, stage: Stage, code: str) -> list[Ring]:
    """After trouble: due again after the stage's growing pause; too long, and a person is asked. Gives what to ring for."""
    found = connection.execute(
        text(
            "SELECT count(c.work_id), coalesce(extract(epoch FROM now() - w.troubled_since), 0) "
            "FROM work w LEFT JOIN claim c ON c.work_id = w.id AND c.result = 'trouble' WHERE w.id = :id GROUP BY w.id"
        ),
        {"id": work_id},
    ).one()
    troubles, troubled_for = int(found[0]), float(found[1])
    if troubled_for > stage.retry.give_up_after:
        note = f"no answer for {troubled_for / 3600:.0f} hours, last: {code}"
        return rows.give_up(connection, work_id, Reason.GAVE_UP, note)
    rows.postpone(connection, work_id, stage.retry.pause(troubles + 1, random.random()), "trouble")  # noqa: S311
    return []
