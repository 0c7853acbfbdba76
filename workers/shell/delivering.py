"""Stage `deliver`: commit the attempt and the lease; call, with no transaction open; decide; commit.

A worker that dies after the first commit leaves the voucher in state `sending`. Whoever claims the row when the lease
has run out takes the dead call for one without an answer: in doubt, and asked for before anything is sent again.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline import posting
from pipeline.flow import stage_of
from pipeline.posting import AnswerFacts, Conclusion
from schemas import events
from schemas.setup import ClosedPeriodPolicy, Installation
from schemas.transfer import UNREAD, DeliveryAnswer, Verdict
from schemas.voucher import VoucherState
from workers.accounting import Accounting, Trouble, connect
from workers.facts import deliveries
from workers.facts.deliveries import ToSend
from workers.log import logger
from workers.saves import conclusions
from workers.secrets import resolve
from workers.shell import Hands, Stand, gave_up_after_crashes, recover, rows, slots, try_again
from workers.shell.following import follow
from workers.shell.rows import NotYet
from workers.store import setup as setup_store
from workers.store.engine import transaction

_LOG = logger(__name__)
_BRAKE_PAUSE = 300.0  # who starts delivery again makes what waited due at once
_AGAIN_SOON = 1.0


@dataclass(frozen=True, slots=True)
class _Call:
    installation: Installation
    accounting: Accounting
    slot: int
    vouchers: tuple[ToSend, ...]
    policies: tuple[ClosedPeriodPolicy, ...]


class Stopped(NotYet):
    """A person or a restore has stopped delivery: trouble of before is no reason to give up when it is started again."""

    result = "stopped"


def deliver(work_id: int, hands: Hands) -> None:
    """Send the vouchers of one work row in one call."""
    stage = stage_of("deliver")
    with recover(work_id, stage, hands):
        call = slots.when_free(lambda: _begin(work_id, hands))
        if call is None:
            return
        started = time.monotonic()
        answered: bool | None = None
        try:
            answers, exchange = call.accounting.register([v.voucher for v in call.vouchers])
            answered = any(_is_word_of_visma(answer) for answer in answers)
            found = [
                posting.concluded(AnswerFacts(v.voucher.total, len(v.voucher.lines), answer, policy))
                for v, answer, policy in zip(call.vouchers, answers, call.policies, strict=True)
            ]
            periods = _open_periods(call) if any(conclusion.remake for conclusion in found) else {}
        finally:
            slots.give_back(hands.engine, call.installation, call.slot, answered=answered)
        with transaction(hands.engine, "deliver.conclude") as connection:
            conclusions.log(
                connection,
                [(v.id, v.attempt) for v in call.vouchers],
                answers,
                exchange,
                time.monotonic() - started,
            )
            claimed = rows.hold(connection, work_id, "deliver")
            if claimed is None:
                return  # the lease ran out and another worker has taken the row: its word counts
            stand = Stand(connection, hands, stage, claimed)
            if _refused_whole(answers):
                _send_apart(stand, call, answers)
            else:
                _conclude(stand, call, answers, found, periods)
        hands.ringer.ring(stand.rings)


def _begin(work_id: int, hands: Hands) -> _Call | None:
    """Commit what is about to be done: state, attempt, lease. None where there is nothing to send."""
    with transaction(hands.engine, "deliver.begin") as connection:
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
        if gave_up_after_crashes(stand):
            return None
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
        if dead:
            rows.postpone(connection, work_id, _AGAIN_SOON, "waits")  # the rest goes out in a call of its own
            return None
        stopped = deliveries.brake(connection, {v.voucher.company for v in to_send}, installation.code)
        if stopped:
            raise Stopped(min(_BRAKE_PAUSE, stopped.seconds or _BRAKE_PAUSE), stopped.says)
        held = deliveries.orphans(connection, [v.id for v in to_send])
        if held:
            if not rows.halve(connection, claimed):
                raise Stopped(_BRAKE_PAUSE, held)
            return None
        # a fault of the setup shows here, before the lease: nothing is in doubt then
        accounting = connect(installation, resolve)
        policies = tuple(
            setup.companies[v.voucher.company].latest().value.closed_period_policy for v in to_send
        )
        calls = (
            2 if ClosedPeriodPolicy.NEXT_OPEN in policies else 1
        )  # it may ask for the open periods besides
        lease = slots.lease_for(installation, calls)
        slot = slots.take(connection, installation, lease)
        rows.count_attempt(hands.engine, work_id)
        deliveries.begin(connection, [v.id for v in to_send], lease)
    return _Call(installation, accounting, slot, to_send, policies)


def _open_periods(call: _Call) -> dict[str, frozenset[tuple[int, int]]]:
    """Each company's open periods; empty where Visma does not say, and the voucher waits for a person."""
    try:
        return {company.code: company.open_periods for company in call.accounting.installation().companies}
    except Trouble as trouble:
        _LOG.warning("open periods not told", code=trouble.code)
        return {}


def _is_word_of_visma(answer: DeliveryAnswer) -> bool:
    """Whether it was there and decided; a file that lies unread was handed over as it should be."""
    return answer.verdict in (Verdict.BOOKED, Verdict.REFUSED) or answer.code == UNREAD


def _refused_whole(answers: Sequence[DeliveryAnswer]) -> bool:
    """Whether one no was said to a call of several vouchers: which of them is it about?"""
    return (
        len(answers) > 1
        and {answer.verdict for answer in answers} == {Verdict.REFUSED}
        and (len({(answer.code, answer.note) for answer in answers}) == 1)
    )


def _send_apart(stand: Stand, call: _Call, answers: Sequence[DeliveryAnswer]) -> None:
    """Send the halves of a call that was refused whole, so that what is well goes through. None of it is booked."""
    for sent, answer in zip(call.vouchers, answers, strict=True):
        conclusions.move(stand.connection, sent.id, sent.attempt, posting.UNSENT, answer.code, answer.note)
    rows.halve(stand.connection, stand.claimed)


def _conclude(
    stand: Stand,
    call: _Call,
    answers: Sequence[DeliveryAnswer],
    found: Sequence[Conclusion],
    periods: dict[str, frozenset[tuple[int, int]]],
) -> None:
    connection = stand.connection
    days = {
        sent.id: posting.next_open(sent.voucher.voucher_date, periods.get(sent.voucher.company, frozenset()))
        for sent, conclusion in zip(call.vouchers, found, strict=True)
        if conclusion.remake
    }
    # cases before vouchers: in this order do the settling workers lock
    cases = {
        voucher_id: conclusions.lock_cases(connection, voucher_id) for voucher_id, day in days.items() if day
    }
    unsent = ""
    for sent, answer, conclusion in zip(call.vouchers, answers, found, strict=True):
        if not conclusions.move(connection, sent.id, sent.attempt, conclusion, answer.code, answer.note):
            continue  # a person or a later attempt has moved it on
        unsent = answer.code if answer.verdict is Verdict.UNSENT else unsent
        day = days.get(sent.id)
        if day is None:
            follow(stand, sent, conclusion, call.installation)
        else:
            _remake(stand, sent, cases[sent.id], day)
    if unsent:
        # certainly not booked: the same row, later, for what is still to be sent
        stand.rings += try_again(connection, stand.claimed.work_id, stand.stage, unsent)
        return
    rows.done(connection, stand.claimed.work_id)


def _remake(stand: Stand, sent: ToSend, case_ids: tuple[int, ...], day: date) -> None:
    """Take back a voucher whose period is closed; the same payments make a new one, dated in the next open period."""
    freed = conclusions.free_reversals(stand.connection, sent.id)
    plan, approved_by = conclusions.void(stand.connection, sent.id, case_ids, day)
    stand.send(
        [
            events.VoucherRefused(sent.id),
            events.VoucherVoided(sent.id, case_ids),
            events.PartReady(sent.voucher.company, (plan,), approved_by),
        ]
    )
    if freed:
        stand.send([events.OriginalConcluded(tuple(freed))])
