"""Stop a case against the accounting system, and resume it: the control leaves out a stopped one, and lists it."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late


def stop_case(connection: Connection, case_id: int, *, person: Person) -> Done:
    """Leave a case out of the control, for a reason that the audit keeps. Its money goes on as before."""
    need_reason(person, "to stop a case against the accounting system")
    return _turn(connection, case_id, person, stopped=True)


def resume_case(connection: Connection, case_id: int, *, person: Person) -> Done:
    """Hold a case against the accounting system again, from the next control on."""
    return _turn(connection, case_id, person, stopped=False)


def _turn(connection: Connection, case_id: int, person: Person, *, stopped: bool) -> Done:
    found = connection.execute(
        text("SELECT case_no, stopped FROM kk2_case WHERE id = :id FOR NO KEY UPDATE"), {"id": case_id}
    ).one_or_none()
    if found is None:
        raise Refusal(f"there is no case id:{case_id}")
    subject = f"case {case_id}"
    if found.stopped is stopped:
        raise too_late(
            connection, subject, f"is {'stopped already' if stopped else 'not stopped'} against Visma"
        )
    connection.execute(
        text("UPDATE kk2_case SET stopped = :stopped WHERE id = :id"), {"id": case_id, "stopped": stopped}
    )
    rings = leave(connection, person, "stop case" if stopped else "resume case", subject, {}, [])
    how = "left out of the control" if stopped else "in the control again"
    return Done(rings, f"case {found.case_no} is {how}")
