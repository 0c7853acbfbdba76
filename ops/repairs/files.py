"""What a person may do with a file: release or refuse one that is held, and say that one was booked by hand."""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, text

from ops.repairs.acts import Done, Person, Refusal, close, leave, need_reason, too_late
from schemas.events import FileLanded
from schemas.money import in_kroner
from schemas.wording import counted
from workers.shell.rows import due_again


def release_file(connection: Connection, file_id: int, *, person: Person) -> Done:
    """Let a held file go on, with all its payments: none of it was received before."""
    row = _lock(connection, file_id)
    subject = f"file {file_id}"
    if row.state != "held":
        raise too_late(connection, subject, f"is {row.state}, and only a held file can be released")
    work = _open_reading(connection, file_id)
    twins = _close_payments(connection, file_id, "held")
    connection.execute(
        text("UPDATE payment SET state = 'waiting' WHERE file_id = :id AND state = 'held'"), {"id": file_id}
    )
    detail = {"payments": row.payments, "held": twins}
    rings = due_again(connection, work) + leave(connection, person, "release file", subject, detail, [])
    return Done(rings, f"{subject} ({row.name}) goes on with its {counted(row.payments, 'payment')}")


def refuse_file(connection: Connection, file_id: int, *, person: Person) -> Done:
    """Refuse a held file: not one of its payments will be booked. An unreadable one is only taken off the list."""
    need_reason(person, "to refuse a file")
    row = _lock(connection, file_id)
    subject = f"file {file_id}"
    work = _open_reading(connection, file_id)
    if row.state not in {"held", "unreadable"} or (row.state == "unreadable" and not work):
        raise too_late(
            connection, subject, f"is {row.state}, and only a held or unreadable file can be refused"
        )
    if row.state == "held":
        for state in ("held", "parked"):
            _close_payments(connection, file_id, state)
        connection.execute(
            text(
                "UPDATE payment SET state = 'refused' WHERE file_id = :id AND state IN ('waiting', 'held', 'parked')"
            ),
            {"id": file_id},
        )
        connection.execute(text("UPDATE bank_file SET state = 'refused' WHERE id = :id"), {"id": file_id})
    close(connection, work)
    detail = {"payments": row.payments, "total": row.total}
    rings = leave(connection, person, "refuse file", subject, detail, [])
    what = f"its {counted(row.payments, 'payment')}, {in_kroner(row.total)} kr, will not be booked"
    return Done(rings, f"{subject} ({row.name}) is refused: {what}")


def read_again(connection: Connection, file_id: int, *, person: Person) -> Done:
    """Have an unreadable file read once more, after the setup or the program has changed.

    Never one of which anything was taken in: its payments stand, and would stand twice.
    """
    row = _lock(connection, file_id)
    subject = f"file {file_id}"
    stored = connection.execute(
        text("SELECT EXISTS (SELECT FROM payment WHERE file_id = :id)"), {"id": file_id}
    ).scalar_one()
    if row.state != "unreadable" or stored:
        raise too_late(
            connection,
            subject,
            f"is {row.state}, and only a file of which nothing was taken in is read again",
        )
    close(connection, _open_reading(connection, file_id))
    connection.execute(
        text("UPDATE bank_file SET state = 'landed', reason = NULL, note = NULL WHERE id = :id"),
        {"id": file_id},
    )
    rings = leave(connection, person, "read again", subject, {}, [FileLanded(file_id)])
    return Done(rings, f"{subject} ({row.name}) is read again")


def mark_known(connection: Connection, *, sha256: str, name: str, size: int, person: Person) -> Done:
    """Say that a file's payments were all booked by hand, before it is read: should it come, it is recognised by its bytes."""
    need_reason(person, "to pass a whole file over")
    made = connection.execute(
        text(
            "INSERT INTO bank_file (sha256, name, size, state) VALUES (:sha256, :name, :size, 'known') "
            "ON CONFLICT (sha256) DO NOTHING RETURNING id"
        ),
        {"sha256": sha256, "name": name, "size": size},
    ).scalar()
    if made is None:
        made = connection.execute(
            text("SELECT id FROM bank_file WHERE sha256 = :sha256"), {"sha256": sha256}
        ).scalar_one()
        # its reading, if it has begun, holds the work row: wait for it, then see what it made of the file
        work = _open_reading(connection, made)
        row = _lock(connection, made)
        if row.state != "landed":
            raise too_late(connection, f"file {made}", f"({row.name}) is {row.state} already")
        connection.execute(text("UPDATE bank_file SET state = 'known' WHERE id = :id"), {"id": made})
        connection.execute(
            text("UPDATE work SET state = 'done', done_at = now() WHERE id = ANY(:ids)"), {"ids": list(work)}
        )
    rings = leave(connection, person, "mark known", f"file {made}", {"sha256": sha256}, [])
    return Done(rings, f"file {made} ({name}) is known: none of it will be booked")


def _lock(connection: Connection, file_id: int) -> Row[tuple[str, str, int, int]]:
    row = connection.execute(
        text("SELECT state, name, payments, total FROM bank_file WHERE id = :id FOR NO KEY UPDATE"),
        {"id": file_id},
    ).one_or_none()
    if row is None:
        raise Refusal(f"there is no file {file_id}")
    return row


def _open_reading(connection: Connection, file_id: int) -> Sequence[int]:
    """Lock the file's row to read, due or parked."""
    rows = connection.execute(
        text(
            "SELECT id FROM work WHERE stage = 'read' AND state IN ('due', 'parked') AND (body->>'file_id')::int = :id "
            "ORDER BY id FOR UPDATE"
        ),
        {"id": file_id},
    )
    return [row[0] for row in rows]


def _close_payments(connection: Connection, file_id: int, state: str) -> int:
    """Close the parked rows of the file's payments in a state; gives their number."""
    return connection.execute(
        text(
            "UPDATE work w SET state = 'done', done_at = now() FROM payment p WHERE p.id = w.payment_id "
            "AND p.file_id = :id AND p.state = :state AND w.state = 'parked'"
        ),
        {"id": file_id, "state": state},
    ).rowcount
