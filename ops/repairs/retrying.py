"""Try a parked piece of work again: the world is back, the setup is complete, the program is mended."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, propose_anew
from pipeline.stage import Reason
from workers.shell.rows import due_again

_OTHER_REPAIR = {
    Reason.FILE_HELD: "release or refuse the file",
    Reason.UNREADABLE: "get the file again from the bank and refuse this one, or have it read again",
    Reason.REFUSED: "retry, correct or discard the voucher",
    Reason.PERIOD_CLOSED: "open the period and retry the voucher, or discard it",
    Reason.IN_DOUBT: "look in Visma, then confirm the voucher or declare it absent",
    Reason.WRONG_AMOUNT: "have it put right in Visma, and import again",
    Reason.IN_A_CASE: "look at the case, and import again",
    Reason.NUMBER_REFUSED: "put it right in Visma, and have the number written again",
    Reason.REFERENCE_CLASH: "look in Visma, then confirm the voucher or declare it absent",
}


def try_again(connection: Connection, work_id: int, *, person: Person) -> Done:
    """Make a parked row due now. A payment, an invoice, a file that is held and a voucher have repairs of their own."""
    row = connection.execute(
        text(
            "SELECT id, stage, state, reason, payment_id, invoice_id, transaction_id, body FROM work WHERE id = :id FOR UPDATE"
        ),
        {"id": work_id},
    ).one_or_none()
    if row is None:
        raise Refusal(f"there is no work row {work_id}")
    if row.state != "parked":
        raise Refusal(f"work row {work_id} is {row.state}, it waits for nobody")
    if row.payment_id is not None:
        raise Refusal(f"release payment {row.payment_id}, assign it or refuse it")
    if row.transaction_id is not None:
        raise Refusal(f"decide transaction {row.transaction_id} again, apply it or set it aside")
    other = _OTHER_REPAIR.get(Reason(row.reason))
    if other is not None:
        raise Refusal(f"{row.reason} has a repair of its own: {other}")
    if row.invoice_id is not None:
        raise Refusal(f"import again: invoice {row.invoice_id} is weighed anew with the setup of then")
    if row.stage == "propose" and row.body.get("file_id") is not None:
        rings = propose_anew(connection, row.body["file_id"], person)
    else:
        rings = due_again(connection, [row.id])
    rings += leave(
        connection, person, "try again", f"work {work_id}", {"stage": row.stage, "was": row.reason}, []
    )
    return Done(rings, f"{row.stage} is tried again; it waited because of {row.reason}")
