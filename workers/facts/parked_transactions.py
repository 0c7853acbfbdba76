"""Transactions of Visma that wait for a person, a case or the end of a voucher, as they were told."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from schemas.transfer import LedgerTransaction, TransactionKind
from workers.facts.transactions import COLUMNS
from workers.store.bulk import rows


class Waiting(NamedTuple):
    """A parked transaction: its row, its work row with the reason and note, and what Visma told."""

    id: int
    work_id: int
    reason: str
    note: str
    told: LedgerTransaction


def waiting(
    connection: Connection, company: str, *, after: int, most: int, only: Sequence[int] = ()
) -> list[Waiting]:
    """The parked transactions of a company by id, `most` at a time; `only` these, if any are named."""
    found = rows(
        connection,
        f"SELECT t.id, w.id, w.reason, w.note, {', '.join(f't.{name}' for name in COLUMNS)} FROM ledger_transaction t "
        "JOIN work w ON w.transaction_id = t.id AND w.state = 'parked' WHERE t.company = %(company)s AND t.state = 'parked' "
        "AND t.id > %(after)s AND (%(all)s OR t.id = ANY(%(only)s)) ORDER BY t.id LIMIT %(most)s",
        {"company": company, "after": after, "most": most, "all": not only, "only": list(only)},
    )
    return [Waiting(row[0], row[1], row[2], row[3], told_of(row[4:])) for row in found]


def await_voucher(connection: Connection, company: str) -> bool:
    """Whether a transaction of the company waits for the end of a voucher."""
    sql = (
        "SELECT EXISTS (SELECT FROM work w JOIN ledger_transaction t ON t.id = w.transaction_id WHERE w.state = 'parked' "
        "AND w.reason = 'voucher_under_way' AND t.company = %(company)s)"
    )
    return bool(rows(connection, sql, {"company": company})[0][0])


def told_of(row: Sequence[Any]) -> LedgerTransaction:
    """Make the noun again of its `COLUMNS`."""
    first = row[: COLUMNS.index("kind")]
    kind, *rest = row[len(first) :]
    return LedgerTransaction(*first, TransactionKind(kind), *rest)  # type: ignore[call-arg]
