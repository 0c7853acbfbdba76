"""What Visma moved follows its invoice: to the main case of a merge and back, or off a case that has it no more."""

MOVEMENTS = (
    """CREATE TEMP TABLE homeless ON COMMIT DROP AS
        WITH near AS (
            SELECT t.id FROM ledger_transaction t JOIN named n ON n.case_id = t.case_id WHERE t.state = 'applied'
            UNION
            SELECT t.id FROM named n JOIN item i ON i.case_id = n.case_id AND i.invoice_no <> ''
            JOIN ledger_transaction t ON t.company = n.company AND t.invoice_no = i.invoice_no AND t.state = 'applied'
        ), lost AS (
            SELECT t.id, t.company, t.case_id, t.item_id, i.invoice_no, i.withdrawn_at IS NOT NULL AS gone FROM near
            JOIN ledger_transaction t USING (id) JOIN item i ON i.id = t.item_id JOIN kk2_case c ON c.id = t.case_id
            WHERE i.withdrawn_at IS NOT NULL OR c.state = 'merged'
        ), home AS (
            SELECT DISTINCT ON (l.id) l.id, o.case_id, o.id AS item_id FROM lost l
            JOIN item o ON o.invoice_no = l.invoice_no AND o.invoice_no <> '' AND o.kind = 1 AND o.withdrawn_at IS NULL
            JOIN kk2_case c ON c.id = o.case_id AND c.company = l.company
            ORDER BY l.id, c.state = 'merged', c.state = 'recalled', o.id
        )
        SELECT l.id, l.case_id AS was, h.case_id, h.item_id FROM lost l LEFT JOIN home h USING (id)
        WHERE h.item_id IS DISTINCT FROM l.item_id AND (l.gone OR h.id IS NOT NULL)""",
    """UPDATE ledger_transaction t SET case_id = h.case_id, item_id = h.item_id,
        state = CASE WHEN h.case_id IS NULL THEN 'parked' ELSE 'applied' END FROM homeless h WHERE h.id = t.id""",
    "INSERT INTO changed SELECT unnest(ARRAY[was, case_id]) FROM homeless",
    "DELETE FROM changed WHERE case_id IS NULL",
)
