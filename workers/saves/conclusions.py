"""Save what became of a voucher: its new state, the attempt log, what waits for a person and what is freed."""

import json
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, text

from pipeline.posting import Conclusion
from pipeline.stage import Park
from schemas.events import VoucherPlan
from schemas.transfer import DeliveryAnswer, Exchange
from workers.saves.splits import wake
from workers.store.bulk import execute, rows

_LOGGED = text(
    "INSERT INTO exchange (voucher_id, attempt, what, verdict, status, code, note, request, answer) "
    "VALUES (:voucher, :attempt, :what, :verdict, :status, :code, :note, :request, :answer)"
)


def move(
    connection: Connection, voucher_id: int, attempt: int, conclusion: Conclusion, code: str, note: str
) -> bool:
    """Move a voucher to where the conclusion says, if it still stands where the call left it."""
    number = conclusion.voucher_no or None
    moved = connection.execute(
        text(
            "UPDATE voucher SET state = :state, voucher_no = :number, absent = :absent, lease_until = NULL, "
            "code = :code, note = :note, delivered_at = CASE WHEN :delivered THEN now() END, "
            "ledger_state = CASE WHEN :delivered THEN 'registered' END "
            "WHERE id = :id AND attempts = :attempt AND state IN ('sending', 'in_doubt')"
        ),
        {
            "id": voucher_id,
            "attempt": attempt,
            "state": conclusion.state.value,
            "number": number,
            "absent": conclusion.absent,
            "code": code,
            "note": note,
            "delivered": number is not None,
        },
    )
    return bool(moved.rowcount)


def lock_cases(connection: Connection, voucher_id: int) -> tuple[int, ...]:
    """Lock the cases that a voucher has money of, in id order; gives their ids."""
    found = rows(
        connection,
        "SELECT id FROM kk2_case WHERE id IN (SELECT s.case_id FROM voucher_split t JOIN split s ON s.id = t.split_id "
        "WHERE t.voucher_id = %(id)s) ORDER BY id FOR NO KEY UPDATE",
        {"id": voucher_id},
    )
    return tuple(row[0] for row in found)


def void(
    connection: Connection, voucher_id: int, case_ids: Sequence[int], day: date
) -> tuple[VoucherPlan, str]:
    """Take back a refused voucher: its splits are free, its cases dirty. Gives the plan of the one that follows it.

    `day`: the date of the new voucher. Also gives who approved the old one.
    """
    ids = {"id": voucher_id}
    of = rows(
        connection,
        "SELECT p.id FROM payment p WHERE p.id IN (SELECT s.payment_id FROM voucher_split t JOIN split s "
        "ON s.id = t.split_id WHERE t.voucher_id = %(id)s) ORDER BY p.file_id, p.position",
        ids,
    )
    execute(connection, "UPDATE voucher_split SET released = true WHERE voucher_id = %(id)s", ids)
    execute(connection, "UPDATE kk2_case SET dirty = true WHERE id = ANY(%(ids)s)", {"ids": list(case_ids)})
    head = rows(
        connection,
        "UPDATE voucher SET state = 'void' WHERE id = %(id)s AND state = 'refused' "
        'RETURNING account, booked_on, statement_ref, number, "of", approved_by',
        ids,
    )
    account, booked_on, ref, number, of_all, approved_by = head[0]
    payment_ids = tuple(row[0] for row in of)
    plan = VoucherPlan(account, booked_on.isoformat(), ref, number, of_all, day.isoformat(), payment_ids)
    return plan, approved_by


def in_doubt(connection: Connection, voucher_ids: Sequence[int], note: str) -> None:
    """Note that a call ended without an answer."""
    execute(
        connection,
        "UPDATE voucher SET state = 'in_doubt', lease_until = NULL, code = 'Died', note = %(note)s "
        "WHERE id = ANY(%(ids)s) AND state = 'sending'",
        {"ids": list(voucher_ids), "note": note},
    )
    execute(
        connection,
        "INSERT INTO exchange (voucher_id, attempt, what, verdict, code, note) "
        "SELECT id, attempts, 'send', 'unknown', 'Died', %(note)s FROM voucher WHERE id = ANY(%(ids)s) ORDER BY id",
        {"ids": list(voucher_ids), "note": note},
    )


def log(
    connection: Connection,
    attempts: Sequence[tuple[int, int]],
    answers: Sequence[DeliveryAnswer],
    exchange: Exchange,
    seconds: float,
) -> None:
    """Write the attempt log: one row a voucher; the call itself, redacted, once, with the first."""
    connection.execute(
        _LOGGED,
        [
            {
                "voucher": voucher_id,
                "attempt": attempt,
                "what": "send",
                "verdict": answer.verdict.value,
                "status": exchange.status,
                "code": answer.code,
                "note": answer.note or f"{seconds:.2f} s",
                "request": exchange.request if number == 0 else "",
                "answer": exchange.answer if number == 0 else "",
            }
            for number, ((voucher_id, attempt), answer) in enumerate(zip(attempts, answers, strict=True))
        ],
    )


def log_inquiry(
    connection: Connection, voucher_id: int, attempt: int, exchange: Exchange, verdict: str
) -> None:
    """Write that Visma was asked, and what came of it."""
    connection.execute(
        _LOGGED,
        {
            "voucher": voucher_id,
            "attempt": attempt,
            "what": "ask",
            "verdict": verdict,
            "status": exchange.status,
            "code": "",
            "note": "",
            "request": exchange.request,
            "answer": exchange.answer,
        },
    )


def park(connection: Connection, event_id: int, stage: str, voucher_id: int, park: Park) -> None:
    """Give a voucher that waits for a person a parked row of its own; the others of its call go on."""
    connection.execute(
        text(
            "INSERT INTO work (event_id, stage, part, body, state, due_at, reason, note) "
            "VALUES (:event, :stage, :part, CAST(:body AS jsonb), 'parked', now(), :reason, :note) "
            "ON CONFLICT (event_id, stage, part) DO UPDATE SET state = 'parked', reason = :reason, note = :note"
        ),
        {
            "event": event_id,
            "stage": stage,
            "part": f"voucher {voucher_id}",
            "body": json.dumps({"voucher_ids": [voucher_id]}),
            "reason": park.reason.value,
            "note": park.note,
        },
    )


def free_reversals(connection: Connection, voucher_id: int) -> list[int]:
    """Free the reversals that waited for a payment of this voucher: their parked rows are closed, they wait again.

    The voucher's row is locked by this transaction, and who parks such a reversal share-locks it: none is missed.
    """
    found = rows(
        connection,
        "SELECT w.payment_id FROM work w JOIN payment r ON r.id = w.payment_id "
        "WHERE w.state = 'parked' AND w.reason = 'original_under_way' AND EXISTS (SELECT FROM voucher_split t "
        "JOIN split s ON s.id = t.split_id JOIN payment p ON p.id = s.payment_id WHERE t.voucher_id = %(id)s "
        "AND p.account = r.account AND p.kid IS NOT DISTINCT FROM r.kid AND p.amount = -r.amount) ORDER BY 1",
        {"id": voucher_id},
    )
    return wake(connection, [row[0] for row in found]) if found else []
