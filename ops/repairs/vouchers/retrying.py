"""Try a voucher again: one that was refused is sent as it is, one in doubt is asked for first."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, close, leave, too_late
from ops.repairs.vouchers.standing import (
    OPEN_ROWS,
    Standing,
    lock,
    told,
)
from schemas.events import (
    InquiryAsked,
    RetryAsked,
)
from schemas.voucher import VoucherState
from workers.journal import Ring
from workers.saves.jobs import approve_again
from workers.shell.rows import due_again
from workers.store import setup as setup_store


def retry(connection: Connection, voucher_id: int, *, person: Person) -> Done:
    """Send a refused voucher again as it is, with its reference; ask for one in doubt; wake one that waits to be sent."""
    voucher = lock(connection, voucher_id)
    rows = connection.execute(text(OPEN_ROWS), {"id": voucher_id}).all()
    if voucher.state is VoucherState.IN_DOUBT:
        return _ask(connection, voucher, [(row.id, row.state, row.stage) for row in rows], person)
    if voucher.state is VoucherState.APPROVED:
        if not setup_store.current(connection).companies[voucher.company].latest().value.posting:
            raise Refusal(f"company {voucher.company} is in shadow mode: its vouchers are not delivered")
        if not rows and not voucher.attempts:
            raise Refusal(
                f"{voucher.name} stands from shadow mode, people posted it: kk2 shadow end {voucher.company}"
            )
        rings = due_again(connection, [row.id for row in rows])
        happened = [] if rings else [RetryAsked((voucher_id,))]
        rings += leave(connection, person, "retry", voucher.name, {"was": "approved"}, happened)
        return Done(rings, f"{told(voucher)} is to be sent now")
    if voucher.state is not VoucherState.REFUSED:
        raise too_late(connection, voucher.name, f"is {voucher.state}: there is nothing to try again")
    approve_again(connection, [voucher_id])
    close(connection, [row.id for row in rows])
    rings = leave(connection, person, "retry", voucher.name, {"was": "refused"}, [RetryAsked((voucher_id,))])
    return Done(rings, f"{told(voucher)} is sent again")


def _ask(
    connection: Connection, voucher: Standing, rows: Sequence[tuple[int, str, str]], person: Person
) -> Done:
    """Ask for a voucher in doubt now. One question at a time: absent twice must be absent over the whole pause."""
    asking = [row[0] for row in rows if row[1] == "due" and row[2] == "inquire"]
    close(connection, [row[0] for row in rows if row[1] == "parked"])
    rings: tuple[Ring, ...] = due_again(connection, asking)
    happened = [] if asking else [InquiryAsked(voucher.id)]
    rings += leave(connection, person, "ask", voucher.name, {"was": "in_doubt"}, happened)
    return Done(rings, f"{told(voucher)} may be booked: Visma is asked for it first")
