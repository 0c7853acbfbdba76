"""What a person may say of a suggestion: that it is wrong, so that it is not shown again."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, too_late


def reject_suggestion(connection: Connection, payment_id: int, case_id: int, *, person: Person) -> Done:
    """Keep that a parked payment is not for a case: it is not suggested for it again. Assigning it stays possible."""
    state = connection.execute(
        text("SELECT state FROM payment WHERE id = :id FOR SHARE"), {"id": payment_id}
    ).scalar()
    case_no = connection.execute(
        text("SELECT case_no FROM kk2_case WHERE id = :id"), {"id": case_id}
    ).scalar()
    if state is None or case_no is None:
        raise Refusal(f"there is no {f'payment {payment_id}' if state is None else f'case {case_id}'}")
    subject = f"payment {payment_id}"
    if state != "parked":
        raise too_late(connection, subject, f"is {state}, and only a parked payment has suggestions")
    new = connection.execute(
        text(
            "INSERT INTO rejected_suggestion (payment_id, case_id, actor) VALUES (:payment, :case, :actor) "
            "ON CONFLICT DO NOTHING RETURNING case_id"
        ),
        {"payment": payment_id, "case": case_id, "actor": person.actor},
    ).scalar()
    if new is None:
        raise too_late(connection, subject, f"has case {case_no} rejected already")
    rings = leave(connection, person, "reject suggestion", subject, {"case_id": case_id}, [])
    return Done(rings, f"{subject} is not for case {case_no}: it is not suggested again")
