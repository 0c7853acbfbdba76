"""Transactions from Visma: what happened to our invoices there, what that moved here, and what waits for a person."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, ask
from ops.queries.work import ActRow, acts
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A version of a transaction. `was`: the amount that it corrects, None for none. `reason`, `note`: why it is parked."""

    id: int
    company: str
    transaction_id: str
    version: int
    voucher_no: str
    line: int
    voucher_type: str
    registrar: str
    reference: str
    day: date
    amount: Money
    was: Money | None
    kind: str
    invoice_no: str
    text: str
    came_at: datetime
    state: str
    case_id: int | None
    case_no: str | None
    item_id: int | None
    superseded_by: int | None
    reason: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class TransactionDetail:
    """A transaction with all that stood in its place before and after, and what people did with it."""

    transaction: TransactionRow
    versions: tuple[TransactionRow, ...]
    acts: tuple[ActRow, ...]


_ALL = 1_000_000
_SELECT = (
    "SELECT t.id, t.company, t.transaction_id, t.version, t.voucher_no, t.line, t.voucher_type, t.registrar, t.reference, "
    "t.day, t.amount, o.amount AS was, t.kind, t.invoice_no, t.text, t.came_at, t.state, t.case_id, c.case_no, t.item_id, "
    "t.superseded_by, w.reason, w.note FROM ledger_transaction t LEFT JOIN kk2_case c ON c.id = t.case_id "
    "LEFT JOIN work w ON w.transaction_id = t.id AND w.state = 'parked' "
    "LEFT JOIN LATERAL (SELECT amount FROM ledger_transaction WHERE superseded_by = t.id ORDER BY id DESC LIMIT 1) o ON true"
)


def listed(
    connection: Connection,
    *,
    company: str | None = None,
    state: str | None = None,
    reason: str | None = None,
    invoice_no: str | None = None,
    case_id: int | None = None,
    most: int = MOST,
) -> tuple[TransactionRow, ...]:
    """Transactions, the newest first; by default all versions."""
    found = ask(
        connection,
        _SELECT,
        (
            ("t.company = :company", "company", company),
            ("t.state = :state", "state", state),
            ("w.reason = :reason", "reason", reason),
            ("t.invoice_no = :invoice_no", "invoice_no", invoice_no),
            ("t.case_id = :case_id", "case_id", case_id),
        ),
        "t.id DESC",
        most,
    )
    return tuple(_row(row) for row in found)


def on_case(connection: Connection, case_id: int) -> tuple[TransactionRow, ...]:
    """What Visma moved on a case and stands, by day."""
    found = listed(connection, case_id=case_id, state="applied", most=_ALL)
    return tuple(sorted(found, key=lambda row: (row.day, row.id)))


def shown(connection: Connection, transaction_id: int) -> TransactionDetail | None:
    """One transaction, with its corrections; None if there is none."""
    found = connection.execute(
        text(
            f"WITH RECURSIVE line AS (SELECT id, superseded_by FROM ledger_transaction WHERE id = :id "
            "UNION SELECT o.id, o.superseded_by FROM ledger_transaction o JOIN line l ON o.superseded_by = l.id "
            f"OR l.superseded_by = o.id) {_SELECT} WHERE t.id IN (SELECT id FROM line) ORDER BY t.id"
        ),
        {"id": transaction_id},
    ).all()
    versions = tuple(_row(row) for row in found)
    this = next((each for each in versions if each.id == transaction_id), None)
    if this is None:
        return None
    return TransactionDetail(
        this, versions, acts(connection, subject=f"transaction {transaction_id}", actor=None)
    )


def _row(row: Any) -> TransactionRow:
    return TransactionRow(*row)
