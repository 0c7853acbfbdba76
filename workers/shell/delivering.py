"""Stages `deliver` and `inquire`: commit the attempt and the lease; call, with no transaction open; decide; commit.

A worker that dies after the first commit leaves the voucher in state `sending`. Whoever claims the row when the lease
has run out takes the dead call for one without an answer: in doubt, and asked for before anything is sent again.
"""

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pipeline import posting
from pipeline.flow import stage_of
from pipeline.posting import AnswerFacts, Conclusion, InquiryFacts
from schemas import events
from schemas.setup import Company, Installation
from schemas.transfer import DeliveryAnswer, Exchange, Verdict
from schemas.voucher import VoucherState
from workers.accounting import Trouble, connect
from workers.crash import crash_point
from workers.facts import deliveries
from workers.facts.deliveries import ToSend
from workers.saves import conclusions
from workers.secrets import resolve
from workers.shell import Hands, Stand, recover, rows, try_again
from workers.shell.rows import NotYet
from workers.store import setup as setup_store

_SLACK = 15.0  # seconds that a lease is longer than the call may take
_SLOT_WAIT = 10.0
_SLOT_LOOK = 0.05
_BRAKE_PAUSE = 15.0
_AGAIN_SOON = 1.0


@dataclass(frozen=True, slots=True)
class _Call:
    installation: Installation
    slot: int
    vouchers: tuple[ToSend, ...]
    left: tuple[int, ...]  # vouchers whose earlier call died: they are in doubt now


def deliver(work_id: int, hands: Hands) -> None:
    """Send the vouchers of one work row in one call."""
    stage = stage_of("deliver")
    with recover(work_id, stage, hands):
        call = _begin_when_free(work_id, hands)
        if call is None:
            return
        crash_point("deliver.leased")
        started = time.monotonic()
        try:
            answers, exchange = _send(call)
        finally:
            deliveries.release_slot(hands.engine, call.installation.code, call.slot)
        crash_point("deliver.answered")
        with hands.engine.begin() as connection:
            stand = _again(connection, work_id, hands)
            if stand is None:
                return  # the lease ran out and another worker has taken the row: its word counts
            _conclude(stand, call, answers, exchange, time.monotonic() - started)
        crash_point("deliver.concluded")
        hands.ringer.ring(stand.rings)


def _begin_when_free(work_id: int, hands: Hands) -> _Call | None:
    """Begin; while as many calls as this Visma may have are under way, look again, for they end in a moment."""
    deadline = time.monotonic() + _SLOT_WAIT
    while True:
        try:
            return _begin(work_id, hands)
        except SlotsTaken:
            if time.monotonic() > deadline:
                raise
            time.sleep(_SLOT_LOOK)


class SlotsTaken(NotYet):
    """As many calls as this Visma may have are under way."""


def _begin(work_id: int, hands: Hands) -> _Call | None:
    """Commit what is about to be done: state, attempt, lease. None where there is nothing to send."""
    with hands.engine.begin() as connection:
        claimed = rows.claim(connection, work_id, "deliver")
        if claimed is None:
            return None
        event = claimed.event
        assert isinstance(event, events.VouchersApproved | events.VoucherAbsent | events.RetryAsked)
        vouchers = deliveries.lock(connection, event.voucher_ids)
        if not vouchers:
            rows.done(connection, work_id)
            return None
        setup = setup_store.current(connection)
        installation = setup.installations[vouchers[0].installation].latest().value
        stand = Stand(connection, hands, stage_of("deliver"), claimed)
        if any(v.state is VoucherState.SENDING and v.leased for v in vouchers):
            raise NotYet(_AGAIN_SOON, "another worker's call is under way")
        dead = [v for v in vouchers if v.state is VoucherState.SENDING]
        if dead:
            conclusions.in_doubt(
                connection, [v.id for v in dead], "the worker that sent it died without an answer"
            )
            stand.send([events.VoucherInDoubt(v.id) for v in dead], due_in=installation.inquiry_pause)
        to_send = tuple(v for v in vouchers if v.state is VoucherState.APPROVED)
        if not to_send:
            rows.done(connection, work_id)
            return None
        stopped = deliveries.brake(connection, {v.voucher.company for v in to_send})
        if stopped:
            raise NotYet(_BRAKE_PAUSE, stopped)
        lease = installation.connect_timeout + installation.operation_timeout + _SLACK
        slot = deliveries.take_slot(connection, installation, lease, _holder())
        if slot is None:
            raise SlotsTaken(_AGAIN_SOON, "as many calls as this Visma may have are under way")
        rows.count_attempt(hands.engine, work_id)
        deliveries.begin(connection, [v.id for v in to_send], lease)
    return _Call(installation, slot, to_send, tuple(v.id for v in dead))


def _send(call: _Call) -> tuple[tuple[DeliveryAnswer, ...], Exchange]:
    accounting = connect(call.installation, resolve)
    return accounting.register([v.voucher for v in call.vouchers])


def _again(connection: Connection, work_id: int, hands: Hands) -> Stand | None:
    claimed = rows.claim(connection, work_id, "deliver")
    return None if claimed is None else Stand(connection, hands, stage_of("deliver"), claimed)


def _conclude(
    stand: Stand, call: _Call, answers: Sequence[DeliveryAnswer], exchange: Exchange, seconds: float
) -> None:
    connection = stand.connection
    setup = setup_store.current(connection)
    again = False
    for sent, answer in zip(call.vouchers, answers, strict=True):
        company: Company = setup.companies[sent.voucher.company].latest().value
        facts = AnswerFacts(sent.voucher.total, len(sent.voucher.lines), answer, company.closed_period_policy)
        conclusion = posting.concluded(facts)
        if not conclusions.move(connection, sent.id, sent.attempt, conclusion, answer.code, answer.note):
            continue  # a person or a later attempt has moved it on
        again = again or answer.verdict is Verdict.UNSENT
        _follow(stand, sent, conclusion, call.installation)
    conclusions.log(connection, [(v.id, v.attempt) for v in call.vouchers], answers, exchange, seconds)
    if again:
        # certainly not booked: the same row, later, for what is still to be sent
        try_again(connection, stand.claimed.work_id, stand.stage, answers[0].code)
        return
    rows.done(connection, stand.claimed.work_id)


def _follow(stand: Stand, sent: ToSend, conclusion: Conclusion, installation: Installation) -> None:
    """Record what the conclusion means, and free the reversals that waited for it."""
    match conclusion.state:
        case VoucherState.DELIVERED:
            stand.send([events.VoucherDelivered(sent.id, conclusion.voucher_no)])
        case VoucherState.IN_DOUBT if conclusion.park is None:
            stand.send([events.VoucherInDoubt(sent.id)], due_in=installation.inquiry_pause)
        case VoucherState.REFUSED:
            stand.send([events.VoucherRefused(sent.id)])
        case _:
            pass
    if conclusion.park is not None:
        conclusions.park(stand.connection, stand.claimed.event_id, stand.stage.name, sent.id, conclusion.park)
    if conclusion.state is VoucherState.DELIVERED:
        freed = conclusions.free_reversals(stand.connection, sent.id)
        if freed:
            stand.send([events.OriginalConcluded(tuple(freed))])


def inquire(work_id: int, hands: Hands) -> None:
    """Ask Visma for a voucher in doubt by our reference, and conclude."""
    stage = stage_of("inquire")
    with recover(work_id, stage, hands):
        with hands.engine.begin() as connection:
            claimed = rows.claim(connection, work_id, "inquire")
            if claimed is None:
                return
            rows.count_attempt(hands.engine, work_id)
            event = claimed.event
            assert isinstance(event, events.VoucherInDoubt | events.InquiryAsked)
            found = [
                v for v in deliveries.lock(connection, [event.voucher_id]) if v.state is VoucherState.IN_DOUBT
            ]
            if not found:
                rows.done(connection, work_id)
                return
            doubted = found[0]
            setup = setup_store.current(connection)
            installation = setup.installations[doubted.installation].latest().value
        crash_point("inquire.claimed")
        try:
            answer, exchange = connect(installation, resolve).find(
                doubted.voucher.company, doubted.voucher.reference
            )
        except Trouble as trouble:
            with hands.engine.begin() as connection:
                conclusions.log_inquiry(
                    connection, doubted.id, doubted.attempt, trouble.exchange, trouble.code
                )
            raise
        crash_point("inquire.answered")
        with hands.engine.begin() as connection:
            again = rows.claim(connection, work_id, "inquire")
            if again is None:
                return
            stand = Stand(connection, hands, stage, again)
            facts = InquiryFacts(
                doubted.voucher.total,
                len(doubted.voucher.lines),
                doubted.voucher.reference,
                answer,
                doubted.absent,
            )
            conclusion = posting.inquired(facts)
            conclusions.log_inquiry(connection, doubted.id, doubted.attempt, exchange, conclusion.state.value)
            _conclude_inquiry(stand, doubted, conclusion, installation)
        crash_point("inquire.concluded")
        hands.ringer.ring(stand.rings)


def _conclude_inquiry(
    stand: Stand, doubted: ToSend, conclusion: Conclusion, installation: Installation
) -> None:
    connection = stand.connection
    if not conclusions.move(connection, doubted.id, doubted.attempt, conclusion, "", ""):
        rows.done(connection, stand.claimed.work_id)
        return
    if conclusion.state is VoucherState.IN_DOUBT and conclusion.park is None:
        # absent for the first time: a slow booking may still come through; the same row asks again
        rows.postpone(connection, stand.claimed.work_id, installation.inquiry_pause, "waits")
        return
    if conclusion.state is VoucherState.APPROVED:
        stand.send([events.VoucherAbsent((doubted.id,))])
    else:
        _follow(stand, doubted, conclusion, installation)
    rows.done(connection, stand.claimed.work_id)


def _holder() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"
