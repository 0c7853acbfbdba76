"""Try a voucher again: one that was refused is sent as it is, one in doubt is asked for first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, close, due_again, leave, too_late
from ops.repairs.vouchers.standing import (
    OPEN_ROWS,
    Standing,
    approve_again,
    lock,
    told,
)
from schemas.events import (
    InquiryAsked,
    RetryAsked,
)
from schemas.money import Money, in_kroner
from schemas.voucher import VoucherState
from schemas.wording import counted
from workers.journal import Ring
from workers.store import setup as setup_store


@dataclass(frozen=True, slots=True)
class Which:
    """A filter on refused vouchers; None is "any". `code` is Visma's, `first` and `last` are voucher dates."""

    company: str | None
    code: str | None
    first: date | None
    last: date | None

    def sql(self) -> str:
        """Give the condition on `voucher v`."""
        parts = ["v.state = 'refused'"]
        parts += ["v.company = :company"] if self.company is not None else []
        parts += ["v.code = :code"] if self.code is not None else []
        parts += ["v.voucher_on >= :first"] if self.first is not None else []
        parts += ["v.voucher_on <= :last"] if self.last is not None else []
        return " AND ".join(parts)


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


def matching(connection: Connection, which: Which) -> tuple[int, Money]:
    """Number and sum of the refused vouchers that a filter matches: what a person is shown before `retry_all`."""
    row = connection.execute(
        text(f"SELECT count(*), coalesce(sum(v.total), 0)::bigint FROM voucher v WHERE {which.sql()}"),
        asdict(which),
    ).one()
    return row[0], row[1]


def retry_all(connection: Connection, which: Which, *, vouchers: int, total: Money, person: Person) -> Done:
    """Send all refused vouchers of a filter again, if they are still the number and sum that the person saw."""
    found = connection.execute(
        text(f"SELECT v.id, v.total FROM voucher v WHERE {which.sql()} ORDER BY v.id FOR NO KEY UPDATE"),
        asdict(which),
    ).all()
    sum_ = sum(row.total for row in found)
    if (len(found), sum_) != (vouchers, total):
        now = f"now {counted(len(found), 'voucher')}, {in_kroner(sum_)} kr"
        raise Refusal(
            f"{now}; shown before: {counted(vouchers, 'voucher')}, {in_kroner(total)} kr: look at them again"
        )
    if not found:
        raise Refusal("no refused voucher matches")
    ids = [row.id for row in found]
    approve_again(connection, ids)
    connection.execute(
        text(
            "UPDATE work SET state = 'done', done_at = now() WHERE state = 'parked' AND stage IN ('deliver', 'inquire') "
            "AND part = ANY(SELECT 'voucher ' || x FROM unnest(CAST(:ids AS bigint[])) AS t(x))"
        ),
        {"ids": ids},
    )
    detail = {"voucher_ids": ids, "total": sum_}
    rings = leave(
        connection, person, "retry all", counted(len(ids), "voucher"), detail, [RetryAsked((i,)) for i in ids]
    )
    return Done(rings, f"sent again: {counted(len(ids), 'voucher')}, {in_kroner(sum_)} kr")


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
