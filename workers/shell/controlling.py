"""Stage `control`: read what Visma has, page by page with no transaction open; hold ours against it; keep what differs."""

from sqlalchemy import Connection

from pipeline.flow import stage_of
from schemas import events
from workers.saves import controls
from workers.shell import Hands, Stand, gave_up_after_crashes, recover, rows, slots, turns
from workers.shell.looking import look
from workers.store import setup as setup_store
from workers.store.engine import transaction


def control(work_id: int, hands: Hands) -> None:
    """Hold a company against Visma. Only reads there, so that a control that broke is simply made again."""
    stage = stage_of("control")
    with recover(work_id, stage, hands):
        with transaction(hands.engine, "control.begin") as connection:
            claimed = rows.claim(connection, work_id, "control")
            if claimed is None or gave_up_after_crashes(Stand(connection, hands, stage, claimed)):
                return
            rows.count_attempt(hands.engine, work_id)
            event = claimed.event
            assert isinstance(event, events.ControlDue)
            lease = _lease(connection, event.company)
            turns.lease(connection, work_id, lease)
        seen = look(hands, event.company, lambda: _keep(hands, work_id, lease))
        with transaction(hands.engine, "control.save") as connection:
            held = rows.hold(connection, work_id, "control")
            if held is None:
                return
            stand = Stand(connection, hands, stage, held)
            run_id, number = controls.save(connection, seen.run(), seen.found, seen.told, seen.unjudged)
            stand.send([events.Compared(event.company, run_id, number)])
            rows.done(connection, work_id)
        hands.ringer.ring(stand.rings)


def _lease(connection: Connection, company: str) -> float:
    """For so many seconds no other worker begins the same control; two would do no harm, for both only read."""
    setup = setup_store.current(connection)
    installation = setup.companies[company].latest().value.installation
    return slots.lease_for(setup.installations[installation].latest().value, 1)


def _keep(hands: Hands, work_id: int, lease: float) -> None:
    with transaction(hands.engine, "control.keep") as connection:
        turns.lease(connection, work_id, lease)
