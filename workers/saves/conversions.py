"""Save what was decided of rows of a conversion: their outcome, and the invoices that are with us from now on."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from pipeline.conversion import Link
from schemas.conversion import ConversionRow, Outcome
from schemas.money import Money
from workers.store import conversions as store
from workers.store.bulk import rows


class Decided(NamedTuple):
    """A row with its case, if it is one, what is open of it in Visma, if that is known, and what was decided."""

    no: int
    row: ConversionRow
    case_id: int | None
    open_amount: Money | None
    link: Link


def keep(connection: Connection, conversion_id: int, decided: Sequence[Decided]) -> None:
    """Save the outcomes."""
    store.write(
        connection,
        conversion_id,
        [(d.no, d.case_id, d.open_amount, d.link.outcome.value, d.link.note) for d in decided],
    )


def take_in(connection: Connection, company: str, decided: Sequence[Decided]) -> tuple[int, ...]:
    """Let the invoices that agree be ours; gives the ids of those whose numbers are to be written.

    An invoice that Visma offered for a new case is one no longer, and nobody need look at it. One that is another case's
    meanwhile stays so.
    """
    ours = [d for d in decided if d.link.outcome in (Outcome.WAITING, Outcome.ALREADY_DONE)]
    if not ours:
        return ()
    taken = rows(
        connection,
        _TAKE_IN,
        {
            "company": company,
            "invoices": [d.row.invoice_no for d in ours],
            "customers": [d.row.customer_no for d in ours],
            "kids": [d.row.kid for d in ours],
            "cases": [d.case_id for d in ours],
            "open": [d.open_amount for d in ours],
            "states": ["waiting" if d.link.outcome is Outcome.WAITING else "written" for d in ours],
        },
    )
    rows(
        connection,
        "UPDATE work SET state = 'done', done_at = now() WHERE state = 'parked' AND invoice_id = ANY(%(ids)s) RETURNING id",
        {"ids": [row[0] for row in taken]},
    )
    return tuple(row[0] for row in taken if row[1] == "waiting")


_TAKE_IN = """
INSERT INTO invoice AS n (company, invoice_no, customer_no, client, kid, original, open_amount, due_on, state, case_id,
                          number_state, number_at)
SELECT %(company)s, r.invoice_no, r.customer_no, c.client, r.kid, i.amount, r.open, i.due_on, 'converted', c.id,
  r.state, CASE r.state WHEN 'written' THEN now() END
FROM unnest(%(invoices)s::text[], %(customers)s::text[], %(kids)s::text[], %(cases)s::bigint[], %(open)s::bigint[],
            %(states)s::text[]) AS r(invoice_no, customer_no, kid, case_id, open, state)
JOIN kk2_case c ON c.id = r.case_id
CROSS JOIN LATERAL (
  SELECT sum(amount) AS amount, min(due_on) AS due_on FROM item
  WHERE case_id = c.id AND invoice_no = r.invoice_no AND kind = 1 AND withdrawn_at IS NULL
) i
ORDER BY r.invoice_no
ON CONFLICT (company, invoice_no) DO UPDATE SET
  state = CASE n.state WHEN 'opened' THEN 'opened' ELSE 'converted' END, case_id = excluded.case_id,
  open_amount = excluded.open_amount, number_state = excluded.number_state, number_code = '', number_note = '',
  number_at = excluded.number_at
WHERE n.case_id IS NULL OR n.case_id = excluded.case_id
RETURNING id, number_state"""
