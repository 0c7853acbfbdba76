"""Decide what transactions from Visma mean, under the locks of the cases that they move, and write it by sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from pipeline import ledger_payments
from pipeline.ledger_payments import Standing, Told
from schemas.setup import Setup
from schemas.transfer import LedgerTransaction
from workers.facts import cases as case_facts
from workers.facts import parked_transactions
from workers.facts import transactions as facts
from workers.facts.parked_transactions import Waiting
from workers.facts.transactions import Kept, Known, place_of
from workers.saves import transactions as saves
from workers.saves.transactions import New
from workers.store.bulk import by_keys

T = TypeVar("T")


@dataclass(slots=True)
class Moved:
    """What came of it: the cases that are to be settled again (marked already), and vouchers in doubt to ask for."""

    case_ids: set[int] = field(default_factory=set)
    asks: set[int] = field(default_factory=set)


def take_in(
    connection: Connection, company: str, told: Sequence[LedgerTransaction], setup: Setup, *, stage: str
) -> Moved:
    """Take in a page. The caller holds the company's turn; what is known already changes nothing."""
    by_keys(connection)
    known = facts.load(connection, company, told, setup)
    new, moved = _under_locks(connection, known, told, lambda: _read(known, told))
    if new:
        saves.insert(connection, company, new, stage=stage)
        saves.mark(connection, moved.case_ids)
    return moved


def decide_again(
    connection: Connection, company: str, setup: Setup, *, after: int, most: int, only: Sequence[int] = ()
) -> tuple[int, Moved]:
    """Decide the next `most` parked transactions anew; gives the last one's id (0: no more) and what came of it."""
    by_keys(connection)
    waiting = parked_transactions.waiting(connection, company, after=after, most=most, only=only)
    if not waiting:
        return 0, Moved()
    told = [each.told for each in waiting]
    known = facts.load(connection, company, told, setup)
    decided, moved = _under_locks(connection, known, told, lambda: _read_again(known, waiting))
    saves.decide(connection, decided)
    saves.mark(connection, moved.case_ids)
    return waiting[-1].id, moved


def _under_locks(
    connection: Connection,
    known: Known,
    told: Sequence[LedgerTransaction],
    read: Callable[[], tuple[T, Moved]],
) -> tuple[T, Moved]:
    """Decide, lock the cases that this moves, and decide again by what stands under the locks, until none is missing.

    A case may be merged or lose an item between the look and the lock. All cases are locked in one go, in id order.
    """
    locked: set[int] = set()
    while True:
        decided, moved = read()
        if moved.case_ids <= locked:
            return decided, moved
        locked |= case_facts.lock(connection, moved.case_ids - locked).keys()
        facts.claims(connection, known, told)


def _read(known: Known, told: Sequence[LedgerTransaction]) -> tuple[list[New], Moved]:
    """Read a page from its first row to its last, each beside what the rows before it have said.

    A row of the page that another one takes over has no id yet: it stands as minus its number, from 1. What the page tells
    on another line is not replaced by what stands on its line now: somebody put a line before it.
    """
    latest, in_place = dict(known.latest), dict(known.in_place)
    ends = {each.transaction_id: place_of(each) for each in told}
    new: list[New] = []
    moved = Moved()
    for each in told:
        place = place_of(each)
        before, there = latest.get(each.transaction_id), in_place.get(place) if each.voucher_no else None
        other = there if there is not None and there.transaction_id != each.transaction_id else None
        if other is not None and ends.get(other.transaction_id, place) != place:
            other = None
        decided = ledger_payments.apply(known.facts_of(each, before, other))
        if decided is None:
            continue
        new.append(New(each, decided))
        for kept in (before, other):
            if kept is not None and kept.standing.live:
                if kept.standing.id < 0:
                    new[-kept.standing.id - 1].superseded_by = len(new) - 1
                if kept.case_id is not None:
                    moved.case_ids.add(kept.case_id)
                latest[kept.transaction_id] = kept._replace(standing=kept.standing._replace(live=False))
                if kept.place in in_place and in_place[kept.place].transaction_id == kept.transaction_id:
                    del in_place[kept.place]
        stands = Standing(
            -len(new), decided.version, each.amount, each.day, each.invoice_no, each.line, live=True
        )
        case_id = decided.claim and decided.claim.case_id
        latest[each.transaction_id] = in_place[place] = Kept(each.transaction_id, place, stands, case_id)
        _note(moved, decided)
    return new, moved


def _read_again(known: Known, waiting: Sequence[Waiting]) -> tuple[list[tuple[Waiting, Told]], Moved]:
    """Each parked one as if it were told today for the first time; a voucher in doubt was asked for when it parked."""
    moved = Moved()
    decided: list[tuple[Waiting, Told]] = []
    for each in waiting:
        told = ledger_payments.apply(known.facts_of(each.told, None, None))
        assert told is not None, "what is told for the first time is new"
        decided.append((each, told))
        _note(moved, told)
    moved.asks.clear()
    return decided, moved


def _note(moved: Moved, decided: Told) -> None:
    moved.asks.update(decided.asks)
    if decided.claim is not None:
        moved.case_ids.add(decided.claim.case_id)
