"""Stage `number`: write case numbers in Visma, with no transaction open; conclude row by row; commit. The cases stand."""

from dataclasses import dataclass

from pipeline import numbering
from pipeline.flow import stage_of
from pipeline.numbering import NumberFacts
from pipeline.stage import Reason
from schemas import events
from schemas.setup import Installation
from schemas.transfer import NumberAnswer, NumberState
from workers.accounting import MOST_ROWS, Accounting, CannotTell, Trouble, connect
from workers.facts import invoices
from workers.facts.invoices import ToWrite
from workers.saves import invoices as invoice_saves
from workers.secrets import resolve
from workers.shell import Hands, Stand, gave_up_after_crashes, recover, rows, slots, try_again, turns
from workers.store import setup as setup_store
from workers.store.engine import transaction


@dataclass(frozen=True, slots=True)
class _Call:
    installation: Installation
    accounting: Accounting
    slot: int
    asked: events.NumbersAsked
    numbers: tuple[ToWrite, ...]


def number(work_id: int, hands: Hands) -> None:
    """Write the case numbers of one work row that wait: at most 1,000 in a call, the rest when the row is due again."""
    stage = stage_of("number")
    with recover(work_id, stage, hands):
        call = slots.when_free(lambda: _begin(work_id, hands))
        if call is None:
            return
        answers: tuple[NumberAnswer, ...] = ()
        lacking = ""
        answered: bool | None = None
        try:
            answers, _ = call.accounting.write_case_numbers(
                call.asked.company, [n.number for n in call.numbers]
            )
            answered = True
        except CannotTell as cannot:
            lacking = str(cannot)
        except Trouble:
            answered = False
            raise
        finally:
            slots.give_back(hands.engine, call.installation, call.slot, answered=answered)
        with transaction(hands.engine, "number.conclude") as connection:
            claimed = rows.hold(connection, work_id, "number")
            if claimed is None:
                return
            stand = Stand(connection, hands, stage, claimed)
            if lacking:
                stand.park(Reason.NOT_OFFERED, lacking)
            else:
                _conclude(stand, call, answers)
        hands.ringer.ring(stand.rings)


def _begin(work_id: int, hands: Hands) -> _Call | None:
    """Commit the attempt and the lease. None where nothing waits, or the company delivers nothing."""
    with transaction(hands.engine, "number.begin") as connection:
        claimed = rows.claim(connection, work_id, "number")
        if claimed is None or gave_up_after_crashes(Stand(connection, hands, stage_of("number"), claimed)):
            return None
        event = claimed.event
        assert isinstance(event, events.NumbersAsked)
        waiting = invoices.to_write(connection, event.invoice_ids, MOST_ROWS)
        setup = setup_store.current(connection)
        company = setup.companies[event.company].latest().value
        if not waiting or not company.posting:
            rows.done(connection, work_id)  # in shadow mode they wait; the next import asks for them again
            return None
        installation = setup.installations[company.installation].latest().value
        accounting = connect(installation, resolve)
        lease = slots.lease_for(installation, 1)
        slot = slots.take(connection, installation, lease)
        rows.count_attempt(hands.engine, work_id)
        turns.lease(connection, work_id, lease)
    return _Call(installation, accounting, slot, event, tuple(waiting))


def _conclude(stand: Stand, call: _Call, answers: tuple[NumberAnswer, ...]) -> None:
    concluded = [
        (each.invoice_id, answer, numbering.conclude(NumberFacts(answer, each.number.case_no)))
        for each, answer in zip(call.numbers, answers, strict=True)
    ]
    still = set(invoice_saves.conclude(stand.connection, concluded))
    written = tuple(
        invoice_id
        for invoice_id, _, conclusion in concluded
        if conclusion.state is NumberState.WRITTEN and invoice_id in still
    )
    if written:
        stand.send([events.NumbersWritten(call.asked.company, written)])
    unknown = next(
        (a.code for _, a, conclusion in concluded if conclusion.state is NumberState.WAITING), None
    )
    if unknown is not None:
        stand.rings += try_again(stand.connection, stand.claimed.work_id, stand.stage, unknown)
    elif invoices.to_write(stand.connection, call.asked.invoice_ids, 1):
        rows.postpone(stand.connection, stand.claimed.work_id, 0.0, "waits")
    else:
        rows.done(stand.connection, stand.claimed.work_id)
