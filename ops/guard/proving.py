"""The money check by the clock: once a slot, whatever guards there are and whichever is killed. A statement that takes too
long is given up (`workers.store.engine`), and one core is used.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from ops.balance import check, keep, keep_failure
from ops.guard.forgetting import forget_what_is_old
from pipeline import schedules
from pipeline.schedules import ScheduleFacts, Slot
from schemas.schedule import OSLO
from workers.accounting import Accounting
from workers.clock import BALANCE
from workers.log import logger
from workers.settings import Settings
from workers.store import schedules as schedule_store

_LOG = logger(__name__)
_COMES_UP = timedelta(minutes=1)
_ONE_AT_A_TIME = 7_203_024  # advisory lock: a second guard leaves the check to the first


def due(engine: Engine, times: str) -> Slot | None:
    """Give the slot of the money check that has come and is not taken; the schedule begins with the first call.

    Where the money was never checked that is soon after the start: a new site does not wait for its first night.
    """
    with engine.begin() as connection:
        now = schedule_store.take_turn(connection)
        schedule_store.keep(connection, {BALANCE: times}, now)
        stands = schedule_store.standing(connection)[BALANCE]
        return _first(connection, stands, now) or schedules.due(stands, now)


def _first(connection: Connection, stands: ScheduleFacts, now: datetime) -> Slot | None:
    """The check of a site whose money was never checked, once its processes have had time to come up."""
    if stands.taken is not None or now < max(stands.begun, stands.resumes or stands.begun) + _COMES_UP:
        return None
    proven = connection.execute(text("SELECT EXISTS (SELECT FROM proof)")).scalar_one()
    return None if proven else Slot(now, skipped=False)


def prove(engine: Engine, reach: Callable[[], Mapping[str, Accounting]], site: Settings) -> bool:
    """Make the check of the slot that is due and keep what it found, in one commit with the slot; False if there is nothing to do.

    A guard that is killed on the way has taken nothing: the next makes the check anew. `reach` gives each Visma.
    """
    with engine.connect() as alone:
        taken = alone.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME}).scalar_one()
        alone.commit()
        try:
            slot = due(engine, site.schedule_balance) if taken else None
            if slot is None:
                return False
            _make(engine, slot, reach, site)
            return True
        finally:
            alone.invalidate()  # whatever the connection has come to: its end gives the lock back


def _make(engine: Engine, slot: Slot, reach: Callable[[], Mapping[str, Accounting]], site: Settings) -> None:
    if slot.skipped:
        with engine.begin() as connection:
            schedule_store.take(connection, BALANCE, slot.at)
        return
    began = time.monotonic()
    report, note = None, ""
    try:
        with engine.connect() as connection:
            report = check(connection, reach(), replayed=site.balance_replay)
    except Exception as fault:  # the slot is taken, for the next round would meet the same fault
        _LOG.exception("money check failed")
        note = type(fault).__name__
    seconds = time.monotonic() - began
    with engine.begin() as connection:
        if report is not None:
            keep(connection, report, seconds=seconds, slot=slot.at)
        else:
            keep_failure(connection, slot.at, seconds, note)
        schedule_store.take(connection, BALANCE, slot.at)
    result = "unknown" if report is None else report.exit_status.name.lower()
    _LOG.info("money checked", result=result, seconds=round(seconds, 1))
    if report is not None and report.agrees:  # while money is looked for, nothing that could explain it goes
        forget_what_is_old(engine, site, slot.at.astimezone(OSLO).date())
