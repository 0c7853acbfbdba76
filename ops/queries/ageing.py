"""Claims that come near their limitation (foreldelse): open cases, each by its oldest invoice of which something is owed."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.queries.asking import TODAY
from pipeline.rates import LIMITATION
from schemas.money import Money

MOST_DAYS = 365
"""So far ahead the worklist looks."""

OLDEST = f"""(
    SELECT DISTINCT ON (c.id) c.id AS case_id, c.case_no, c.company, c.client, c.customer_no, c.debtor_name, c.balance,
        i.invoice_no, i.due_on, o.open, (i.due_on + interval '{LIMITATION.years} years')::date AS barred_on,
        (i.due_on + interval '{LIMITATION.years} years')::date - {TODAY} AS days
    FROM kk2_case c JOIN item i ON i.case_id = c.id CROSS JOIN LATERAL (
        SELECT (i.amount
            - (SELECT coalesce(sum(amount), 0) FROM split WHERE case_id = c.id AND item_id = i.id AND kind = 1 AND superseded_by IS NULL)
            - (SELECT coalesce(sum(amount), 0) FROM waiver WHERE case_id = c.id AND item_id = i.id AND kind = 1 AND withdrawn_at IS NULL)
            + (SELECT coalesce(sum(amount), 0) FROM ledger_transaction WHERE case_id = c.id AND item_id = i.id AND state = 'applied'))::bigint
            AS open
    ) o
    WHERE c.state = 'open' AND i.kind = 1 AND i.withdrawn_at IS NULL AND o.open > 0
        AND i.due_on <= {TODAY} + interval '{MOST_DAYS} days' - interval '{LIMITATION.years} years'
    ORDER BY c.id, i.due_on, i.id
) a"""
"""A source for lists, as `a`. `days`: until the limitation, below 0 once it has come."""


@dataclass(frozen=True, slots=True)
class AgeingRow:
    """An open case, its oldest invoice of which something is owed, and the day on which that is barred."""

    case_id: int
    case_no: str
    company: str
    client: str
    customer_no: str
    debtor_name: str
    balance: Money
    invoice_no: str
    due_on: date
    open: Money
    barred_on: date
    days: int


def ageing(
    connection: Connection, *, company: str | None, client: str | None, within: int, most: int
) -> tuple[AgeingRow, ...]:
    """The cases whose limitation comes within so many days, or has come, the nearest first."""
    found = connection.execute(
        text(
            f"SELECT a.case_id, a.case_no, a.company, a.client, a.customer_no, a.debtor_name, a.balance, a.invoice_no, a.due_on, "
            f"a.open, a.barred_on, a.days FROM {OLDEST} WHERE a.days <= :within "
            "AND (CAST(:company AS text) IS NULL OR a.company = :company) "
            "AND (CAST(:client AS text) IS NULL OR a.client = :client) ORDER BY a.barred_on, a.case_id LIMIT :most"
        ),
        {"within": within, "company": company, "client": client, "most": most},
    )
    return tuple(AgeingRow(*row) for row in found)
