"""Vouchers: where each stands, what it says, and every attempt to bring it to Visma."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, ask
from ops.queries.causes import FAILED, what_to_do
from ops.queries.work import ActRow, acts
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class VoucherRow:
    """A voucher in a list. `ledger_state`: as Visma had it at the last control. `waits`: why a person must look, or None."""

    id: int
    reference: str
    company: str
    account: str
    booked_on: date
    statement_ref: str
    part: str
    voucher_on: date
    payments: int
    lines: int
    total: Money
    state: str
    voucher_no: str | None
    ledger_state: str | None
    attempts: int
    code: str | None
    note: str | None
    approved_by: str
    approved_at: datetime
    delivered_at: datetime | None
    waits: str | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A posting line: debit positive, credit negative."""

    no: int
    account: str
    text: str
    amount: Money
    customer_no: str
    invoice_no: str
    kid: str
    tax_code: str
    dimensions: list[str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing said to Visma, or heard; secrets and personal data are redacted."""

    attempt: int
    at: datetime
    what: str
    verdict: str
    status: int | None
    code: str
    note: str
    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class VoucherDetail:
    """One voucher with all of it. `cause`: why it is not delivered, "" if it is or is on its way; `do`: what to do then."""

    voucher: VoucherRow
    text: str
    posting_lines: tuple[LineRow, ...]
    attempts: tuple[Attempt, ...]
    payment_ids: tuple[int, ...]
    acts: tuple[ActRow, ...]
    job_ids: tuple[int, ...]
    cause: str
    do: str


@dataclass(frozen=True, slots=True)
class Failures:
    """Vouchers that stopped or wait for one cause: number, sum, the oldest and an example. `do`: what to do, in a sentence."""

    cause: str
    state: str
    code: str
    vouchers: int
    total: Money
    oldest: datetime
    example: int
    note: str
    do: str


_ROW = (
    "SELECT v.id, v.reference, v.company, v.account, v.booked_on, v.statement_ref, "
    "CASE WHEN v.\"of\" > 1 THEN v.number || ' av ' || v.\"of\" ELSE '' END AS part, v.voucher_on, v.payments, v.lines, v.total, "
    "v.state, v.voucher_no, v.ledger_state, v.attempts, v.code, v.note, v.approved_by, v.approved_at, v.delivered_at, "
    "(SELECT min(w.note) FROM work w WHERE w.state = 'parked' AND w.stage IN ('deliver', 'inquire') "
    "AND (w.body->'voucher_ids' @> to_jsonb(v.id) OR (w.body->>'voucher_id')::bigint = v.id)) AS waits FROM voucher v"
)


def listed(
    connection: Connection,
    *,
    state: str | None,
    company: str | None,
    code: str | None,
    first: date | None,
    last: date | None,
    cause: str | None = None,
    search: str | None = None,
    amount: Money | None = None,
    in_visma: str | None = None,
    most: int = MOST,
) -> tuple[VoucherRow, ...]:
    """Vouchers, the newest first; `first` and `last` are voucher dates. `cause`: why it is not delivered."""
    conditions = [
        ("v.state = :state", "state", state),
        ("v.company = :company", "company", company),
        ("v.code = :code", "code", code),
        ("v.voucher_on >= :first", "first", first),
        ("v.voucher_on <= :last", "last", last),
        ("(v.reference = upper(:search) OR v.voucher_no = :search)", "search", search),
        ("v.total = :amount", "amount", amount),
        ("v.ledger_state = :in_visma", "in_visma", in_visma),
        (f"v.id IN (SELECT f.id FROM ({FAILED}) f WHERE f.cause = :cause)", "cause", cause),
    ]
    return tuple(VoucherRow(*row) for row in ask(connection, _ROW, conditions, "v.id DESC", most))


def shown(connection: Connection, voucher_id: int) -> VoucherDetail | None:
    """One voucher; None if there is none."""
    found = ask(connection, _ROW, [("v.id = :id", "id", voucher_id)], "v.id", 1)
    if not found:
        return None
    of = {"id": voucher_id}
    lines = connection.execute(
        text(
            "SELECT no, account, text, amount, customer_no, invoice_no, kid, tax_code, dimensions FROM voucher_line "
            "WHERE voucher_id = :id ORDER BY no"
        ),
        of,
    )
    attempts = connection.execute(
        text(
            "SELECT attempt, at, what, verdict, status, code, note, request, answer FROM exchange "
            "WHERE voucher_id = :id ORDER BY id"
        ),
        of,
    )
    payments = connection.execute(
        text(
            "SELECT DISTINCT s.payment_id FROM voucher_split t JOIN split s ON s.id = t.split_id "
            "WHERE t.voucher_id = :id ORDER BY 1"
        ),
        of,
    )
    head = connection.execute(text("SELECT text FROM voucher WHERE id = :id"), of).scalar_one()
    jobs = connection.execute(text("SELECT job_id FROM job_item WHERE voucher_id = :id ORDER BY 1"), of)
    failed = connection.execute(
        text(f"SELECT cause, code FROM ({FAILED}) f WHERE id = :id"), of
    ).one_or_none()
    return VoucherDetail(
        VoucherRow(*found[0]),
        head,
        tuple(LineRow(*row) for row in lines),
        tuple(Attempt(*row) for row in attempts),
        tuple(payments.scalars()),
        acts(connection, subject=f"voucher {voucher_id}", actor=None),
        tuple(jobs.scalars()),
        failed.cause if failed else "",
        what_to_do(failed.cause, failed.code) if failed else "",
    )


def failures(connection: Connection) -> tuple[Failures, ...]:
    """Failed deliveries by cause, the greatest sum first."""
    rows = connection.execute(
        text(
            "SELECT cause, state, code, count(*) AS vouchers, sum(total)::bigint AS total, min(approved_at) AS oldest, "
            "min(id) AS example, min(note) AS note "
            f"FROM ({FAILED}) f GROUP BY 1, 2, 3 ORDER BY 5 DESC, 7"
        )
    )
    return tuple(Failures(**row, do=what_to_do(row.cause, row.code)) for row in rows.mappings())
