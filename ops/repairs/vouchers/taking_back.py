"""Take a voucher back that is not booked: posted by hand, void so that its money is proposed again, restored."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late
from ops.repairs.vouchers.coming_back import become_ours, need_its_number
from ops.repairs.vouchers.standing import (
    Standing,
    close_all,
    freed,
    lock,
    move,
    number_of,
    takeable,
    told,
)
from schemas.events import VoucherRefused, VoucherVoided
from schemas.voucher import Discarded, VoucherState
from workers.journal import record


def by_hand(connection: Connection, voucher_id: int, voucher_no: str, *, person: Person) -> Done:
    """Note that a person posted the voucher in Visma himself: it is counted and controlled, and never sent."""
    number = number_of(voucher_no)
    need_its_number(connection, voucher_id, number)
    happened, came_back = become_ours(connection, voucher_id, number)
    voucher = takeable(connection, voucher_id, VoucherState.BY_HAND, "posted by hand")
    move(connection, voucher, VoucherState.BY_HAND, number)
    close_all(connection, voucher_id)
    happened += freed(connection, voucher_id)
    detail: dict[str, object] = {"voucher_no": number, "was": voucher.state.value}
    rings = leave(connection, person, "post by hand", voucher.name, detail, happened)
    return Done(rings, f"{told(voucher)} was posted by hand as no. {number}{came_back}")


def void(
    connection: Connection, voucher_id: int, because: Discarded | None = None, *, person: Person
) -> Done:
    """Take a voucher back that is certainly not booked: its splits are free, its cases are split anew, its money is
    proposed again under a new reference. So it is corrected, and so it is discarded, `because` of something.
    """
    need_reason(person, "to take a voucher back")
    if because is Discarded.BOOKED_BY_HAND:
        raise Refusal(
            "booked by hand: give the number that it has in Visma, or its money would be proposed again"
        )
    case_ids = _lock_cases(connection, voucher_id)
    voucher = takeable(connection, voucher_id, VoucherState.VOID, "taken back")
    _need_nothing_refused(connection, voucher)
    happened = freed(connection, voucher_id)
    connection.execute(
        text("UPDATE voucher_split SET released = true WHERE voucher_id = :id"), {"id": voucher_id}
    )
    connection.execute(text("UPDATE kk2_case SET dirty = true WHERE id = ANY(:ids)"), {"ids": list(case_ids)})
    move(connection, voucher, VoucherState.VOID, None)
    close_all(connection, voucher_id)
    detail: dict[str, object] = {"was": voucher.state.value, "total": voucher.total}
    detail |= {"because": because.value} if because else {}
    rings = leave(
        connection, person, "void", voucher.name, detail, [VoucherVoided(voucher_id, case_ids), *happened]
    )
    again = f"mend case or setup, then look at kk2 proposal show {voucher.company}"
    return Done(rings, f"{told(voucher)} is void; its money is proposed again: {again}")


def restore(connection: Connection, voucher_id: int, *, person: Person) -> Done:
    """Take a void voucher up again as refused, while nothing newer has taken or changed one of its splits."""
    _lock_cases(connection, voucher_id)
    voucher = lock(connection, voucher_id)
    if voucher.state is not VoucherState.VOID:
        raise too_late(connection, voucher.name, f"is {voucher.state}, and only a void one can be restored")
    newer = connection.execute(
        text(
            "SELECT count(*) FROM voucher_split t JOIN split s ON s.id = t.split_id WHERE t.voucher_id = :id "
            "AND (s.superseded_by IS NOT NULL OR EXISTS (SELECT FROM voucher_split o "
            "WHERE o.split_id = s.id AND o.voucher_id <> :id AND NOT o.released))"
        ),
        {"id": voucher_id},
    ).scalar_one()
    if newer:
        raise Refusal(
            f"{voucher.name} stays void: {newer} of its splits were changed, or another voucher has them"
        )
    connection.execute(
        text("UPDATE voucher_split SET released = false WHERE voucher_id = :id"), {"id": voucher_id}
    )
    move(connection, voucher, VoucherState.REFUSED, None)
    record(connection, [VoucherRefused(voucher_id)], actor=person.actor)
    connection.execute(
        text(
            "INSERT INTO work (event_id, stage, part, body, state, due_at, reason, note) SELECT max(id), 'deliver', "
            "'voucher ' || :id, jsonb_build_object('voucher_ids', jsonb_build_array(CAST(:id AS bigint))), 'parked', now(), "
            "'refused', :note FROM journal WHERE event = 'VoucherRefused' AND (body->>'voucher_id')::bigint = :id"
        ),
        {
            "id": voucher_id,
            "note": f"{voucher.reference} was void and is restored: retry it, or void it again",
        },
    )
    rings = leave(connection, person, "restore", voucher.name, {}, [])
    return Done(rings, f"{told(voucher)} is restored: retry it to send it")


def _need_nothing_refused(connection: Connection, voucher: Standing) -> None:
    """No proposal takes a refused payment: off its voucher, its money would be on a case and nowhere else."""
    payment = connection.execute(
        text(
            "SELECT min(p.id) FROM voucher_split t JOIN split s ON s.id = t.split_id AND s.superseded_by IS NULL "
            "JOIN payment p ON p.id = s.payment_id WHERE t.voucher_id = :id AND NOT t.released AND p.state = 'refused'"
        ),
        {"id": voucher.id},
    ).scalar()
    if payment is not None:
        raise Refusal(f"{voucher.name} has payment {payment}, which a person refused: it is not taken back")


def _lock_cases(connection: Connection, voucher_id: int) -> tuple[int, ...]:
    """Lock the voucher's cases before the voucher itself: in this order do the settling workers lock."""
    found = connection.execute(
        text(
            "SELECT id FROM kk2_case WHERE id IN (SELECT s.case_id FROM voucher_split t JOIN split s ON s.id = t.split_id "
            "WHERE t.voucher_id = :id) ORDER BY id FOR NO KEY UPDATE"
        ),
        {"id": voucher_id},
    )
    return tuple(row[0] for row in found)
