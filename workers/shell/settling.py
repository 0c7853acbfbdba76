"""Stages `settle` and `resettle`: find each payment's case, lock the cases, split them anew, save what changed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline import allocation, matching
from pipeline.allocation import CaseFacts, CaseSplit, Incoming
from pipeline.matching import MatchFacts
from pipeline.rates import RATES, Rates
from pipeline.stage import Park, Reason
from schemas import events
from schemas.case import Kind
from schemas.kid import verdict
from schemas.setup import NoSuchSetupError, Setup
from workers.crash import crash_point
from workers.facts import cases as case_facts
from workers.facts import payments as payment_facts
from workers.facts.cases import LockedCase
from workers.facts.payments import Waiting
from workers.saves import splits as split_saves
from workers.shell import Stand
from workers.shell.originals import Batch, find_originals, park_strays
from workers.store import setup as setup_store

_RATES = Rates(RATES)


def settle(stand: Stand) -> None:
    """Settle a slice of a file, or payments that were released; the last slice of a file says that it is settled."""
    event = stand.claimed.event
    _settle(stand, payment_facts.waiting(stand.connection, event), ())
    assert isinstance(event, events.PaymentsReceived | events.PaymentsReleased)
    if split_saves.close_slice(stand.connection, event.file_id):
        stand.send([events.FileSettled(event.file_id)])


def resettle(stand: Stand) -> None:
    """Split cases anew after a change, with the payments that the change brings."""
    event = stand.claimed.event
    payments = payment_facts.waiting(stand.connection, event)
    changed: tuple[int, ...] = ()
    match event:
        case events.CaseChanged(ids) | events.VoucherVoided(_, ids):
            changed = ids
        case events.PaymentAssigned(_, case_id):
            changed = (case_id,)
        case _:
            pass
    _settle(stand, payments, changed)


def _settle(stand: Stand, payments: Sequence[Waiting], changed: Sequence[int]) -> None:
    connection = stand.connection
    setup = setup_store.current(connection)
    payments = [_with_company(payment, setup) for payment in payments]
    if not isinstance(stand.claimed.event, events.PaymentAssigned):
        # what it was to take back when it was settled before may be elsewhere now; a person's word stands
        payments = [replace(payment, reverses=None) if payment.reverses else payment for payment in payments]
    batch = Batch()
    _match(stand, payments, setup, batch)
    wanted = {*batch.by_case, *changed}
    locked, merged = case_facts.lock(connection, list(wanted))
    if merged:
        # merged while we looked: their money is the main case's; lock those too, in order, in a second round
        ends = payment_facts.main_cases(connection, list(merged))
        for case_id in merged:
            batch.by_case[ends[case_id]] += batch.by_case.pop(case_id, [])
            if case_id not in changed:
                del locked[case_id]
        more, _ = case_facts.lock(connection, [end for end in ends.values() if end not in locked])
        locked |= more
    if any(payment.amount < 0 for payment in payments):
        before = payment_facts.merged_into(connection, list(locked))
        more, _ = case_facts.lock(connection, [case_id for case_id in before if case_id not in locked])
        locked |= more
    payments = _still_here(stand, payments, batch)
    on_cases = case_facts.fill(connection, locked)
    find_originals(stand, batch, locked)
    park_strays(stand, batch, payments)
    suspense = case_facts.suspense(connection, [p.id for p in payments])
    saver = split_saves.Saver(connection, suspense)
    for case in locked.values():
        _split(case, batch, on_cases, setup, saver)
    crash_point(f"{stand.stage.name}.before_save")
    saver.save(batch.parked, payments, stage=stand.stage.name)
    parked = {payment.payment_id for payment in batch.parked}
    freed = split_saves.free_reversals(connection, [p for p in payments if p.amount > 0], parked)
    if freed:
        stand.send([events.OriginalConcluded(tuple(freed))])
    crash_point(f"{stand.stage.name}.after_save")


def _still_here(stand: Stand, payments: Sequence[Waiting], batch: Batch) -> Sequence[Waiting]:
    """Leave out what a person or another message has taken meanwhile. A slice's payments are its own and nobody else's."""
    event = stand.claimed.event
    if isinstance(event, events.PaymentsReceived) or not payments:
        return payments
    opened = isinstance(event, events.CasesOpened)
    here = payment_facts.still(stand.connection, payments, "parked" if opened else "waiting")
    if opened:
        split_saves.unpark(stand.connection, sorted(here))
    batch.parked = [parked for parked in batch.parked if parked.payment_id in here]
    batch.strays = [(payment, park) for payment, park in batch.strays if payment.id in here]
    for case_id, on_case in batch.by_case.items():
        batch.by_case[case_id] = [payment for payment in on_case if payment.id in here]
    return [payment for payment in payments if payment.id in here]


def _with_company(payment: Waiting, setup: Setup) -> Waiting:
    """An account may have been set up since the payment was read."""
    if payment.company is None and payment.account in setup.accounts:
        company = setup.accounts[payment.account].latest().value.company
        return replace(payment, company=company, company_is_new=True)
    return payment


def _match(stand: Stand, payments: Iterable[Waiting], setup: Setup, batch: Batch) -> None:
    assigned = stand.claimed.event if isinstance(stand.claimed.event, events.PaymentAssigned) else None
    payments = list(payments)
    candidates = payment_facts.candidates(stand.connection, payments)
    agreements = {
        account: rows.latest().value.kid_agreements
        for account in {p.account for p in payments}
        if (rows := setup.accounts.get(account)) is not None
    }
    for payment in payments:
        if assigned is not None:
            batch.by_case[assigned.case_id].append(payment)
            continue
        of = agreements.get(payment.account, ())
        facts = MatchFacts(
            payment.kid,
            verdict(payment.kid or "", of),
            payment.account,
            payment.company,
            candidates.get((payment.account, payment.kid or ""), ()),
        )
        decision = matching.match(facts)
        if isinstance(decision, Park) and payment.amount < 0 and payment.company is not None:
            batch.strays.append((payment, decision))
        elif isinstance(decision, Park):
            batch.park(payment, decision)
        else:
            batch.by_case[decision.case_id].append(payment)


def _split(
    case: LockedCase, batch: Batch, on_cases: dict[int, Waiting], setup: Setup, saver: split_saves.Saver
) -> None:
    frozen = {split.payment_id for split in case.splits if split.frozen}
    new = batch.by_case.get(case.id, ())
    mine = {payment_id: on_cases[payment_id] for payment_id in {split.payment_id for split in case.splits}}
    mine |= {payment.id: payment for payment in new}
    client = setup.clients.get((case.company, case.client))
    incoming: list[Incoming] = []
    client_rows: dict[int, tuple[int, bool]] = {}
    for payment in mine.values():
        try:
            if client is None:
                raise NoSuchSetupError(f"the client {case.client} of company {case.company} is not set up")
            row = client.on(payment.interest_on)
        except NoSuchSetupError as error:
            if payment.id in frozen:
                raise
            batch.park(payment, Park(Reason.NO_SETUP, str(error)))
            continue
        order = (
            tuple(Kind(kind) for kind in payment.cover_choice)
            if payment.cover_choice
            else row.value.cover_order
        )
        client_rows[payment.id] = (row.id, row.value.overpayment_policy == "hold")
        incoming.append(
            Incoming(
                payment.id,
                payment.amount,
                payment.interest_on,
                payment.booked_on,
                payment.file_id,
                payment.line,
                payment.reverses,
                order,
                row.value.closing_threshold,
                payment.id in frozen,
            )
        )
    facts = CaseFacts(
        case.id, case.case_no, case.state, tuple(case.items), tuple(case.waivers), tuple(incoming), _RATES
    )
    decision: CaseSplit = allocation.settle(facts)
    for payment_id, park in decision.parked:
        batch.park(mine[payment_id], park)
    saver.take(case, decision, mine, client_rows)
