"""Stages `settle` and `resettle`: find each payment's case, lock the cases, split them anew, save what changed."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

from sqlalchemy import Connection

from pipeline import allocation
from pipeline.allocation import CaseFacts, CaseSplit, Incoming, Movement
from pipeline.rates import RATES, Rates
from pipeline.stage import Park, Reason
from schemas import events
from schemas.case import CaseState, Kind
from schemas.money import Money
from schemas.setup import NoSuchSetupError, Setup
from workers.facts import cases as case_facts
from workers.facts import payers as payer_facts
from workers.facts import payments as payment_facts
from workers.facts.cases import LockedCase
from workers.facts.payments import CasesOfKids, Shares, Waiting
from workers.facts.terms import ClientTerms, Terms
from workers.saves import payments as payment_saves
from workers.saves import splits as split_saves
from workers.shell import Stand
from workers.shell.matching import match_payments
from workers.shell.originals import Batch, find_originals, park_strays
from workers.store import setup as setup_store
from workers.store.bulk import by_keys

_RATES = Rates(RATES)
_MERGED = CaseState.MERGED


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
    by_keys(connection)
    setup = setup_store.current(connection)
    payments = [_with_company(p, setup) if p.company is None else p for p in payments]
    if not isinstance(stand.claimed.event, events.PaymentAssigned):
        # what it was to take back when it was settled before may be elsewhere now; a person's word stands
        payments = [p._replace(reverses=None) if p.reverses else p for p in payments]
    by_kid = payment_facts.cases_of_kids(connection, payments)
    batch = Batch()
    locked = _matched(stand, payments, by_kid, changed, setup, batch)
    payments = _still_here(stand, payments, batch)
    case_facts.fill(connection, locked)
    find_originals(connection, batch, locked, setup)
    park_strays(connection, batch, payments)
    saver = split_saves.Saver(connection, case_facts.suspense(connection, [p.id for p in payments]))
    terms = Terms(setup)
    for case in locked.values():
        _split(case, batch, terms, saver)
    saver.save(batch.parked, payments, batch.shares, stage=stand.stage.name)
    parked = {payment.payment_id for payment in batch.parked}
    payment_saves.note_rules(
        connection, {p.id: batch.by_rule[p.id] for p in payments if p.id in batch.by_rule.keys() - parked}
    )
    freed = split_saves.free_reversals(connection, [p for p in payments if p.amount > 0], parked)
    if freed:
        stand.send([events.OriginalConcluded(tuple(freed))])


def _matched(
    stand: Stand,
    payments: Sequence[Waiting],
    by_kid: CasesOfKids,
    changed: Sequence[int],
    setup: Setup,
    batch: Batch,
) -> dict[int, LockedCase]:
    """Lock every case that may be meant, match the payments to them, and give those that must be split anew."""
    connection = stand.connection
    event = stand.claimed.event
    assigned: Shares = {}
    if isinstance(event, events.PaymentAssigned):
        shared = payment_facts.shares(connection, [event.payment_id])
        assigned = {p.id: shared.get(p.id) or {event.case_id: p.amount} for p in payments}
    by_rule = {} if assigned else payer_facts.by_rule(connection, payments, by_kid, stand.hands.settings)
    ruled = {case_id for _, case_id in by_rule.values()}
    locked = case_facts.lock(
        connection,
        {*chain.from_iterable(by_kid.values()), *changed, *chain.from_iterable(assigned.values()), *ruled},
    )
    ends = _ends_of_merges(connection, locked)
    if isinstance(event, events.PaymentAssigned):
        _assign(payments, assigned, ends, batch)
    else:
        match_payments(payments, by_kid, by_rule, locked, ends, setup, batch)
    touched = {*batch.by_case, *changed, *(ends[case_id] for case_id in changed if case_id in ends)}
    locked = {case_id: case for case_id, case in locked.items() if case_id in touched}
    if any(payment.amount < 0 for payment in payments):
        # an original that came before a merge is on the merged case still
        before = payment_facts.merged_into(connection, list(locked))
        locked |= case_facts.lock(connection, [case_id for case_id in before if case_id not in locked])
        # and one that a person has moved is elsewhere
        amounts = [-payment.amount for payment in payments if payment.amount < 0]
        elsewhere = payment_facts.homes(connection, list(locked), amounts)
        locked |= case_facts.lock(connection, [case_id for case_id in elsewhere if case_id not in locked])
    return locked


def _ends_of_merges(connection: Connection, locked: dict[int, LockedCase]) -> dict[int, int]:
    """A merged case's money is the main case's: lock those too, in a second round, and say which is whose."""
    merged = [case.id for case in locked.values() if case.state is _MERGED]
    if not merged:
        return {}
    ends = payment_facts.main_cases(connection, merged)
    locked |= case_facts.lock(connection, [end for end in ends.values() if end not in locked])
    return ends


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
    batch.shares = {payment_id: shares for payment_id, shares in batch.shares.items() if payment_id in here}
    return [payment for payment in payments if payment.id in here]


def _with_company(payment: Waiting, setup: Setup) -> Waiting:
    """An account may have been set up since the payment was read."""
    if payment.account not in setup.accounts:
        return payment
    company = setup.accounts[payment.account].latest().value.company
    return payment._replace(company=company, company_is_new=True)


def _assign(payments: Sequence[Waiting], assigned: Shares, ends: dict[int, int], batch: Batch) -> None:
    """Put payments where a person said, or where those cases were merged into."""
    for payment in payments:
        shares: dict[int, Money] = defaultdict(int)
        for case_id, amount in assigned[payment.id].items():
            shares[ends.get(case_id, case_id)] += amount
        if len(shares) == len(assigned[payment.id]) == 1:
            batch.by_case[next(iter(shares))].append(payment)
        else:
            batch.share(payment, shares)


def _split(case: LockedCase, batch: Batch, terms: Terms, saver: split_saves.Saver) -> None:
    mine = {payment.id: payment for payment in batch.by_case.get(case.id, ())}
    # What a voucher has, or a person shared out, stays. A payment that comes anew may be one that was here before.
    frozen = {split.payment_id for split in case.splits if split.frozen} & case.standing.keys()
    frozen |= case.shared | (mine.keys() & batch.shares.keys())
    if case.standing:
        mine = case.standing | mine
    incoming: list[Incoming] = []
    of_payment: dict[int, ClientTerms] = {}
    for payment in mine.values():
        payment_id = payment.id
        try:
            of_client = terms.on(case.company, case.client, payment.interest_on)
        except NoSuchSetupError as error:
            if payment_id in frozen:
                raise
            batch.park(payment, Park(Reason.NO_SETUP, str(error)))
            continue
        of_payment[payment_id] = of_client
        incoming.append(
            Incoming(
                payment_id,
                payment.amount,
                payment.interest_on,
                payment.booked_on,
                payment.file_id,
                payment.line,
                payment.reverses,
                tuple(map(Kind, payment.cover_choice)) if payment.cover_choice else of_client.order,
                of_client.threshold,
                payment_id in frozen,
            )
        )
    movements = [
        Movement(*moved, terms.on(case.company, case.client, moved.day).threshold) for moved in case.moved
    ]
    facts = CaseFacts(
        case.id,
        case.case_no,
        case.state,
        tuple(case.items),
        tuple(case.waivers),
        tuple(movements),
        tuple(incoming),
        _RATES,
        case.closed,
    )
    decision: CaseSplit = allocation.settle(facts)
    for payment_id, park in decision.parked:
        batch.park(mine[payment_id], park)
    saver.take(case, decision, mine, of_payment)
