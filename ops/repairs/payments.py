"""What a person may do with a payment: let it go on, refuse it, or cover in the debtor's own order."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, text

from ops.repairs.acts import (
    Done,
    Person,
    Refusal,
    close,
    leave,
    need_reason,
    propose_anew,
    split_anew,
    too_late,
)
from ops.repairs.locking import Payment, lock, lock_with_cases, need_no_refund
from ops.repairs.vouchers.standing import STANDS_FROM_SHADOW
from schemas.case import CoverOrder, Kind
from schemas.events import PaymentsReleased
from schemas.money import in_kroner
from schemas.wording import counted
from workers.journal import Ring
from workers.store.setup import current

_AT_A_TIME = 1_000  # payments of one release: a slice of their file
_WAITING = "UPDATE payment SET state = 'waiting', rule_id = NULL WHERE id = ANY(:ids)"


def release(connection: Connection, payment_ids: Sequence[int], *, person: Person) -> Done:
    """Let held or parked payments go on: they are matched and settled anew. Payments without a company get it now."""
    if not payment_ids:
        raise Refusal("no payment was named")
    payments = [lock(connection, payment_id) for payment_id in sorted(set(payment_ids))]
    setup = current(connection)
    for payment in payments:
        if payment.state not in {"held", "parked"}:
            raise too_late(
                connection, payment.name, f"is {payment.state}, and only held or parked ones can be released"
            )
        need_no_refund(connection, payment)
        if _file_state(connection, payment.file_id) == "held":
            raise Refusal(
                f"{payment.name} is in file {payment.file_id}, which is held whole: release the file"
            )
        if payment.company is None and payment.account not in setup.accounts:
            raise Refusal(
                f"no company has the account {payment.account}: set it up, then release {payment.name}"
            )
    ids = [payment.id for payment in payments]
    connection.execute(text(_WAITING), {"ids": ids})
    close(connection, [payment.work_id for payment in payments if payment.work_id])
    happened: list[PaymentsReleased] = []
    for file_id in sorted({payment.file_id for payment in payments}):
        of_file = [payment.id for payment in payments if payment.file_id == file_id]
        slices = [of_file[n : n + _AT_A_TIME] for n in range(0, len(of_file), _AT_A_TIME)]
        # each release is a slice of the file: its last one says again that the file is settled
        connection.execute(
            text("UPDATE bank_file SET open_slices = open_slices + :n WHERE id = :id"),
            {"n": len(slices), "id": file_id},
        )
        happened += [PaymentsReleased(file_id, tuple(each)) for each in slices]
    subject = payments[0].name if len(payments) == 1 else counted(len(payments), "payment")
    rings = _propose_without_held(connection, {payment.file_id for payment in payments}, person)
    rings += leave(connection, person, "release", subject, {"payment_ids": ids}, happened)
    return Done(rings, f"{subject} released: {in_kroner(sum(p.amount for p in payments))} kr goes on")


def refuse(connection: Connection, payment_id: int, *, person: Person) -> Done:
    """Say that a held or parked payment is not to be booked by us: booked elsewhere, refunded, sent twice by the bank."""
    need_reason(person, "to refuse money")
    payment = lock(connection, payment_id)
    if payment.state not in {"held", "parked"}:
        raise too_late(
            connection, payment.name, f"is {payment.state}, and only held or parked ones can be refused"
        )
    _need_nothing_on_a_case(connection, payment)
    connection.execute(text("UPDATE payment SET state = 'refused' WHERE id = :id"), {"id": payment.id})
    # what a void voucher gave back is withdrawn with it; what Visma has on the suspense account stands there
    connection.execute(
        text(
            "UPDATE split s SET superseded_by = s.id WHERE s.payment_id = :id AND s.superseded_by IS NULL "
            "AND NOT EXISTS (SELECT FROM voucher_split t WHERE t.split_id = s.id AND NOT t.released)"
        ),
        {"id": payment.id},
    )
    close(connection, [payment.work_id] if payment.work_id else [])
    detail = {"was": payment.why, "amount": payment.amount}
    rings = _propose_without_held(connection, {payment.file_id}, person)
    rings += leave(connection, person, "refuse", payment.name, detail, [])
    return Done(rings, f"{payment.name}, {in_kroner(payment.amount)} kr, is refused and will not be booked")


def choose_order(connection: Connection, payment_id: int, order: CoverOrder, *, person: Person) -> Done:
    """Cover one payment in the order that the debtor chose (dekningsrekkefølge); its case is split anew."""
    need_reason(person, "an order other than the client's")
    if sorted(order) != [Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST]:
        raise Refusal("the order must name principal, costs, fee and interest, each once")
    locked = lock_with_cases(connection, payment_id)
    payment = locked.payment
    if payment.amount <= 0:
        raise Refusal(f"{payment.name} takes money back: it follows the payment that it takes back")
    if payment.state in {"refused", "known"}:
        raise too_late(connection, payment.name, f"is {payment.state} and covers nothing")
    connection.execute(
        text("UPDATE payment SET cover_choice = CAST(:order AS jsonb) WHERE id = :id"),
        {"order": json.dumps([int(kind) for kind in order]), "id": payment.id},
    )
    happened = split_anew(connection, locked.homes) if payment.state == "settled" else []
    words = ", ".join(kind.name.lower() for kind in order)
    rings = leave(connection, person, "choose order", payment.name, {"order": words}, happened)
    return Done(rings, f"{payment.name} covers {words}, in this order")


def _need_nothing_on_a_case(connection: Connection, payment: Payment) -> None:
    """Money that was taken off a case is with Visma's customer there until the vouchers with it, and with its correction,
    have ended. People post by hand what a voucher from shadow mode says, so that has ended too.
    """
    found = connection.execute(
        text(
            "SELECT min(voucher.id) FROM split s LEFT JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
            "LEFT JOIN voucher ON voucher.id = t.voucher_id WHERE s.payment_id = :id AND s.superseded_by IS NULL "
            "AND s.case_id IS NOT NULL AND (voucher.id IS NULL OR voucher.state NOT IN ('delivered', 'by_hand')) "
            f"AND (voucher.id IS NULL OR NOT {STANDS_FROM_SHADOW}) HAVING count(*) > 0"
        ),
        {"id": payment.id},
    ).one_or_none()
    if found is not None:
        first = f"voucher {found[0]} has not ended" if found[0] else "approve the next proposal first"
        raise Refusal(f"{payment.name} is not off its case in Visma yet: {first}")


def _file_state(connection: Connection, file_id: int) -> str | None:
    found: str | None = connection.execute(
        text("SELECT state FROM bank_file WHERE id = :id"), {"id": file_id}
    ).scalar()
    return found


def _propose_without_held(connection: Connection, file_ids: set[int], person: Person) -> tuple[Ring, ...]:
    """Propose files anew that waited for the last of their held payments."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT (w.body->>'file_id')::int FROM work w WHERE w.state = 'parked' AND w.stage = 'propose' "
            "AND w.reason = 'held_in_file' AND (w.body->>'file_id')::int = ANY(:ids) AND NOT EXISTS (SELECT FROM payment p "
            "WHERE p.file_id = (w.body->>'file_id')::int AND p.state = 'held' "
            "AND p.company IS NOT DISTINCT FROM w.body->>'company')"
        ),
        {"ids": sorted(file_ids)},
    )
    return tuple(ring for row in rows.all() for ring in propose_anew(connection, row[0], person))
