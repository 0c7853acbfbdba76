"""All that is known of a batch of cases, under their locks: items, waivers, payments and how they are split now."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from schemas.case import CaseState, Kind, OpenItem, Waiver
from schemas.money import Money
from workers.facts.payments import COLUMNS, ON, SHARED, STATES, Waiting
from workers.store.bulk import rows


class Moved(NamedTuple):
    """What Visma says happened to an invoice of a case; `schemas.transfer.LedgerTransaction` says how it is signed."""

    id: int
    item_id: int
    amount: Money
    day: date


class LiveSplit(NamedTuple):
    """A split that stands. `frozen`: a voucher has it."""

    id: int
    payment_id: int
    item_id: int | None
    kind: int
    amount: Money
    frozen: bool


@dataclass(slots=True)
class LockedCase:
    """A case under lock, with everything of it.

    `splits` may be of payments that were taken off the case: what a voucher has, and its correction. `standing`: the
    payments that are on it, with the share that is the case's; `shared`: which of them a person shared over cases.
    """

    id: int
    company: str
    client: str
    case_no: str
    state: CaseState
    balance: Money
    dirty: bool
    opened_on: date
    closed: bool
    items: list[OpenItem] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    splits: list[LiveSplit] = field(default_factory=list)
    standing: dict[int, Waiting] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)


def lock(connection: Connection, case_ids: Iterable[int]) -> dict[int, LockedCase]:
    """Lock cases in id order, so that no two workers wait for each other."""
    found = rows(
        connection,
        "SELECT id, company, client, case_no, state, balance, dirty, opened_on, closed_on IS NOT NULL FROM kk2_case WHERE id = ANY(%(ids)s) "
        "ORDER BY id FOR NO KEY UPDATE",
        {"ids": sorted(set(case_ids))},
    )
    return {row[0]: LockedCase(row[0], row[1], row[2], row[3], STATES[row[4]], *row[5:]) for row in found}


def fill(connection: Connection, cases: dict[int, LockedCase]) -> None:
    """Read what the cases hold, in statements begun after the locks were taken."""
    ids = {"ids": list(cases)}
    for row in rows(
        connection,
        "SELECT case_id, id, kind, amount, due_on, invoice_no FROM item "
        "WHERE case_id = ANY(%(ids)s) AND withdrawn_at IS NULL",
        ids,
    ):
        cases[row[0]].items.append(OpenItem(row[1], _KINDS[row[2]], row[3], row[4], row[5]))
    for row in rows(
        connection,
        "SELECT case_id, id, item_id, kind, amount, day FROM waiver "
        "WHERE case_id = ANY(%(ids)s) AND withdrawn_at IS NULL",
        ids,
    ):
        cases[row[0]].waivers.append(Waiver(row[1], row[2], _KINDS[row[3]], row[4], row[5]))
    for case_id, *moved in rows(connection, MOVED, ids):
        cases[case_id].moved.append(Moved(*moved))
    live = rows(
        connection,
        "SELECT case_id, id, payment_id, item_id, kind, amount FROM split "
        "WHERE case_id = ANY(%(ids)s) AND superseded_by IS NULL",
        ids,
    )
    if not live:
        return
    frozen = taken(connection, [row[1] for row in live])
    for case_id, split_id, payment_id, item_id, kind, amount in live:
        cases[case_id].splits.append(
            LiveSplit(split_id, payment_id, item_id, kind, amount, split_id in frozen)
        )
    found = rows(
        connection,
        f"SELECT {ON}, h.amount, {COLUMNS} FROM {SHARED} WHERE p.id = ANY(%(ids)s) AND p.state = 'settled'",
        {"ids": list({row[2] for row in live})},
    )
    for home, share, *columns in found:
        if home not in cases:
            continue
        case, payment = cases[home], Waiting(*columns)
        if share is not None:
            case.shared.add(payment.id)
            payment = payment._replace(amount=share)
        case.standing[payment.id] = payment


def taken(connection: Connection, split_ids: Sequence[int]) -> set[int]:
    """Which of these splits a voucher has. By their ids: an anti-join over the growing table cost twice as much."""
    found = rows(
        connection,
        "SELECT split_id FROM voucher_split WHERE split_id = ANY(%(ids)s) AND NOT released",
        {"ids": list(split_ids)},
    )
    return {row[0] for row in found}


def suspense(connection: Connection, payment_ids: Sequence[int]) -> dict[int, list[LiveSplit]]:
    """By payment: its live splits on the suspense account, where it was posted while it was parked."""
    found = rows(
        connection,
        "SELECT s.id, s.payment_id, s.item_id, s.kind, s.amount, EXISTS (SELECT FROM voucher_split v "
        "WHERE v.split_id = s.id AND NOT v.released) FROM split s "
        "WHERE s.payment_id = ANY(%(ids)s) AND s.kind = 6 AND s.superseded_by IS NULL",
        {"ids": list(payment_ids)},
    )
    by_payment: dict[int, list[LiveSplit]] = defaultdict(list)
    for row in found:
        by_payment[row[1]].append(LiveSplit(*row))
    return by_payment


MOVED = (
    "SELECT case_id, id, item_id, amount, day FROM ledger_transaction "
    "WHERE case_id = ANY(%(ids)s) AND state = 'applied' ORDER BY day, id"
)
_KINDS = {int(kind): kind for kind in Kind}
