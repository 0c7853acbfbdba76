"""Close a case with its rest, and open it again: a fact of the case that settling reads; nothing goes to Visma."""

from datetime import date

from sqlalchemy import Connection, text

from ops.repairs import case_records
from ops.repairs.acts import Done, Person, leave, need_reason, too_late
from ops.repairs.case_records import Corrected
from schemas.case import CaseState
from schemas.events import CaseChanged
from schemas.money import in_kroner


def close(connection: Connection, case_id: int, *, person: Person) -> Done:
    """Close a case with its rest, whatever it is; nothing goes to Visma, and a later payment is taken in as before."""
    need_reason(person, "to close a case")
    (case,) = case_records.lock(connection, case_id)
    case_records.open_to_correction(case)
    row = case.stands.case
    if row.state != CaseState.OPEN or row.closed_on is not None:
        raise too_late(connection, case.subject, f"is {row.state}, and only an open case can be closed")
    happened = _turn(connection, case, case.today)
    rings = leave(connection, person, "close case", case.subject, {"balance": row.balance}, happened)
    return Done(
        rings, f"{case.name} is closed with a rest of {in_kroner(row.balance)} kr, without the interest"
    )


def reopen(connection: Connection, case_id: int, *, person: Person) -> Done:
    """Open again a case that a person closed. One that is paid, or under the client's threshold, opens by what is owed."""
    need_reason(person, "to open a case again")
    (case,) = case_records.lock(connection, case_id)
    case_records.open_to_correction(case)
    if case.stands.case.closed_on is None:
        raise too_late(connection, case.subject, f"is {case.stands.case.state}, and no person closed it")
    happened = _turn(connection, case, None)
    rings = leave(connection, person, "reopen case", case.subject, {}, happened)
    return Done(rings, f"{case.name} is no longer closed by a person: its state follows from what is owed")


def _turn(connection: Connection, case: Corrected, closed_on: date | None) -> list[object]:
    """Keep the fact; the resettle that follows says what state it makes."""
    connection.execute(
        text("UPDATE kk2_case SET closed_on = :day, dirty = true WHERE id = :id"),
        {"day": closed_on, "id": case.stands.case.id},
    )
    return [CaseChanged((case.stands.case.id,))]
