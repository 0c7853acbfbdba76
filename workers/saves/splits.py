"""Save how cases are split: equal to what stands, no write; a free split that differs is superseded; a frozen one corrected."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Connection, text

from pipeline.allocation import CaseSplit
from schemas.case import CaseState, Kind
from schemas.money import Money
from workers.facts.cases import LiveSplit, LockedCase
from workers.facts.payments import Shares, Waiting
from workers.facts.terms import ClientTerms
from workers.journal import ParkedPayment, park_payments
from workers.store.bulk import copy, execute, rows, take_ids

_Key: TypeAlias = tuple[int, int | None, int]  # payment, item, kind
_Row: TypeAlias = tuple[int, int | None, int | None, int, Money, int | None, bool, bool]
_COLUMNS = ("payment_id", "case_id", "item_id", "kind", "amount", "client_row", "corrects", "held")

_FEE, _REST = Kind.FEE, Kind.REST
_STATE_NUMBERS = {state.value: number for number, state in enumerate(CaseState, 1)}


@dataclass(slots=True)
class Saver:
    """Collects what a batch of cases decided, and writes it with a few statements.

    `suspense`: by payment, what of it stands on the suspense account; settling takes it off there.
    """

    connection: Connection
    suspense: dict[int, list[LiveSplit]]
    new: list[_Row] = field(default_factory=list)
    successors: list[tuple[_Row, tuple[int, ...]]] = field(default_factory=list)  # and whose place they take
    withdrawn: list[int] = field(default_factory=list)
    settled: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    cases: list[tuple[int, Money, int]] = field(default_factory=list)

    def take(
        self,
        case: LockedCase,
        decision: CaseSplit,
        payments: dict[int, Waiting],
        terms: dict[int, ClientTerms],
    ) -> None:
        """Compare a case's wanted splits with its live ones and note the difference."""
        settled: AbstractSet[int] = payments.keys()
        if case.splits:
            self._differences(case, decision, terms)
            settled = settled - case.standing.keys()
        else:  # the ordinary case: nothing stands yet
            case_id = case.id
            for payment_id, item_id, kind, amount in decision.splits:
                row, holds, _, _ = terms[payment_id]
                held = holds and kind is _REST
                self.new.append((payment_id, case_id, item_id, int(kind), amount, row, False, held))
        if decision.parked:
            settled = settled - {payment_id for payment_id, _ in decision.parked}
        for payment_id in settled:
            if payment_id in self.settled:
                continue  # a further share of it
            self.settled[payment_id] = case.id, payments[payment_id].reverses
            if self.suspense:
                self._leave_suspense(payment_id)
        owed = sum([item.amount for item in case.items])
        owed -= sum([amount for _, _, kind, amount in decision.splits if kind <= _FEE])
        if decision.waived:
            # what each let go of, not what it says: a claim that is paid already is not owed less than nothing
            kinds = {waiver.id: waiver.kind for waiver in case.waivers}
            owed -= sum(amount for waiver_id, amount in decision.waived if kinds[waiver_id] <= _FEE)
        if case.moved:
            # what is more than an invoice's claim is a credit in Visma, and lowers nothing else
            owed += sum([moved.amount for moved in case.moved]) + sum([more for _, more in decision.credits])
        if owed != case.balance or decision.state is not case.state or case.dirty:
            self.cases.append((case.id, owed, _STATE_NUMBERS[decision.state.value]))

    def _differences(self, case: LockedCase, decision: CaseSplit, terms: dict[int, ClientTerms]) -> None:
        wanted = {
            (split.payment_id, split.item_id, int(split.kind)): split.amount for split in decision.splits
        }
        live: dict[_Key, list[LiveSplit]] = defaultdict(list)
        for stands in case.splits:
            live[stands.payment_id, stands.item_id, stands.kind].append(stands)
        frozen_payments = {stands.payment_id for stands in case.splits if stands.frozen}
        for key in dict.fromkeys(
            (*wanted, *live)
        ):  # a set's order differs from run to run, and vouchers follow it
            self._difference(case, key, wanted.get(key, 0), live.get(key, ()), frozen_payments, terms)

    def _difference(
        self,
        case: LockedCase,
        key: _Key,
        wanted: Money,
        live: Sequence[LiveSplit],
        frozen_payments: set[int],
        terms: dict[int, ClientTerms],
    ) -> None:
        payment_id, item_id, kind = key
        free = [split for split in live if not split.frozen]
        change = wanted - sum(split.amount for split in live)
        amount = change + sum(split.amount for split in free)
        if not change and amount:
            return
        instead_of = tuple(split.id for split in free)
        if not amount:
            self.withdrawn += instead_of
            return
        of_client = terms.get(payment_id)
        row = of_client.row if of_client else None
        held = of_client is not None and of_client.holds and kind == _REST
        split: _Row = (payment_id, case.id, item_id, kind, amount, row, payment_id in frozen_payments, held)
        if instead_of:
            self.successors.append((split, instead_of))
        else:
            self.new.append(split)

    def _leave_suspense(self, payment_id: int) -> None:
        stands = self.suspense.get(payment_id, ())
        self.withdrawn += [split.id for split in stands if not split.frozen]
        frozen = sum(split.amount for split in stands if split.frozen)
        if frozen:
            self.new.append((payment_id, None, None, int(Kind.SUSPENSE), -frozen, None, True, False))

    def save(
        self, parked: Sequence[ParkedPayment], payments: Sequence[Waiting], shares: Shares, *, stage: str
    ) -> None:
        """Write everything: splits by COPY, the rest by one joined update a table."""
        replaced = [(old, old) for old in self.withdrawn]
        copy(self.connection, "split", _COLUMNS, self.new)
        if self.successors:  # few, and they must be named before they are written
            ids = take_ids(self.connection, "split", len(self.successors))
            named = list(zip(ids, self.successors, strict=True))
            copy(self.connection, "split", ("id", *_COLUMNS), ((i, *row) for i, (row, _) in named))
            replaced += [(old, i) for i, (_, instead_of) in named for old in instead_of]
        if replaced:
            execute(
                self.connection,
                "UPDATE split s SET superseded_by = t.by FROM unnest(%(old)s::bigint[], %(by)s::bigint[]) AS t(id, by) "
                "WHERE s.id = t.id AND s.superseded_by IS NULL",
                {"old": [r[0] for r in replaced], "by": [r[1] for r in replaced]},
            )
        now_parked = self._save_payments(parked, payments)
        save_shares(self.connection, shares)
        if self.cases:
            execute(
                self.connection,
                "UPDATE kk2_case c SET balance = t.balance, state = (%(names)s::text[])[t.state], dirty = false "
                "FROM unnest(%(ids)s::bigint[], %(balances)s::bigint[], %(states)s::int[]) AS t(id, balance, state) "
                "WHERE c.id = t.id",
                {
                    "names": [state.value for state in CaseState],
                    "ids": [c[0] for c in self.cases],
                    "balances": [c[1] for c in self.cases],
                    "states": [c[2] for c in self.cases],
                },
            )
        park_payments(self.connection, [p for p in parked if p.payment_id in now_parked], stage=stage)

    def _save_payments(self, parked: Sequence[ParkedPayment], payments: Sequence[Waiting]) -> set[int]:
        """Write where payments stand; gives those that are parked now, and were not by another message before."""
        if self.settled:
            execute(
                self.connection,
                "UPDATE payment p SET state = 'settled', case_id = t.case_id, reverses = t.reverses "
                "FROM unnest(%(ids)s::bigint[], %(cases)s::bigint[], %(reverses)s::bigint[]) AS t(id, case_id, reverses) "
                "WHERE p.id = t.id",
                {
                    "ids": list(self.settled),
                    "cases": [s[0] for s in self.settled.values()],
                    "reverses": [s[1] for s in self.settled.values()],
                },
            )
        now_parked: set[int] = set()
        if parked:
            found = rows(
                self.connection,
                "UPDATE payment SET state = 'parked' WHERE id = ANY(%(ids)s) AND state <> 'parked' RETURNING id",
                {"ids": [p.payment_id for p in parked]},
            )
            now_parked = {row[0] for row in found}
        # of accounts that nobody had when the file was read
        set_up_since: dict[str, list[int]] = defaultdict(list)
        for payment in payments:
            if payment.company_is_new and payment.company is not None:
                set_up_since[payment.company].append(payment.id)
        for company, ids in set_up_since.items():
            execute(
                self.connection,
                "UPDATE payment SET company = %(company)s WHERE id = ANY(%(ids)s) AND company IS NULL",
                {"company": company, "ids": ids},
            )
        return now_parked


def save_shares(connection: Connection, shares: Shares) -> None:
    """Write how payments are shared over cases, in place of what stood."""
    if not shares:
        return
    execute(connection, "DELETE FROM payment_share WHERE payment_id = ANY(%(ids)s)", {"ids": sorted(shares)})
    each = [(i, case_id, amount) for i, of_cases in shares.items() for case_id, amount in of_cases.items()]
    copy(connection, "payment_share", ("payment_id", "case_id", "amount"), each)


def close_slice(connection: Connection, file_id: int) -> bool:
    """Close one of a file's slices; True for the one that closed the last."""
    left = connection.execute(
        text("UPDATE bank_file SET open_slices = open_slices - 1 WHERE id = :id RETURNING open_slices"),
        {"id": file_id},
    ).scalar_one()
    return bool(left == 0)


def free_reversals(connection: Connection, payments: Iterable[Waiting], parked: set[int]) -> list[int]:
    """Free the reversals that waited for one of these payments to be settled; gives the reversals' ids.

    `parked`: those that were parked instead. They free only what took them for under way, so that it says why anew.
    """
    waiting = rows(
        connection,
        "SELECT r.id, r.account, r.kid, r.amount, w.reason FROM work w JOIN payment r ON r.id = w.payment_id "
        "WHERE w.state = 'parked' AND w.reason IN ('original_under_way', 'original_parked')",
        {},
    )
    if not waiting:
        return []
    came = {(p.account, p.kid, p.amount): p.id in parked for p in payments}
    free = []
    for payment_id, account, kid, amount, reason in waiting:
        is_parked = came.get((account, kid, -amount))
        if is_parked is False or (is_parked and reason == "original_under_way"):
            free.append(payment_id)
    return wake(connection, free)


def wake(connection: Connection, payment_ids: Iterable[int]) -> list[int]:
    """Let parked payments be settled again and close their parked rows; gives their ids, in order.

    One on which a person acts at this moment is left out: the person was first.
    """
    found = rows(
        connection,
        "UPDATE payment SET state = 'waiting' WHERE id = ANY(%(ids)s) AND state = 'parked' RETURNING id",
        {"ids": sorted(payment_ids)},
    )
    ids = sorted(row[0] for row in found)
    unpark(connection, ids)
    return ids


def unpark(connection: Connection, payment_ids: Sequence[int]) -> None:
    """Close the parked rows of payments that go on by themselves."""
    execute(
        connection,
        "UPDATE work SET state = 'done', done_at = now() WHERE state = 'parked' AND payment_id = ANY(%(ids)s)",
        {"ids": list(payment_ids)},
    )
