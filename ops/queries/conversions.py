"""Conversions, how far they are, and what became of each row: the report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from schemas.money import Money
from workers.store.conversions import OUTCOME, WITH_INVOICE


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion. `state`: checking, numbering, fetching, comparing or done. `client`: "" for each of the company's."""

    id: int
    company: str
    client: str
    name: str
    rows: int
    state: str
    made_at: datetime
    made_by: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows of a conversion have an outcome, and the sum of their amounts."""

    outcome: str
    rows: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a conversion. `open_amount`: what Visma had open of the invoice when it was last compared."""

    line: int
    case_no: str
    customer_no: str
    invoice_no: str
    amount: Money
    open_amount: Money | None
    outcome: str
    note: str


def listed(connection: Connection, company: str | None) -> list[Conversion]:
    """All conversions, the newest first, or those of a company."""
    return _conversions(connection, "CAST(:company AS text) IS NULL OR company = :company", company=company)


def shown(connection: Connection, conversion_id: int) -> Conversion | None:
    """A conversion, or None where there is none of that number."""
    return next(iter(_conversions(connection, "id = :id", id=conversion_id)), None)


def sums(connection: Connection, conversion_id: int) -> list[Sum]:
    """What became of the rows, by outcome."""
    found = connection.execute(
        text(
            f"SELECT {OUTCOME}, count(*), sum(r.amount) FROM {WITH_INVOICE} WHERE r.conversion_id = :id "
            "GROUP BY 1 ORDER BY 2 DESC, 1"
        ),
        {"id": conversion_id},
    )
    return [Sum(outcome, number, int(amount)) for outcome, number, amount in found]


def rows(connection: Connection, conversion_id: int, outcome: str | None) -> Iterator[Row]:
    """The rows in the file's order, streamed, or those with an outcome."""
    found = connection.execution_options(yield_per=5_000).execute(
        text(
            "SELECT * FROM (SELECT r.line, r.case_no, r.customer_no, r.invoice_no, r.amount, r.open_amount, "
            f"{OUTCOME} AS outcome, CASE WHEN r.outcome = 'waiting' AND i.number_state = 'refused' "
            "THEN i.number_code || ': ' || i.number_note ELSE r.note END AS note "
            f"FROM {WITH_INVOICE} WHERE r.conversion_id = :id) r "
            "WHERE CAST(:outcome AS text) IS NULL OR outcome = :outcome ORDER BY line"
        ),
        {"id": conversion_id, "outcome": outcome},
    )
    return (Row(*row) for row in found)


def _conversions(connection: Connection, condition: str, **values: object) -> list[Conversion]:
    found = connection.execute(
        text(
            "SELECT id, company, client, name, rows, state, made_at, made_by, done_at FROM conversion "
            f"WHERE {condition} ORDER BY id DESC"
        ),
        values,
    )
    return [Conversion(*row) for row in found]
