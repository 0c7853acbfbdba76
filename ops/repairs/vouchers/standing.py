"""A voucher under lock: where it stands, which open work it has, and how it is moved on."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.repairs.acts import Refusal, too_late
from schemas.events import OriginalConcluded
from schemas.money import Money, in_kroner
from schemas.voucher import MOVES, VoucherState
from schemas.wording import counted
from workers.saves import conclusions

OPEN_ROWS = (
    "SELECT id, state, stage, due_at FROM work WHERE stage IN ('deliver', 'inquire') AND state IN ('due', 'parked') "
    "AND (body->'voucher_ids' @> to_jsonb(CAST(:id AS bigint)) OR (body->>'voucher_id')::bigint = :id) "
    "ORDER BY id FOR UPDATE"
)
STANDS_FROM_SHADOW = (
    "(voucher.state = 'approved' AND voucher.attempts = 0 AND NOT EXISTS (SELECT FROM work w "
    "WHERE w.stage IN ('deliver', 'inquire') AND w.state IN ('due', 'parked') "
    "AND w.body->'voucher_ids' @> to_jsonb(voucher.id)))"
)
"""A voucher that was approved in shadow mode: nothing is to send it, now or later."""


@dataclass(frozen=True, slots=True)
class Standing:
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


def lock(connection: Connection, voucher_id: int) -> Standing:
    """Lock a voucher; refuses one that is not there."""
    row = connection.execute(
        text(
            "SELECT id, reference, state, total, attempts, company FROM voucher WHERE id = :id FOR NO KEY UPDATE"
        ),
        {"id": voucher_id},
    ).one_or_none()
    if row is None:
        raise Refusal(f"there is no voucher {voucher_id}")
    return Standing(row.id, row.reference, VoucherState(row.state), row.total, row.attempts, row.company)


def in_doubt(connection: Connection, voucher_id: int, act: str) -> Standing:
    """Lock a voucher whose doubt is to be ended."""
    voucher = lock(connection, voucher_id)
    if voucher.state is not VoucherState.IN_DOUBT:
        raise too_late(connection, voucher.name, f"is {voucher.state}, and only one in doubt can be {act}")
    return voucher


def takeable(connection: Connection, voucher_id: int, to: VoucherState, act: str) -> Standing:
    """A voucher that is certainly not booked: refused, or approved and never sent."""
    voucher = lock(connection, voucher_id)
    if to not in MOVES[voucher.state]:
        doubt = ": end the doubt first" if voucher.state is VoucherState.IN_DOUBT else ""
        raise too_late(connection, voucher.name, f"is {voucher.state}, and can't be {act}{doubt}")
    if (
        voucher.state is VoucherState.APPROVED
        and voucher.attempts
        and not _surely_unsent(connection, voucher)
    ):
        raise Refusal(
            f"{voucher.name} was sent {counted(voucher.attempts, 'time')}, and may still be booked late: let it be sent"
        )
    return voucher


def _surely_unsent(connection: Connection, voucher: Standing) -> bool:
    """Every attempt so far ended with certainty that nothing was booked."""
    uncertain = connection.execute(
        text(
            "SELECT count(*) FROM (SELECT attempt, bool_or(verdict IN ('unsent', 'refused')) AS certain FROM exchange "
            "WHERE voucher_id = :id AND what = 'send' GROUP BY attempt) a WHERE NOT certain"
        ),
        {"id": voucher.id},
    ).scalar_one()
    return int(uncertain) == 0


def move(connection: Connection, voucher: Standing, to: VoucherState, voucher_no: str | None) -> None:
    """Move a voucher to a state that `MOVES` allows."""
    if to not in MOVES[voucher.state]:
        raise Refusal(f"{voucher.name} is {voucher.state}, from there is no way to {to}")
    connection.execute(
        text(
            "UPDATE voucher SET state = :state, voucher_no = :number, lease_until = NULL, absent = 0, "
            "delivered_at = CASE WHEN CAST(:number AS text) IS NOT NULL THEN now() END WHERE id = :id"
        ),
        {"state": to.value, "number": voucher_no, "id": voucher.id},
    )


def close_all(connection: Connection, voucher_id: int) -> None:
    """Close what waits for a person, or would ask. A row that would send finds nothing to send, and closes itself."""
    rows = connection.execute(text(OPEN_ROWS), {"id": voucher_id}).all()
    connection.execute(
        text("UPDATE work SET state = 'done', done_at = now() WHERE id = ANY(:ids)"),
        {"ids": [row.id for row in rows if row.state == "parked" or row.stage == "inquire"]},
    )


def freed(connection: Connection, voucher_id: int) -> list[object]:
    """Free the reversals that waited for this voucher to end."""
    ids = conclusions.free_reversals(connection, voucher_id)
    return [OriginalConcluded(tuple(ids))] if ids else []


def number_of(voucher_no: str) -> str:
    """Give the number that a person typed."""
    if not voucher_no.strip():
        raise Refusal("give the number that the voucher has in Visma")
    return voucher_no.strip()


def told(voucher: Standing) -> str:
    """Name a voucher for a person."""
    return f"{voucher.name} ({voucher.reference}, {in_kroner(voucher.total)} kr)"
