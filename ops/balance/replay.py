"""The splits of every case once more from its facts, interest and all, against the splits that stand."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ops.balance.asking import ORE
from ops.balance.report import NAMED, Difference, Finding
from pipeline import allocation
from pipeline.allocation import CaseFacts, CaseSplit, ImpossibleFactsError, Incoming, Movement
from pipeline.rates import RATES, Rates
from schemas.case import CaseState, Kind, OpenItem, Waiver
from schemas.money import Money
from schemas.setup import Client, Dated, NoSuchSetupError
from workers.facts.cases import MOVED, Moved
from workers.facts.payments import MINE, ON, SHARED
from workers.store import setup as setup_store
from workers.store.bulk import rows

_BATCH = 2_000
_RATES = Rates(RATES)


@dataclass(slots=True)
class _Case:
    """A case as it stands. `live`: by (payment, item, kind), the sum of its live splits."""

    id: int
    company: str
    client: str
    case_no: str
    state: CaseState
    balance: Money
    closed: bool
    items: list[OpenItem] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    live: dict[tuple[int, int | None, int], Money] = field(default_factory=dict)
    frozen: set[int] = field(default_factory=set)
    payments: list[tuple[Any, ...]] = field(default_factory=list)


def replay(connection: Connection, sample: int | None) -> Finding:
    """Settle all cases that money has moved, or `sample` of them at random, and compare. Dirty and merged cases are left
    out: the first will be settled again, the second's money is the main case's.
    """
    setup = setup_store.current(connection)
    broken = 0
    named: list[Difference] = []
    unknown: list[str] = []
    ids = _ids(connection, sample)
    for first in range(0, len(ids), _BATCH):
        for case in _cases(connection, ids[first : first + _BATCH]):
            client = setup.clients.get((case.company, case.client))
            if client is None:
                unknown.append(f"case {case.id}: client {case.company}/{case.client} is not set up")
                continue
            for difference in _compared(case, client):
                broken += 1
                if len(named) < NAMED:
                    named.append(difference)
    promise = "Each case split anew from all its facts gives the splits and the interest that stand"
    return Finding("replay", promise, ORE, broken, tuple(named), tuple(unknown[:NAMED]))


def _ids(connection: Connection, sample: int | None) -> list[int]:
    sql = (
        "SELECT c.id FROM kk2_case c JOIN (SELECT case_id FROM split WHERE superseded_by IS NULL "
        "UNION SELECT case_id FROM ledger_transaction WHERE state = 'applied') s "
        "ON s.case_id = c.id WHERE NOT c.dirty AND c.state <> 'merged' ORDER BY "
    )
    if sample is None:
        return [row[0] for row in rows(connection, sql + "c.id", {})]
    return [row[0] for row in rows(connection, sql + "random() LIMIT %(sample)s", {"sample": sample})]


def _cases(connection: Connection, ids: Sequence[int]) -> Iterator[_Case]:
    """Everything of a batch of cases, in one statement a table."""
    of: dict[str, object] = {"ids": list(ids)}
    found = rows(
        connection,
        "SELECT id, company, client, case_no, state, balance, closed_on IS NOT NULL FROM kk2_case WHERE id = ANY(%(ids)s)",
        of,
    )
    cases = {
        row[0]: _Case(row[0], row[1], row[2], row[3], CaseState(row[4]), row[5], row[6]) for row in found
    }
    items = "SELECT case_id, id, kind, amount, due_on, invoice_no FROM item WHERE case_id = ANY(%(ids)s) AND withdrawn_at IS NULL"
    for case_id, item_id, kind, amount, due_on, invoice_no in rows(connection, items, of):
        cases[case_id].items.append(OpenItem(item_id, Kind(kind), amount, due_on, invoice_no))
    waivers = "SELECT case_id, id, item_id, kind, amount, day FROM waiver WHERE case_id = ANY(%(ids)s) AND withdrawn_at IS NULL"
    for case_id, waiver_id, item_id, kind, amount, day in rows(connection, waivers, of):
        cases[case_id].waivers.append(Waiver(waiver_id, item_id, Kind(kind), amount, day))
    for case_id, *moved in rows(connection, MOVED, of):
        cases[case_id].moved.append(Moved(*moved))
    live = (
        "SELECT s.case_id, s.payment_id, s.item_id, s.kind, sum(s.amount)::bigint, bool_or(t.split_id IS NOT NULL) FROM split s "
        "LEFT JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
        "WHERE s.case_id = ANY(%(ids)s) AND s.superseded_by IS NULL GROUP BY 1, 2, 3, 4"
    )
    of_payments: set[int] = set()
    for case_id, payment_id, item_id, kind, amount, frozen in rows(connection, live, of):
        cases[case_id].live[payment_id, item_id, kind] = amount
        of_payments.add(payment_id)
        if frozen:
            cases[case_id].frozen.add(payment_id)
    payments = (
        f"SELECT {ON}, p.id, {MINE}, p.interest_on, p.booked_on, p.file_id, p.line, p.reverses, p.cover_choice, "
        f"h.case_id IS NOT NULL FROM {SHARED} WHERE p.id = ANY(%(payments)s) AND {ON} = ANY(%(ids)s) AND p.state = 'settled'"
    )
    for case_id, *row, shared in rows(connection, payments, {**of, "payments": list(of_payments)}):
        cases[case_id].payments.append(tuple(row))
        if shared:
            cases[case_id].frozen.add(row[0])
    yield from cases.values()


def _compared(case: _Case, client: Dated[Client]) -> list[Difference]:
    """How what stands differs from what the rule says now."""
    try:
        facts = CaseFacts(
            case.id,
            case.case_no,
            case.state,
            tuple(case.items),
            tuple(case.waivers),
            tuple(Movement(*moved, client.on(moved.day).value.closing_threshold) for moved in case.moved),
            tuple(_incoming(payment, case.frozen, client) for payment in case.payments),
            _RATES,
            case.closed,
        )
        decision = allocation.settle(facts)
    except (ImpossibleFactsError, NoSuchSetupError) as fault:
        return [Difference(f"case {case.id}", 0, sum(case.live.values()), str(fault))]
    wanted: dict[tuple[int, int | None, int], Money] = defaultdict(int)
    for split in decision.splits:
        wanted[split.payment_id, split.item_id, int(split.kind)] += split.amount
    differences = []
    for key in sorted(wanted.keys() | case.live.keys(), key=str):
        if wanted.get(key, 0) != case.live.get(key, 0):
            payment_id, item_id, kind = key
            part = f"{Kind(kind).name.lower()} of item {item_id}" if item_id else Kind(kind).name.lower()
            subject = f"case {case.id}, payment {payment_id}, {part}"
            cause = "a fact or a row of the setup changed without a resettle, or a split was written by another rule"
            differences.append(Difference(subject, wanted.get(key, 0), case.live.get(key, 0), cause))
    owed = _owed(case, decision)
    if not differences and owed != case.balance:
        cause = (
            "the stored balance is not items less what waivers let go of, less splits, with what Visma moved"
        )
        differences.append(Difference(f"case {case.id}", owed, case.balance, cause))
    if not differences and decision.state is not case.state:
        cause = f"is {case.state}, by its facts it is {decision.state}"
        differences.append(Difference(f"case {case.id}", decision.balance, decision.balance, cause))
    return differences


def _owed(case: _Case, decision: CaseSplit) -> Money:
    """Items less what waivers let go of less what is covered, with what Visma moved; interest is left out of all."""
    kinds = {waiver.id: waiver.kind for waiver in case.waivers}
    let_go = sum(amount for waiver_id, amount in decision.waived if kinds[waiver_id] <= Kind.FEE)
    covered = sum(split.amount for split in decision.splits if split.kind <= Kind.FEE)
    moved = sum(moved.amount for moved in case.moved) + sum(more for _, more in decision.credits)
    return sum(item.amount for item in case.items) - let_go - covered + moved


def _incoming(payment: tuple[Any, ...], frozen: set[int], client: Dated[Client]) -> Incoming:
    payment_id, amount, interest_on, booked_on, file_id, line, reverses, choice = payment
    row = client.on(interest_on).value
    order = tuple(Kind(kind) for kind in choice) if choice else row.cover_order
    return Incoming(
        id=payment_id,
        amount=amount,
        interest_on=interest_on,
        booked_on=booked_on,
        file_id=file_id,
        line=line,
        reverses=reverses,
        order=order,
        threshold=row.closing_threshold,
        frozen=payment_id in frozen,
    )
