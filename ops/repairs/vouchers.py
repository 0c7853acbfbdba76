"""What a person may do with a voucher that stopped on its way. Nothing here sends: what is in doubt is asked for first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, close, due_again, leave, need_reason, too_late
from schemas.events import (
    InquiryAsked,
    OriginalConcluded,
    RetryAsked,
    VoucherAbsent,
    VoucherDelivered,
    VoucherRefused,
    VoucherVoided,
)
from schemas.money import Money, in_kroner
from schemas.voucher import MOVES, VoucherState
from workers.journal import Ring, record
from workers.saves import conclusions

_OPEN_ROWS = (
    "SELECT id, state, stage, due_at FROM work WHERE stage IN ('deliver', 'inquire') AND state IN ('due', 'parked') "
    "AND (body->'voucher_ids' @> to_jsonb(CAST(:id AS bigint)) OR (body->>'voucher_id')::bigint = :id) "
    "ORDER BY id FOR UPDATE"
)


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


@dataclass(frozen=True, slots=True)
class _Voucher:
    """A voucher under lock."""

    id: int
    reference: str
    state: VoucherState
    total: Money
    attempts: int
    company: str

    @property
    def name(self) -> str:
        return f"voucher {self.id}"


def retry(connection: Connection, voucher_id: int, *, person: Person) -> Done:
    """Send a refused voucher again as it is, with its reference; ask for one in doubt; wake one that waits to be sent."""
    voucher = _lock(connection, voucher_id)
    rows = connection.execute(text(_OPEN_ROWS), {"id": voucher_id}).all()
    if voucher.state is VoucherState.IN_DOUBT:
        return _ask(connection, voucher, [(row.id, row.state, row.stage) for row in rows], person)
    if voucher.state is VoucherState.APPROVED:
        rings = due_again(connection, [row.id for row in rows])
        happened = [] if rings else [RetryAsked((voucher_id,))]
        rings += leave(connection, person, "retry", voucher.name, {"was": "approved"}, happened)
        return Done(rings, f"{_told(voucher)} is to be sent now")
    if voucher.state is not VoucherState.REFUSED:
        raise too_late(connection, voucher.name, f"is {voucher.state}: there is nothing to try again")
    _approve_again(connection, [voucher_id])
    close(connection, [row.id for row in rows])
    rings = leave(connection, person, "retry", voucher.name, {"was": "refused"}, [RetryAsked((voucher_id,))])
    return Done(rings, f"{_told(voucher)} is sent again")


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
        now = f"now {len(found)} vouchers, {in_kroner(sum_)} kr"
        raise Refusal(f"{now}; shown were {vouchers} vouchers, {in_kroner(total)} kr: look at them again")
    if not found:
        raise Refusal("no refused voucher matches")
    ids = [row.id for row in found]
    _approve_again(connection, ids)
    connection.execute(
        text(
            "UPDATE work SET state = 'done', done_at = now() WHERE state = 'parked' AND stage IN ('deliver', 'inquire') "
            "AND part = ANY(SELECT 'voucher ' || x FROM unnest(CAST(:ids AS bigint[])) AS t(x))"
        ),
        {"ids": ids},
    )
    detail = {"voucher_ids": ids, "total": sum_}
    rings = leave(
        connection, person, "retry all", f"{len(ids)} vouchers", detail, [RetryAsked((i,)) for i in ids]
    )
    return Done(rings, f"{len(ids)} vouchers, {in_kroner(sum_)} kr, are sent again")


def confirm(connection: Connection, voucher_id: int, voucher_no: str, *, person: Person) -> Done:
    """End a doubt: the person has seen the voucher in Visma, under this number."""
    voucher = _in_doubt(connection, voucher_id, "confirmed")
    happened: list[object] = [VoucherDelivered(voucher_id, _number(voucher_no))]
    _move(connection, voucher, VoucherState.DELIVERED, voucher_no.strip())
    _close_all(connection, voucher_id)
    happened += _freed(connection, voucher_id)
    rings = leave(connection, person, "confirm", voucher.name, {"voucher_no": voucher_no.strip()}, happened)
    return Done(rings, f"{_told(voucher)} is in Visma as no. {voucher_no.strip()}")


def absent(connection: Connection, voucher_id: int, *, person: Person) -> Done:
    """End a doubt: the person has looked, Visma does not have it. It is sent again with the same reference."""
    need_reason(person, "to declare a voucher absent")
    voucher = _in_doubt(connection, voucher_id, "declared absent")
    _move(connection, voucher, VoucherState.APPROVED, None)
    _close_all(connection, voucher_id)
    rings = leave(connection, person, "declare absent", voucher.name, {}, [VoucherAbsent((voucher_id,))])
    return Done(rings, f"{_told(voucher)} is not in Visma and is sent again")


def by_hand(connection: Connection, voucher_id: int, voucher_no: str, *, person: Person) -> Done:
    """Note that a person posted the voucher in Visma himself: it is counted and controlled, and never sent."""
    voucher = _takeable(connection, voucher_id, VoucherState.BY_HAND, "posted by hand")
    number = _number(voucher_no)
    _move(connection, voucher, VoucherState.BY_HAND, number)
    _close_all(connection, voucher_id)
    happened = _freed(connection, voucher_id)
    detail: dict[str, object] = {"voucher_no": number, "was": voucher.state.value}
    rings = leave(connection, person, "post by hand", voucher.name, detail, happened)
    return Done(rings, f"{_told(voucher)} was posted by hand as no. {number}")


def void(connection: Connection, voucher_id: int, *, person: Person) -> Done:
    """Take a voucher back that is certainly not booked: its splits are free, its cases are split anew, its money is
    proposed again under a new reference. So it is corrected, and so it is discarded.
    """
    need_reason(person, "to take a voucher back")
    # cases before the voucher: in this order do the settling workers lock
    cases = connection.execute(
        text(
            "SELECT id FROM kk2_case WHERE id IN (SELECT s.case_id FROM voucher_split t JOIN split s ON s.id = t.split_id "
            "WHERE t.voucher_id = :id) ORDER BY id FOR NO KEY UPDATE"
        ),
        {"id": voucher_id},
    )
    case_ids = tuple(row[0] for row in cases)
    voucher = _takeable(connection, voucher_id, VoucherState.VOID, "taken back")
    happened = _freed(connection, voucher_id)
    connection.execute(
        text("UPDATE voucher_split SET released = true WHERE voucher_id = :id"), {"id": voucher_id}
    )
    connection.execute(text("UPDATE kk2_case SET dirty = true WHERE id = ANY(:ids)"), {"ids": list(case_ids)})
    _move(connection, voucher, VoucherState.VOID, None)
    _close_all(connection, voucher_id)
    detail = {"was": voucher.state.value, "total": voucher.total}
    rings = leave(
        connection, person, "void", voucher.name, detail, [VoucherVoided(voucher_id, case_ids), *happened]
    )
    return Done(rings, f"{_told(voucher)} is void; its money is proposed again")


def restore(connection: Connection, voucher_id: int, *, person: Person) -> Done:
    """Take a void voucher up again as refused, while nothing newer has taken or changed one of its splits."""
    voucher = _lock(connection, voucher_id)
    if voucher.state is not VoucherState.VOID:
        raise too_late(connection, voucher.name, f"is {voucher.state}, and only a void one can be restored")
    newer = connection.execute(
        text(
            "SELECT count(*) FROM voucher_split t JOIN split s ON s.id = t.split_id WHERE t.voucher_id = :id "
            "AND (s.superseded_by IS NOT NULL OR EXISTS (SELECT FROM voucher_split o "
            "WHERE o.split_id = s.id AND o.voucher_id <> :id AND NOT o.released))"
        ),
        {"id": voucher_id},
    ).scalar_one()
    if newer:
        raise Refusal(
            f"{voucher.name} stays void: {newer} of its splits were changed, or another voucher has them"
        )
    connection.execute(
        text("UPDATE voucher_split SET released = false WHERE voucher_id = :id"), {"id": voucher_id}
    )
    _move(connection, voucher, VoucherState.REFUSED, None)
    record(connection, [VoucherRefused(voucher_id)], actor=person.actor)
    connection.execute(
        text(
            "INSERT INTO work (event_id, stage, part, body, state, due_at, reason, note) SELECT max(id), 'deliver', "
            "'voucher ' || :id, jsonb_build_object('voucher_ids', jsonb_build_array(CAST(:id AS bigint))), 'parked', now(), "
            "'refused', :note FROM journal WHERE event = 'VoucherRefused' AND (body->>'voucher_id')::bigint = :id"
        ),
        {
            "id": voucher_id,
            "note": f"{voucher.reference} was void and is restored: retry it, or void it again",
        },
    )
    rings = leave(connection, person, "restore", voucher.name, {}, [])
    return Done(rings, f"{_told(voucher)} is restored: retry it to send it")


def _ask(
    connection: Connection, voucher: _Voucher, rows: Sequence[tuple[int, str, str]], person: Person
) -> Done:
    """Ask for a voucher in doubt now. One question at a time: absent twice must be absent over the whole pause."""
    asking = [row[0] for row in rows if row[1] == "due" and row[2] == "inquire"]
    close(connection, [row[0] for row in rows if row[1] == "parked"])
    rings: tuple[Ring, ...] = due_again(connection, asking)
    happened = [] if asking else [InquiryAsked(voucher.id)]
    rings += leave(connection, person, "ask", voucher.name, {"was": "in_doubt"}, happened)
    return Done(rings, f"{_told(voucher)} may be booked: Visma is asked for it first")


def _lock(connection: Connection, voucher_id: int) -> _Voucher:
    row = connection.execute(
        text(
            "SELECT id, reference, state, total, attempts, company FROM voucher WHERE id = :id FOR NO KEY UPDATE"
        ),
        {"id": voucher_id},
    ).one_or_none()
    if row is None:
        raise Refusal(f"there is no voucher {voucher_id}")
    return _Voucher(row.id, row.reference, VoucherState(row.state), row.total, row.attempts, row.company)


def _in_doubt(connection: Connection, voucher_id: int, act: str) -> _Voucher:
    voucher = _lock(connection, voucher_id)
    if voucher.state is not VoucherState.IN_DOUBT:
        raise too_late(connection, voucher.name, f"is {voucher.state}, and only one in doubt can be {act}")
    return voucher


def _takeable(connection: Connection, voucher_id: int, to: VoucherState, act: str) -> _Voucher:
    """A voucher that is certainly not booked: refused, or approved and never sent."""
    voucher = _lock(connection, voucher_id)
    if to not in MOVES[voucher.state]:
        doubt = ": end the doubt first" if voucher.state is VoucherState.IN_DOUBT else ""
        raise too_late(connection, voucher.name, f"is {voucher.state}, and can't be {act}{doubt}")
    if (
        voucher.state is VoucherState.APPROVED
        and voucher.attempts
        and not _surely_unsent(connection, voucher)
    ):
        raise Refusal(
            f"{voucher.name} was sent {voucher.attempts} times, and may still be booked late: let it be sent"
        )
    return voucher


def _surely_unsent(connection: Connection, voucher: _Voucher) -> bool:
    """Every attempt so far ended with certainty that nothing was booked."""
    uncertain = connection.execute(
        text(
            "SELECT count(*) FROM (SELECT attempt, bool_or(verdict IN ('unsent', 'refused')) AS certain FROM exchange "
            "WHERE voucher_id = :id AND what = 'send' GROUP BY attempt) a WHERE NOT certain"
        ),
        {"id": voucher.id},
    ).scalar_one()
    return int(uncertain) == 0


def _approve_again(connection: Connection, voucher_ids: Sequence[int]) -> None:
    connection.execute(
        text("UPDATE voucher SET state = 'approved', code = NULL, note = NULL WHERE id = ANY(:ids)"),
        {"ids": list(voucher_ids)},
    )


def _move(connection: Connection, voucher: _Voucher, to: VoucherState, voucher_no: str | None) -> None:
    if to not in MOVES[voucher.state]:
        raise Refusal(f"{voucher.name} is {voucher.state}, from there is no way to {to}")
    connection.execute(
        text(
            "UPDATE voucher SET state = :state, voucher_no = :number, lease_until = NULL, absent = 0, "
            "delivered_at = CASE WHEN CAST(:number AS text) IS NOT NULL THEN now() END WHERE id = :id"
        ),
        {"state": to.value, "number": voucher_no, "id": voucher.id},
    )


def _close_all(connection: Connection, voucher_id: int) -> None:
    """Close what waits for a person, or would ask. A row that would send finds nothing to send, and closes itself."""
    rows = connection.execute(text(_OPEN_ROWS), {"id": voucher_id}).all()
    connection.execute(
        text("UPDATE work SET state = 'done', done_at = now() WHERE id = ANY(:ids)"),
        {"ids": [row.id for row in rows if row.state == "parked" or row.stage == "inquire"]},
    )


def _freed(connection: Connection, voucher_id: int) -> list[object]:
    """Free the reversals that waited for this voucher to end."""
    freed = conclusions.free_reversals(connection, voucher_id)
    return [OriginalConcluded(tuple(freed))] if freed else []


def _number(voucher_no: str) -> str:
    if not voucher_no.strip():
        raise Refusal("give the number that the voucher has in Visma")
    return voucher_no.strip()


def _told(voucher: _Voucher) -> str:
    return f"{voucher.name} ({voucher.reference}, {in_kroner(voucher.total)} kr)"
