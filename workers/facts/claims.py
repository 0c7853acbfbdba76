"""The invoices of cases that are held against Visma: what is owed of each, and which of its money Visma may not have."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from pipeline.reconciliation import InvoiceFacts
from workers.store.bulk import rows

_MOST_NAMED = 10

# A paid or closed case is looked at while something of it is new, or differed at the last control.
_TO_COMPARE = """
SELECT DISTINCT c.id, i.invoice_no FROM kk2_case c JOIN item i ON i.case_id = c.id
WHERE c.company = %(company)s AND NOT c.stopped AND i.kind = 1 AND i.withdrawn_at IS NULL AND i.invoice_no <> ''
AND (c.state = 'open' OR (c.state IN ('paid', 'closed_with_rest') AND (
    c.id IN (SELECT case_id FROM difference WHERE company = %(company)s AND part = 'cases' AND state <> 'gone')
    OR EXISTS (SELECT FROM split s JOIN payment p ON p.id = s.payment_id
        WHERE s.case_id = c.id AND p.booked_on >= %(since)s)
    OR EXISTS (SELECT FROM ledger_transaction t WHERE t.case_id = c.id AND t.state = 'applied' AND t.day >= %(since)s))))
ORDER BY 1, 2"""

_STOPPED = """
SELECT id FROM kk2_case WHERE company = %(company)s AND stopped AND state NOT IN ('recalled', 'merged') ORDER BY id"""

_FACTS = """
WITH k AS (SELECT * FROM unnest(%(cases)s::bigint[], %(invoices)s::text[]) AS k(case_id, invoice_no)),
i AS MATERIALIZED (
    SELECT k.case_id, k.invoice_no, i.id, i.amount FROM k
    JOIN item i ON i.case_id = k.case_id AND i.invoice_no = k.invoice_no AND i.kind = 1 AND i.withdrawn_at IS NULL
), a AS (SELECT case_id, invoice_no, sum(amount) AS amount FROM i GROUP BY 1, 2),
w AS (
    SELECT i.case_id, i.invoice_no, sum(w.amount) AS amount FROM i
    JOIN waiver w ON w.case_id = i.case_id AND w.item_id = i.id AND w.kind = 1 AND w.withdrawn_at IS NULL GROUP BY 1, 2
), s AS (
    SELECT i.case_id, i.invoice_no, sum(s.amount) AS paid,
        sum(s.amount) FILTER (WHERE v.id IS NULL OR v.state IN ('approved', 'refused')) AS under_way,
        sum(s.amount) FILTER (WHERE v.state IN ('sending', 'in_doubt')) AS in_doubt,
        sum(s.amount) FILTER (WHERE v.state IN ('delivered', 'by_hand') AND v.id <> ALL(%(gone)s)
            AND v.ledger_state IS DISTINCT FROM 'posted') AS unposted,
        sum(s.amount) FILTER (WHERE v.id = ANY(%(gone)s)) AS gone,
        array_agg(DISTINCT v.id) FILTER (WHERE v.id = ANY(%(suspects)s)) AS suspects,
        array_agg(DISTINCT s.payment_id) FILTER (WHERE v.id IS NULL) AS payments,
        array_agg(DISTINCT v.id) FILTER (WHERE v.id IS NOT NULL AND v.ledger_state IS DISTINCT FROM 'posted') AS vouchers
    FROM i JOIN split s ON s.case_id = i.case_id AND s.item_id = i.id AND s.kind = 1 AND s.superseded_by IS NULL
    LEFT JOIN voucher_split t ON t.split_id = s.id AND NOT t.released LEFT JOIN voucher v ON v.id = t.voucher_id
    GROUP BY 1, 2
), m AS (
    SELECT i.case_id, i.invoice_no, sum(t.amount) AS moved, -sum(t.amount) FILTER (WHERE t.kind = 'write_off') AS written_off
    FROM i JOIN ledger_transaction t ON t.case_id = i.case_id AND t.item_id = i.id AND t.state = 'applied' GROUP BY 1, 2
), p AS (
    SELECT k.case_id, k.invoice_no, sum(t.amount) FILTER (WHERE w.reason <> 'voucher_under_way') AS amount,
        sum(t.amount) FILTER (WHERE t.state = 'set_aside' OR w.reason = 'voucher_under_way') AS aside FROM k
    JOIN ledger_transaction t ON t.company = %(company)s AND t.invoice_no = k.invoice_no AND t.state IN ('parked', 'set_aside')
    LEFT JOIN work w ON w.transaction_id = t.id AND w.state = 'parked' GROUP BY 1, 2
)
SELECT a.case_id, a.invoice_no, c.case_no, a.amount, coalesce(w.amount, 0), coalesce(m.written_off, 0),
    coalesce(s.paid, 0), coalesce(m.moved, 0), coalesce(p.amount, 0), coalesce(p.aside, 0), coalesce(s.under_way, 0), coalesce(s.in_doubt, 0),
    coalesce(s.unposted, 0), coalesce(s.gone, 0), coalesce(s.suspects, '{}'), coalesce(s.payments, '{}'),
    coalesce(s.vouchers, '{}'), coalesce(n.number_state, ''), coalesce(n.number_note, '')
FROM a JOIN kk2_case c ON c.id = a.case_id
LEFT JOIN w USING (case_id, invoice_no) LEFT JOIN s USING (case_id, invoice_no) LEFT JOIN m USING (case_id, invoice_no)
LEFT JOIN p USING (case_id, invoice_no) LEFT JOIN invoice n ON n.company = %(company)s AND n.invoice_no = a.invoice_no
ORDER BY a.case_id, a.invoice_no"""


# A sum of the statement is named by its day at the end, so that one that differs is looked at for as long as it does.
_SCOPE = """
SELECT now(), least(%(today)s::date - %(window)s::int, (
    SELECT min(least(v.voucher_on, v.booked_on)) FROM voucher v WHERE v.company = %(company)s AND (
        (v.state NOT IN ('void', 'by_hand') AND v.ledger_state IS DISTINCT FROM 'posted')
        OR v.id IN (SELECT d.voucher_id FROM difference d WHERE d.company = %(company)s AND d.state <> 'gone'))
), (
    SELECT min(p.booked_on) FROM payment p WHERE p.company = %(company)s AND p.state IN ('waiting', 'parked', 'held')
), (
    SELECT min(right(d.subject, 10)::date) FROM difference d
    WHERE d.company = %(company)s AND d.part = 'statement' AND d.state <> 'gone'
))"""


def scope(connection: Connection, company: str, today: date, window: int) -> tuple[datetime, date]:
    """Now, and the first voucher date and booked day that a control of the company looks at.

    That is `window` days back, or the day of the oldest voucher that is not posted, of money that waits, or of what still
    differs.
    """
    now, since = rows(connection, _SCOPE, {"company": company, "today": today, "window": window})[0]
    return now, since


def to_compare(connection: Connection, company: str, since: date) -> list[tuple[int, str]]:
    """Case and invoice number of each invoice that a control looks at; stopped cases are left out."""
    return [(row[0], row[1]) for row in rows(connection, _TO_COMPARE, {"company": company, "since": since})]


def stopped(connection: Connection, company: str) -> list[int]:
    """The cases that are left out."""
    return [row[0] for row in rows(connection, _STOPPED, {"company": company})]


def facts(
    connection: Connection,
    company: str,
    which: Sequence[tuple[int, str]],
    gone: Collection[int],
    suspects: Collection[int],
) -> dict[tuple[int, str], InvoiceFacts]:
    """What is known of each invoice here, without Visma's side.

    `gone`: vouchers that are missing or deleted in Visma; `suspects`: these, and those that are otherwise there.
    """
    asked: Mapping[str, object] = {
        "company": company,
        "cases": [case_id for case_id, _ in which],
        "invoices": [invoice_no for _, invoice_no in which],
        "gone": sorted(gone),
        "suspects": sorted(suspects),
    }
    found = {}
    for row in rows(connection, _FACTS, asked):
        *amounts, differing, payments, vouchers, state, note = row[3:]
        named = [f"payment {each}" for each in payments] + [f"voucher {each}" for each in vouchers]
        suspected = tuple(f"voucher {each}" for each in differing)
        of = (*row[:3], *map(int, amounts), suspected, tuple(named[:_MOST_NAMED]), state, note, None)
        found[row[0], row[1]] = InvoiceFacts(*of)
    return found
