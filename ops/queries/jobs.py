"""Jobs: how far each is, by where its vouchers stand now, and what became of each of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, ask
from schemas.money import Money
from schemas.voucher import VoucherState

TO_COME, LEFT, PASSED = "to come", "left", "passed over"
"""What becomes of an item that is not sent: its turn is still to come; the job was stopped; somebody had moved it on."""

RESULTS = (TO_COME, LEFT, PASSED, *VoucherState)
"""Each word for what became of an item."""
_RESULT = (
    "CASE WHEN i.taken_at IS NULL AND j.stopped_at IS NULL THEN 'to come' WHEN i.taken_at IS NULL THEN 'left' "
    "WHEN i.passed THEN 'passed over' ELSE v.state END"
)
ITEMS = (
    f"SELECT i.job_id, i.voucher_id, v.reference, v.total, {_RESULT} AS result, v.voucher_no, v.code, v.note "
    "FROM job_item i JOIN job j ON j.id = i.job_id JOIN voucher v ON v.id = i.voucher_id"
)
"""SQL: each voucher of each job, and what became of it."""
_OPEN = frozenset({TO_COME, "approved", "sending"})


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. `vouchers` and `total`: as its maker saw them. `results`: how many stand where, by the item's result."""

    id: int
    made_at: datetime
    made_by: str
    reason: str
    filter: dict[str, Any]
    vouchers: int
    total: Money
    stopped_at: datetime | None
    stopped_by: str | None
    results: dict[str, int]

    @property
    def state(self) -> str:
        """`running`, `stopped` or `done`."""
        if self.stopped_at is not None:
            return "stopped"
        return "done" if self.open == 0 else "running"

    @property
    def open(self) -> int:
        """How many of its vouchers have no answer yet."""
        return sum(number for result, number in self.results.items() if result in _OPEN)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A voucher of a job. `result`: `to come`, `left`, `passed over`, or the state in which the voucher is now."""

    voucher_id: int
    reference: str
    total: Money
    result: str
    voucher_no: str | None
    code: str | None
    note: str | None


_JOB = (
    'SELECT j.id, j.made_at, j.made_by, j.reason, j."filter", j.vouchers, j.total, j.stopped_at, j.stopped_by, '
    "(SELECT coalesce(jsonb_object_agg(result, number), '{}') FROM (SELECT "
    f"{_RESULT} AS result, count(*) AS number FROM job_item i JOIN voucher v ON v.id = i.voucher_id WHERE i.job_id = j.id "
    "GROUP BY 1) r) AS results FROM job j"
)


def listed(connection: Connection, most: int = MOST) -> tuple[JobRow, ...]:
    """Jobs, the newest first."""
    return tuple(JobRow(*row) for row in ask(connection, _JOB, [], "j.id DESC", most))


def shown(connection: Connection, job_id: int) -> JobRow | None:
    """One job; None if there is none."""
    found = ask(connection, _JOB, [("j.id = :id", "id", job_id)], "j.id", 1)
    return JobRow(*found[0]) if found else None


def items(
    connection: Connection, job_id: int, *, result: str | None = None, most: int = MOST
) -> tuple[ItemRow, ...]:
    """What became of each voucher of a job, in their order."""
    rows = connection.execute(
        text(
            f"SELECT voucher_id, reference, total, result, voucher_no, code, note FROM ({ITEMS}) r WHERE job_id = :job "
            "AND coalesce(result = CAST(:result AS text), true) ORDER BY voucher_id LIMIT :most"
        ),
        {"job": job_id, "result": result, "most": most},
    )
    return tuple(ItemRow(*row) for row in rows)
