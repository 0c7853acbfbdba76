"""Send a proposal back with a reason, so that nobody posts it until it is taken up again."""

from sqlalchemy import Connection, text

from ops.queries.proposals import proposal, subject_of
from ops.repairs.acts import Done, Person, Refusal, leave, need_company, need_reason, too_late
from ops.repairs.proposals import alone
from workers.shell.rows import due_again


def send_back(connection: Connection, company: str, file_id: int | None, *, person: Person) -> Done:
    """Send the company's proposal back, or only what is of one file: neither policy nor a person approves it."""
    need_reason(person, "to send a proposal back")
    need_company(connection, company)
    alone(connection, company)
    subject = subject_of(company, file_id)
    if not proposal(connection, company, file_id).payments:
        raise Refusal(f"{subject} is empty: there is nothing to send back")
    made = connection.execute(
        text(
            "INSERT INTO sent_back (company, file_id, actor, reason) VALUES (:company, :file, :actor, :reason) "
            "ON CONFLICT (company, file_id) WHERE taken_up_at IS NULL DO NOTHING RETURNING id"
        ),
        {"company": company, "file": file_id or 0, "actor": person.actor, "reason": person.reason},
    ).scalar()
    if made is None:
        raise too_late(connection, subject, "is sent back already")
    rings = leave(connection, person, "send back", subject, {}, [])
    return Done(rings, f"{subject} is sent back: nothing of it is posted until it is taken up")


def take_up(connection: Connection, company: str, file_id: int | None, *, person: Person) -> Done:
    """Take a proposal up that was sent back; policy looks at it anew."""
    alone(connection, company)
    subject = subject_of(company, file_id)
    taken = connection.execute(
        text(
            "UPDATE sent_back SET taken_up_at = now(), taken_up_by = :actor WHERE company = :company "
            "AND file_id = :file AND taken_up_at IS NULL"
        ),
        {"company": company, "file": file_id or 0, "actor": person.actor},
    ).rowcount
    if not taken:
        raise too_late(connection, subject, "is not sent back")
    waiting = connection.execute(
        text(
            "SELECT id FROM work WHERE stage = 'propose' AND state = 'parked' AND reason = 'sent_back' "
            "AND body->>'company' = :company ORDER BY id FOR UPDATE"
        ),
        {"company": company},
    )
    rings = due_again(connection, [row[0] for row in waiting])
    rings += leave(connection, person, "take up", subject, {}, [])
    return Done(rings, f"{subject} is taken up: it can be approved again")
