"""What must be known of rows of a conversion: their cases, what should be open of their invoices, and what Visma says."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from pipeline.conversion import ConversionFacts, KnownCase
from schemas.case import CaseState
from schemas.conversion import ConversionRow
from schemas.transfer import InvoiceBalance
from workers.accounting import Accounting, CannotTell
from workers.store import setup as setup_store
from workers.store.bulk import by_keys, rows

Seen: TypeAlias = dict[str, InvoiceBalance] | None
"""By invoice number, how invoices stand in Visma; None where this Visma can't tell."""


def known(
    connection: Connection, company: str, client: str, found: Sequence[ConversionRow]
) -> list[tuple[KnownCase, ...]]:
    """The cases that each row may mean, in the rows' order. `client`: "" for all of the company's."""
    by_keys(connection)
    clients = (
        [client] if client else [of for at, of in setup_store.current(connection).clients if at == company]
    )
    by_row: dict[int, list[KnownCase]] = defaultdict(list)
    for n, case_id, customer_no, state, leads, principal, gone, holder in rows(
        connection,
        _KNOWN,
        {
            "company": company,
            "clients": clients,
            "ns": list(range(len(found))),
            "cases": [row.case_no for row in found],
            "invoices": [row.invoice_no for row in found],
            "kids": [row.kid for row in found],
        },
    ):
        expected = 0 if principal is None else int(principal) - int(gone)
        amount = None if principal is None else int(principal)
        by_row[n].append(KnownCase(case_id, customer_no, CaseState(state), leads, amount, expected, holder))
    return [tuple(by_row[n]) for n in range(len(found))]


def seen(accounting: Accounting, company: str, found: Sequence[ConversionRow]) -> Seen:
    """Ask Visma for 1 to 1,000 invoices. Raises `Trouble`. No transaction may be open."""
    try:
        balances = accounting.balances(company, [row.invoice_no for row in found])
    except CannotTell:
        return None
    return {balance.invoice_no: balance for balance in balances}


def of_row(
    row: ConversionRow, cases: tuple[KnownCase, ...], seen: Seen, *, accepts: bool, written: bool, by_us: bool
) -> ConversionFacts:
    """All that is known of one row."""
    balance = None if seen is None else seen.get(row.invoice_no)
    return ConversionFacts(row, cases, seen is not None, balance, accepts, written, by_us)


# What is gone of a principal: what delivered vouchers credited in Visma, and what Visma itself told of it.
_KNOWN = """
SELECT r.n, c.id, c.customer_no, c.state,
  r.kid = '' OR EXISTS (SELECT FROM case_kid k WHERE k.account = c.account AND k.kid = r.kid AND k.case_id = c.id),
  i.principal, coalesce(s.credited, 0) - coalesce(t.moved, 0), coalesce(h.case_no, '')
FROM unnest(%(ns)s::int[], %(cases)s::text[], %(invoices)s::text[], %(kids)s::text[]) AS r(n, case_no, invoice_no, kid)
JOIN kk2_case c ON c.company = %(company)s AND c.client = ANY(%(clients)s) AND c.case_no = r.case_no
LEFT JOIN LATERAL (
  SELECT sum(amount) AS principal, array_agg(id) AS ids FROM item
  WHERE case_id = c.id AND invoice_no = r.invoice_no AND kind = 1 AND withdrawn_at IS NULL
) i ON true
LEFT JOIN LATERAL (
  SELECT sum(s.amount) AS credited FROM split s JOIN voucher_split vs ON vs.split_id = s.id AND NOT vs.released
  JOIN voucher v ON v.id = vs.voucher_id AND v.state IN ('delivered', 'by_hand')
  WHERE s.case_id = c.id AND s.item_id = ANY(i.ids) AND s.kind = 1
) s ON true
LEFT JOIN LATERAL (
  SELECT sum(amount) AS moved FROM ledger_transaction
  WHERE case_id = c.id AND state = 'applied' AND item_id = ANY(i.ids)
) t ON true
LEFT JOIN invoice n ON n.company = c.company AND n.invoice_no = r.invoice_no AND n.case_id <> c.id
LEFT JOIN kk2_case h ON h.id = n.case_id
ORDER BY r.n, c.id"""
