"""What a person may do with a payment that changes where its money goes: to a case, over several cases, off its case.

Off a case its money goes in the act's own commit: what no voucher has is withdrawn, what one has is taken back by a
correction that the next proposal takes. So the payment is whole at every moment; settling it is the stage's work.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, close, leave, need_reason, split_anew, too_late
from ops.repairs.locking import (
    Locked,
    Payment,
    lock_with_cases,
    need_no_refund,
    need_not_taken_back,
)
from pipeline.stage import Reason
from schemas.case import CaseState, Kind
from schemas.events import PaymentAssigned
from schemas.money import Money, in_kroner
from schemas.setup import NoSuchSetupError
from workers.facts.cases import LockedCase
from workers.facts.payments import shares as shares_of
from workers.journal import ParkedPayment, park_payments
from workers.saves.splits import save_shares
from workers.store.bulk import copy
from workers.store.setup import current

_SPLITS = ("payment_id", "case_id", "item_id", "kind", "amount", "client_row", "corrects", "held")


def assign(
    connection: Connection, payment_id: int, case_id: int, *, original: int | None, person: Person
) -> Done:
    """Give a payment to a case: a parked one, or one that is settled elsewhere. The next proposal moves what was posted.

    A negative payment must say which payment of the case it takes back, whole: `original`.
    """
    locked = lock_with_cases(connection, payment_id, [case_id])
    payment, to = locked.payment, locked.ends[case_id]
    _need_movable(connection, locked)
    _need_room(payment, to)
    if payment.state == "settled" and payment.case_id == to.id and not shares_of(connection, [payment.id]):
        raise Refusal(f"{payment.name} is on case {to.case_no} already")
    if payment.amount > 0:
        if original is not None:
            raise Refusal(
                f"{payment.name} is {in_kroner(payment.amount)} kr in: only money that goes out takes another back"
            )
        _need_claim(locked, to)
    else:
        _check_original(connection, payment, to.id, original)
    detail = {"case_id": to.id, "original": original, "was": payment.why, "from": list(locked.homes)}
    happened = _send(connection, locked, {to.id: payment.amount}, original)
    rings = leave(connection, person, "assign", payment.name, detail, happened)
    return Done(
        rings, f"{payment.name}, {in_kroner(payment.amount)} kr, goes to case {to.case_no}{_from(locked)}"
    )


def share_out(
    connection: Connection, payment_id: int, shares: Sequence[tuple[int, Money]], *, person: Person
) -> Done:
    """Share a payment over cases, each with an amount above zero; together they are the payment.

    A share stays on its case until a person says otherwise: what nothing is owed for there is an overpayment.
    """
    locked = lock_with_cases(connection, payment_id, [case_id for case_id, _ in shares])
    payment = locked.payment
    _need_movable(connection, locked)
    if payment.amount <= 0:
        raise Refusal(f"{payment.name} takes money back: it follows the payment that it takes back")
    of_cases = {locked.ends[case_id].id: amount for case_id, amount in shares}
    if len(of_cases) < max(len(shares), 2):
        raise Refusal("name two cases or more, each once; a case that was merged is its main case")
    if any(amount <= 0 for amount in of_cases.values()):
        raise Refusal("a share is above zero kroner")
    total = sum(of_cases.values())
    if total != payment.amount:
        raise Refusal(
            f"the shares are {in_kroner(total)} kr, {payment.name} is {in_kroner(payment.amount)} kr"
        )
    if shares_of(connection, [payment.id]).get(payment.id) == of_cases:
        raise Refusal(f"{payment.name} is shared so already")
    for to in locked.ends.values():
        _need_room(payment, to)
        _need_claim(locked, to)
        _need_setup(connection, payment, to)
    detail = {"shares": {str(i): amount for i, amount in of_cases.items()}, "from": list(locked.homes)}
    happened = _send(connection, locked, of_cases, None)
    rings = leave(connection, person, "share out", payment.name, detail, happened)
    words = ", ".join(f"{in_kroner(of_cases[to.id])} kr to case {to.case_no}" for to in locked.ends.values())
    return Done(rings, f"{payment.name} is shared: {words}{_from(locked)}")


def undo(connection: Connection, payment_id: int, *, person: Person) -> Done:
    """Take a settled payment off its case, or its cases: it waits for a person again, as if it had never been settled."""
    need_reason(person, "to take money off a case")
    locked = lock_with_cases(connection, payment_id)
    payment = locked.payment
    if payment.state != "settled":
        raise too_late(
            connection, payment.name, f"is {payment.state}, and only a settled one can be taken off its case"
        )
    _need_movable(connection, locked)
    posted = _take_off(connection, payment)
    connection.execute(
        text(
            "UPDATE payment SET state = 'parked', case_id = NULL, reverses = NULL, rule_id = NULL WHERE id = :id"
        ),
        {"id": payment.id},
    )
    was = ", ".join(case.case_no for case in locked.homes.values())
    note = f"{in_kroner(payment.amount)} kr was taken off case {was} by a person: assign it, release it or refuse it"
    park_payments(connection, [ParkedPayment(payment.id, Reason.TAKEN_OFF, note)], stage="resettle")
    changed = split_anew(connection, locked.homes)
    rings = leave(connection, person, "undo", payment.name, {"from": list(locked.homes)}, changed)
    return Done(
        rings,
        f"{payment.name}, {in_kroner(payment.amount)} kr, is off case {was}, and waits for a person; the next proposal of "
        f"company {payment.company} takes back what was posted: kk2 proposal show {payment.company}"
        if posted
        else f"{payment.name}, {in_kroner(payment.amount)} kr, is off case {was}, and waits for a person",
    )


def _need_movable(connection: Connection, locked: Locked) -> None:
    payment = locked.payment
    if payment.state not in {"parked", "settled"}:
        first = ": release it first" if payment.state == "held" else ""
        what = f"is {payment.state}, and only a parked or settled payment can be given to a case{first}"
        raise too_late(connection, payment.name, what)
    if payment.company is None:
        raise Refusal(f"no company has the account {payment.account}: set it up, then release {payment.name}")
    need_not_taken_back(connection, payment)
    need_no_refund(connection, payment)


def _need_room(payment: Payment, to: LockedCase) -> None:
    if payment.company != to.company:
        raise Refusal(
            f"{payment.name} came in for company {payment.company}, case {to.case_no} is of {to.company}"
        )
    if to.state is CaseState.RECALLED:
        raise Refusal(
            f"case {to.case_no} was recalled by the client: choose another case, or refund the payment"
        )


def _need_claim(locked: Locked, to: LockedCase) -> None:
    """Something must be owed on the case, or was before this very payment paid it."""
    if to.state is CaseState.PAID and to.id not in locked.homes:
        raise Refusal(f"nothing is owed on case {to.case_no}: choose another case, or refund the payment")


def _need_setup(connection: Connection, payment: Payment, to: LockedCase) -> None:
    """A share never parks, so what would park it is asked before."""
    day = connection.execute(
        text("SELECT interest_on FROM payment WHERE id = :id"), {"id": payment.id}
    ).scalar_one()
    try:
        current(connection).clients[to.company, to.client].on(day)
    except (KeyError, NoSuchSetupError):
        raise Refusal(f"client {to.client} of case {to.case_no} has no setup on {day}") from None


def _check_original(connection: Connection, payment: Payment, case_id: int, original: int | None) -> None:
    """A reversal takes back one whole payment that is on the case; a part of one is posted by hand."""
    what = f"{payment.name} takes {in_kroner(-payment.amount)} kr back"
    if original is None:
        raise Refusal(f"{what}: say which payment of the case")
    found = connection.execute(
        text(
            "SELECT amount, state, case_id, (SELECT min(r.id) FROM payment r WHERE r.reverses = p.id AND r.state = 'settled' "
            "AND r.id <> :id) AS taken_back_by FROM payment p WHERE id = :original"
        ),
        {"id": payment.id, "original": original},
    ).one_or_none()
    if found is None or found.case_id != case_id or found.state != "settled":
        raise Refusal(f"{what}, and payment {original} is not settled on the case")
    if shares_of(connection, [original]):
        raise Refusal(
            f"payment {original} is shared over cases: release {payment.name}, and it follows the shares"
        )
    if found.taken_back_by is not None:
        raise Refusal(f"payment {original} is taken back already, by payment {found.taken_back_by}")
    if found.amount != -payment.amount:
        raise Refusal(
            f"{what}, payment {original} is of {in_kroner(found.amount)} kr: refuse it and post the part by hand"
        )


def _send(
    connection: Connection, locked: Locked, to: Mapping[int, Money], original: int | None
) -> list[object]:
    """Take the payment off where it is, and have it settled on these cases; gives the events."""
    payment, first = locked.payment, min(to)
    if payment.state == "settled":
        _take_off(connection, payment)
    connection.execute(
        text(
            "UPDATE payment SET state = 'waiting', case_id = :case, reverses = :original, rule_id = NULL WHERE id = :id"
        ),
        {"case": first, "original": original, "id": payment.id},
    )
    if len(to) > 1:
        save_shares(connection, {payment.id: dict(to)})
    close(connection, [payment.work_id] if payment.work_id else [])
    changed = split_anew(connection, {*locked.homes, *to} - {first})
    connection.execute(text("UPDATE kk2_case SET dirty = true WHERE id = :id"), {"id": first})
    return [PaymentAssigned(payment.id, first), *changed]


def _take_off(connection: Connection, payment: Payment) -> bool:
    """Leave nothing of a settled payment on any case, and on the suspense account all that vouchers have put there.

    Gives whether vouchers have some of it, which a correction takes back.
    """
    connection.execute(text("DELETE FROM payment_share WHERE payment_id = :id"), {"id": payment.id})
    found = connection.execute(
        text(
            "SELECT s.id, s.case_id, s.item_id, s.kind, s.amount, s.client_row, t.split_id IS NOT NULL AS frozen FROM split s "
            "LEFT JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
            "WHERE s.payment_id = :id AND s.superseded_by IS NULL ORDER BY s.id"
        ),
        {"id": payment.id},
    )
    frozen: dict[tuple[int | None, int | None, int], Money] = defaultdict(int)
    rows: dict[tuple[int | None, int | None, int], int | None] = {}
    free: list[int] = []
    for row in found:
        key = row.case_id, row.item_id, row.kind
        rows[key] = row.client_row if rows.get(key) is None else rows[key]
        if row.frozen:
            frozen[key] += row.amount
        else:
            free.append(row.id)
    connection.execute(
        text("UPDATE split SET superseded_by = id WHERE id = ANY(:ids)"),
        {"ids": free},
    )
    corrections = []
    for key, stands in frozen.items():
        # what the suspense account has of it stays there; less than nothing, and a void voucher had put it there
        wanted = max(stands, 0) if key[2] == Kind.SUSPENSE else 0
        if stands != wanted:
            corrections.append((payment.id, *key, wanted - stands, rows[key], True, False))
    copy(connection, "split", _SPLITS, corrections)
    return bool(corrections)


def _from(locked: Locked) -> str:
    homes = ", ".join(case.case_no for case in locked.homes.values())
    return f", off case {homes}" if homes and locked.payment.state == "settled" else ""
