"""Money that is to go back to its payer, and notes on payments. Neither pays anything nor books anything."""

from datetime import date

from sqlalchemy import Connection, Row, text

from ops.queries.refunds import refundable
from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late
from ops.repairs.locking import lock
from schemas.money import Money, in_kroner

_LONGEST = 2_000  # characters of a note


def propose_refund(
    connection: Connection, payment_id: int, amount: Money | None = None, *, person: Person
) -> Done:
    """Say that money of a payment is to go back to its payer: a parked payment, or what is more than its case owes.

    Without an amount it is all of that. At most one proposal of a payment is open.
    """
    need_reason(person, "to pay money back")
    payment = lock(connection, payment_id)
    most = refundable(connection, payment_id)
    amount = most if amount is None else amount
    if most <= 0:
        raise Refusal(
            f"{payment.name} is {payment.state}, and nothing of it is parked, or more than its case owes"
        )
    if not 0 < amount <= most:
        raise Refusal(
            f"at most {in_kroner(most)} kr of {payment.name} can go back, not {in_kroner(amount)} kr"
        )
    made = connection.execute(
        text(
            "INSERT INTO refund (payment_id, amount, proposed_by) VALUES (:payment, :amount, :actor) "
            "ON CONFLICT (payment_id) WHERE state = 'proposed' DO NOTHING RETURNING id"
        ),
        {"payment": payment.id, "amount": amount, "actor": person.actor},
    ).scalar_one_or_none()
    if made is None:
        raise too_late(connection, payment.name, "has a proposed refund already: withdraw it first")
    rings = leave(connection, person, "propose refund", payment.name, {"refund": made, "amount": amount}, [])
    return Done(rings, f"refund {made}: {in_kroner(amount)} kr of {payment.name} is proposed to be paid back")


def refunded(
    connection: Connection, refund_id: int, *, paid_on: date, reference: str, person: Person
) -> Done:
    """Say that a proposed refund was paid, on which day, under which reference of the bank or of Visma. Books nothing."""
    if not reference.strip():
        raise Refusal("say under which reference it was paid, so that it can be found")
    refund = _proposed(connection, refund_id)
    connection.execute(
        text(
            "UPDATE refund SET state = 'done', ended_by = :actor, ended_at = now(), paid_on = :day, reference = :reference "
            "WHERE id = :id"
        ),
        {"actor": person.actor, "day": paid_on, "reference": reference.strip(), "id": refund_id},
    )
    subject = f"payment {refund.payment_id}"
    detail = {"refund": refund_id, "amount": refund.amount, "paid_on": str(paid_on)}
    rings = leave(connection, person, "refunded", subject, detail, [])
    then = ": book it in Visma" + (f", then refuse {subject}" if refund.state == "parked" else "")
    return Done(rings, f"refund {refund_id}: {in_kroner(refund.amount)} kr of {subject} was paid back{then}")


def withdraw_refund(connection: Connection, refund_id: int, *, person: Person) -> Done:
    """Say that a proposed refund is not to be paid after all."""
    need_reason(person, "to withdraw a refund")
    refund = _proposed(connection, refund_id)
    connection.execute(
        text("UPDATE refund SET state = 'withdrawn', ended_by = :actor, ended_at = now() WHERE id = :id"),
        {"actor": person.actor, "id": refund_id},
    )
    detail = {"refund": refund_id, "amount": refund.amount}
    rings = leave(connection, person, "withdraw refund", f"payment {refund.payment_id}", detail, [])
    return Done(rings, f"refund {refund_id} is withdrawn: {in_kroner(refund.amount)} kr stays")


def comment(connection: Connection, payment_id: int, words: str, *, person: Person) -> Done:
    """Keep a note on a payment, for ever. It may name people, so neither the audit nor any log has its text."""
    if not words.strip() or len(words) > _LONGEST:
        raise Refusal(f"a note has 1 to {_LONGEST} characters, this one has {len(words.strip())}")
    payment = lock(connection, payment_id)
    made = connection.execute(
        text("INSERT INTO payment_note (payment_id, actor, text) VALUES (:id, :actor, :text) RETURNING id"),
        {"id": payment.id, "actor": person.actor, "text": words.strip()},
    ).scalar_one()
    rings = leave(connection, person, "comment", payment.name, {"note": made}, [])
    return Done(rings, f"noted on {payment.name}")


def _proposed(connection: Connection, refund_id: int) -> Row[tuple[int, Money, str, str]]:
    """Lock a refund's payment, then the refund, which must be proposed still."""
    payment_id = connection.execute(
        text("SELECT payment_id FROM refund WHERE id = :id"), {"id": refund_id}
    ).scalar()
    if payment_id is None:
        raise Refusal(f"there is no refund {refund_id}")
    lock(connection, payment_id)
    row = connection.execute(
        text(
            "SELECT r.payment_id, r.amount, p.state, r.state AS stands FROM refund r JOIN payment p ON p.id = r.payment_id "
            "WHERE r.id = :id FOR UPDATE OF r"
        ),
        {"id": refund_id},
    ).one()
    if row.stands != "proposed":
        raise too_late(connection, f"payment {payment_id}", f"has refund {refund_id}, which is {row.stands}")
    return row
