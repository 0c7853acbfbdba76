"""The payments of a batch, the cases that their KIDs lead to, and the payments that a reversal may take back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection

from schemas import events
from schemas.case import CaseState
from schemas.kid import Kid
from schemas.money import Money
from schemas.voucher import VoucherState
from workers.store.bulk import rows

COLUMNS = (
    "p.id, p.file_id, p.line, p.account, p.kid, p.amount, p.interest_on, p.booked_on, p.company, p.case_id, "
    "p.reverses, p.cover_choice, p.kids"
)
"""What a `Waiting` is made from, of `payment p`."""

SHARED = "payment p LEFT JOIN payment_share h ON h.payment_id = p.id"
ON = "coalesce(h.case_id, p.case_id)"
MINE = "coalesce(h.amount, p.amount)"
"""A row for each case that a payment is on: which case, and how much of the payment is that case's."""

CasesOfKids: TypeAlias = dict[tuple[str, Kid], list[int]]
"""By (account, KID): the ids of the cases that it leads to."""

STATES = {state.value: state for state in CaseState}


class Waiting(NamedTuple):
    """A payment that is to be settled. `case_id` is set where a person assigned it, or it is already on a case.

    `kids`: of a payment for several KIDs, each with what it has, None where that is not told; it has no `kid` then.
    """

    id: int
    file_id: int
    line: int
    account: str
    kid: Kid | None
    amount: Money
    interest_on: date
    booked_on: date
    company: str | None
    case_id: int | None
    reverses: int | None
    cover_choice: list[int] | None
    kids: list[tuple[Kid, Money | None]] | None
    company_is_new: bool = False


def waiting(connection: Connection, event: object) -> list[Waiting]:
    """The payments that an event wants settled, in (KID, line) order; those no longer waiting are left out."""
    values: dict[str, object]
    match event:
        case events.PaymentsReceived(file_id, first, until):
            which, values = (
                "p.file_id = %(file)s AND p.position >= %(first)s AND p.position < %(until)s",
                {
                    "file": file_id,
                    "first": first,
                    "until": until,
                },
            )
        case events.PaymentsReleased(_, ids) | events.OriginalConcluded(ids):
            which, values = "p.id = ANY(%(ids)s)", {"ids": list(ids)}
        case events.PaymentAssigned(payment_id, _):
            which, values = "p.id = %(id)s", {"id": payment_id}
        case events.CasesOpened(ids):
            # payments that waited for their case: parked rows are few, so they are the side to begin with
            which, values = (
                "p.id IN (SELECT w.payment_id FROM work w JOIN payment q ON q.id = w.payment_id "
                "JOIN case_kid k ON k.account = q.account AND k.kid = q.kid WHERE w.state = 'parked' "
                "AND w.reason IN ('unknown_kid', 'failing_kid') AND k.case_id = ANY(%(ids)s) "
                "UNION SELECT w.payment_id FROM work w JOIN payment q ON q.id = w.payment_id AND q.kids IS NOT NULL "
                "JOIN case_kid k ON k.account = q.account AND k.kid IN (SELECT e->>0 FROM jsonb_array_elements(q.kids) e) "
                "WHERE w.state = 'parked' AND w.reason IN ('unknown_kid', 'failing_kid') AND k.case_id = ANY(%(ids)s))",
                {"ids": list(ids)},
            )
        case _:
            return []
    state = "parked" if isinstance(event, events.CasesOpened) else "waiting"
    sql = f"SELECT {COLUMNS} FROM payment p WHERE {which} AND p.state = '{state}' ORDER BY p.file_id, p.position"
    return [Waiting(*row) for row in rows(connection, sql, values)]


def still(connection: Connection, payments: Sequence[Waiting], state: str) -> set[int]:
    """Lock those of the payments that are in the state yet: a person, or another message, may have been first.

    Comes after the locks of their cases, for a person's act locks in that order too.
    """
    found = rows(
        connection,
        "SELECT id FROM payment WHERE id = ANY(%(ids)s) AND state = %(state)s ORDER BY id FOR NO KEY UPDATE",
        {"ids": [payment.id for payment in payments], "state": state},
    )
    return {row[0] for row in found}


def cases_of_kids(connection: Connection, payments: Sequence[Waiting]) -> CasesOfKids:
    """Look the payments' KIDs up."""
    wanted = {(p.account, p.kid) for p in payments if p.kid}
    wanted |= {(p.account, kid) for p in payments if p.kids for kid, _ in p.kids}
    found: CasesOfKids = defaultdict(list)
    if not wanted:
        return found
    for account, kid, case_id in rows(
        connection,
        "SELECT k.account, k.kid, k.case_id "
        "FROM unnest(string_to_array(%(accounts)s, ' '), string_to_array(%(kids)s, ' ')) AS t(account, kid) "
        "JOIN case_kid k ON k.account = t.account AND k.kid = t.kid",
        {"accounts": " ".join(w[0] for w in wanted), "kids": " ".join(w[1] for w in wanted)},
    ):
        found[account, kid].append(case_id)
    return found


Shares: TypeAlias = dict[int, dict[int, Money]]
"""By payment that is shared over cases, by case: how much of it."""


def shares(connection: Connection, payment_ids: Sequence[int]) -> Shares:
    """Look up which of the payments are shared over cases."""
    found: Shares = defaultdict(dict)
    for payment_id, case_id, amount in rows(
        connection,
        "SELECT payment_id, case_id, amount FROM payment_share WHERE payment_id = ANY(%(ids)s) ORDER BY case_id",
        {"ids": list(payment_ids)},
    ):
        found[payment_id][case_id] = amount
    return found


def homes(connection: Connection, case_ids: Sequence[int], amounts: Sequence[Money]) -> list[int]:
    """The cases on which payments of these amounts are now, or will be in a moment, that were ever on these cases."""
    found = rows(
        connection,
        f"SELECT DISTINCT {ON} FROM {SHARED} WHERE p.id IN (SELECT payment_id FROM split WHERE case_id = ANY(%(cases)s)) "
        "AND p.amount = ANY(%(amounts)s) AND p.state IN ('settled', 'waiting') AND p.case_id IS NOT NULL",
        {"cases": list(case_ids), "amounts": list(amounts)},
    )
    return [row[0] for row in found]


def main_cases(connection: Connection, merged: Sequence[int]) -> dict[int, int]:
    """Follow merge pointers: each merged case's id to the id of the case at the end."""
    if not merged:
        return {}
    found = rows(
        connection,
        "WITH RECURSIVE way AS (SELECT id AS start, id, merged_into, 0 AS depth FROM kk2_case WHERE id = ANY(%(ids)s) "
        "UNION ALL SELECT w.start, c.id, c.merged_into, w.depth + 1 FROM way w JOIN kk2_case c ON c.id = w.merged_into "
        "WHERE w.depth < 50) SELECT start, id FROM way WHERE merged_into IS NULL",
        {"ids": list(merged)},
    )
    return {row[0]: row[1] for row in found}


def merged_into(connection: Connection, case_ids: Sequence[int]) -> list[int]:
    """The cases that were merged into these: payments that came before are on them still."""
    found = rows(
        connection,
        "WITH RECURSIVE way AS (SELECT id, 0 AS depth FROM kk2_case WHERE merged_into = ANY(%(ids)s) "
        "UNION SELECT c.id, w.depth + 1 FROM way w JOIN kk2_case c ON c.merged_into = w.id WHERE w.depth < 50) "
        "SELECT DISTINCT id FROM way",
        {"ids": list(case_ids)},
    )
    return [row[0] for row in found]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A payment that a reversal may take back. `vouchers`: states of the vouchers that have taken its splits.

    `case_id`: the case that it is on, None where it is on none. `shares`: where it is shared over cases, by case.
    """

    id: int
    case_id: int | None
    account: str
    kid: Kid | None
    amount: Money
    state: str
    taken_back: bool
    vouchers: tuple[VoucherState, ...]
    shares: dict[int, Money]


def earlier(connection: Connection, case_ids: Sequence[int], amounts: Sequence[Money]) -> list[Earlier]:
    """Payments of these amounts on these cases, those parked, and those whose slice is still to come.

    Their vouchers are share-locked: a conclusion that is being committed is waited for, and one that comes later finds
    the reversal that parked (`saves.conclusions.free_reversals`). One that still waits needs its case's lock to be
    settled, which this transaction has: who settles it finds the reversal too (`saves.splits.free_reversals`).
    """
    # a payment that was moved away is known by the splits that it had here, and has its case's lock too (`homes`)
    on_cases = rows(
        connection,
        "SELECT DISTINCT p.id, p.case_id, p.account, p.kid, p.amount, p.state, EXISTS (SELECT FROM payment r JOIN split x "
        "ON x.payment_id = r.id WHERE x.case_id = p.case_id AND r.reverses = p.id AND r.state = 'settled') "
        "FROM split s JOIN payment p ON p.id = s.payment_id "
        "WHERE s.case_id = ANY(%(cases)s) AND p.amount = ANY(%(amounts)s) AND p.case_id = ANY(%(cases)s)",
        {"cases": list(case_ids), "amounts": list(amounts)},
    )
    shared = shares(connection, [row[0] for row in on_cases])
    parked = rows(
        connection,
        "SELECT p.id, NULL, p.account, p.kid, p.amount, p.state, false FROM work w JOIN payment p ON p.id = w.payment_id "
        "WHERE w.state = 'parked' AND p.amount = ANY(%(amounts)s) AND p.state IN ('parked', 'held')",
        {"amounts": list(amounts)},
    )
    unsettled = rows(
        connection,
        "SELECT p.id, NULL, p.account, p.kid, p.amount, p.state, false FROM bank_file f JOIN payment p ON p.file_id = f.id "
        "WHERE f.open_slices > 0 AND p.state = 'waiting' AND p.amount = ANY(%(amounts)s)",
        {"amounts": list(amounts)},
    )
    vouchers: dict[int, list[VoucherState]] = defaultdict(list)
    for payment_id, state in rows(
        connection,
        "SELECT s.payment_id, v.state FROM split s JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
        "JOIN voucher v ON v.id = t.voucher_id WHERE s.payment_id = ANY(%(ids)s) ORDER BY v.id FOR SHARE OF v",
        {"ids": [row[0] for row in on_cases]},
    ):
        vouchers[payment_id].append(VoucherState(state))
    return [
        Earlier(*row, tuple(vouchers[row[0]]), shared.get(row[0], {}))  # type: ignore[call-arg]
        for row in on_cases + parked + unsettled
    ]
