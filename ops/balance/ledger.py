"""The promises about cases, vouchers and the journal, and those that foreign keys keep elsewhere."""

from ops.balance.asking import ORE, ROWS, Check
from pipeline.flow import FLOW

# A waiver lets go of at most what is open. Where a payment was taken back besides, or Visma moved the invoice, only the walk
# from day to day tells how much that was: those cases are the replay's.
_CASE = """
WITH i AS (SELECT case_id, sum(amount) AS amount FROM item WHERE withdrawn_at IS NULL GROUP BY 1),
s AS (SELECT case_id, sum(amount) AS amount FROM split WHERE superseded_by IS NULL AND kind <= 3 GROUP BY 1),
w AS (SELECT case_id, item_id, sum(amount) AS amount FROM waiver WHERE withdrawn_at IS NULL AND kind <= 3 GROUP BY 1, 2),
m AS (SELECT case_id, item_id, sum(amount) AS amount FROM ledger_transaction WHERE state = 'applied' GROUP BY 1, 2),
l AS (
    SELECT i.case_id, sum(greatest(i.amount - coalesce(w.amount, 0) - coalesce(t.amount, 0) + coalesce(m.amount, 0), 0)) AS owed
    FROM item i LEFT JOIN w ON w.item_id = i.id LEFT JOIN m ON m.item_id = i.id LEFT JOIN LATERAL (
        SELECT sum(amount) AS amount FROM split
        WHERE case_id = i.case_id AND item_id = i.id AND superseded_by IS NULL AND kind <= 3
    ) t ON true WHERE i.withdrawn_at IS NULL AND i.case_id IN (SELECT case_id FROM w UNION SELECT case_id FROM m) GROUP BY 1
), c AS (
    SELECT c.id, c.balance, CASE WHEN l.case_id IS NULL THEN coalesce(i.amount, 0) - coalesce(s.amount, 0) ELSE l.owed END AS owed
    FROM kk2_case c LEFT JOIN i ON i.case_id = c.id LEFT JOIN l ON l.case_id = c.id LEFT JOIN s ON s.case_id = c.id
    WHERE NOT c.dirty AND c.state <> 'merged' AND NOT (c.id IN (SELECT case_id FROM w) AND (c.id IN (SELECT case_id FROM m) OR EXISTS (
        SELECT FROM split x JOIN payment p ON p.id = x.payment_id WHERE x.case_id = c.id AND p.reverses IS NOT NULL)))
)
SELECT 'case ' || id AS subject, owed AS expected, balance AS found,
    'the stored balance is not items less waivers less live splits, with what Visma moved: something changed without a resettle' AS cause
FROM c WHERE owed <> balance"""

_DIRTY = """
WITH o AS (
    SELECT x.id::bigint AS id FROM work w CROSS JOIN LATERAL jsonb_array_elements_text(w.body->'case_ids') AS x(id)
    WHERE w.stage = 'resettle' AND w.state IN ('due', 'parked')
    UNION SELECT (w.body->>'case_id')::bigint FROM work w WHERE w.stage = 'resettle' AND w.state IN ('due', 'parked')
)
SELECT 'case ' || c.id AS subject, 1 AS expected, 0 AS found,
    'marked to be settled again, but no open work does it: its money can never be approved' AS cause
FROM kk2_case c WHERE c.dirty AND c.state <> 'merged' AND NOT EXISTS (SELECT FROM o WHERE o.id = c.id)"""

_SUMMED = """
SELECT v.id, v.reference, v.lines, v.total, count(l.no) AS found_lines, coalesce(sum(l.amount), 0) AS difference,
    coalesce(sum(l.amount) FILTER (WHERE l.amount > 0), 0) AS debits
FROM voucher v LEFT JOIN voucher_line l ON l.voucher_id = v.id GROUP BY v.id"""

_BALANCED = f"""
SELECT 'voucher ' || id AS subject, 0 AS expected, difference AS found, 'debits and credits differ' AS cause
FROM ({_SUMMED}) v WHERE difference <> 0"""

_HEAD = f"""
WITH s AS (
    SELECT v.id, v.payments, v.moved, count(DISTINCT s.payment_id) AS found_payments, coalesce(sum(s.amount), 0) AS found_moved
    FROM voucher v LEFT JOIN voucher_split t ON t.voucher_id = v.id LEFT JOIN split s ON s.id = t.split_id GROUP BY v.id
)
SELECT 'voucher ' || id AS subject, lines AS expected, found_lines AS found, 'lines: its head says another number' AS cause
FROM ({_SUMMED}) v WHERE lines <> found_lines
UNION ALL
SELECT 'voucher ' || id, total, debits, 'debits in øre: its head says another sum' FROM ({_SUMMED}) v WHERE total <> debits
UNION ALL
SELECT 'voucher ' || id, payments, found_payments, 'payments: its head says another number' FROM s WHERE payments <> found_payments
UNION ALL
SELECT 'voucher ' || id, moved, found_moved, 'øre of its splits: its head says another sum' FROM s WHERE moved <> found_moved"""

# The accounts as they were when the voucher was approved: a row of the setup that came later changes nothing of it.
_LINES = """
WITH g AS (
    SELECT t.voucher_id, s.kind, coalesce(c.company || '/' || c.client, '') AS client, c.sub_ledger_account,
        r.body->>'overpayment_policy' AS policy, sum(s.amount) AS amount
    FROM voucher_split t JOIN split s ON s.id = t.split_id LEFT JOIN kk2_case c ON c.id = s.case_id
    LEFT JOIN setup_row r ON r.id = s.client_row GROUP BY 1, 2, 3, 4, 5
), a AS (
    SELECT g.voucher_id, g.client, coalesce(nullif(own.accounts, 'null'::jsonb), r.body->'accounts') AS accounts
    FROM (SELECT DISTINCT voucher_id, client FROM g) g JOIN voucher v ON v.id = g.voucher_id
    JOIN setup_row r ON r.id = v.company_row LEFT JOIN LATERAL (
        SELECT c.body->'accounts' AS accounts FROM setup_row c WHERE c.kind = 'client' AND c.key = g.client
        AND c.valid_from <= v.voucher_on AND c.made_at <= v.approved_at ORDER BY c.valid_from DESC, c.version DESC LIMIT 1
    ) own ON true
), e AS (
    SELECT g.voucher_id, CASE WHEN g.kind = 1 OR (g.kind = 5 AND g.policy = 'credit') THEN g.sub_ledger_account
        ELSE a.accounts->>((ARRAY['', 'costs', 'fee', 'interest', 'overpayment', 'suspense'])[g.kind]) END AS account,
        -g.amount AS amount
    FROM g JOIN a ON a.voucher_id = g.voucher_id AND a.client = g.client
    UNION ALL SELECT g.voucher_id, r.body #>> '{accounts,bank}', g.amount
    FROM g JOIN voucher v ON v.id = g.voucher_id JOIN setup_row r ON r.id = v.company_row
), wanted AS (SELECT voucher_id, account, sum(amount) AS amount FROM e GROUP BY 1, 2),
has AS (SELECT voucher_id, account, sum(amount) AS amount FROM voucher_line GROUP BY 1, 2)
SELECT 'voucher ' || coalesce(w.voucher_id, h.voucher_id) || ', account ' || coalesce(w.account, h.account, '(none)') AS subject,
    coalesce(w.amount, 0) AS expected, coalesce(h.amount, 0) AS found,
    'what its splits put on the account is not what its lines say' AS cause
FROM wanted w FULL JOIN has h ON h.voucher_id = w.voucher_id AND h.account = w.account
WHERE coalesce(w.amount, 0) <> coalesce(h.amount, 0)"""

_GROUP = """
SELECT 'voucher ' || v.id AS subject, 0 AS expected, sum(s.amount) AS found,
    'has money of another account, day or statement reference, such as of payment ' || min(p.id) AS cause
FROM voucher v JOIN voucher_split t ON t.voucher_id = v.id JOIN split s ON s.id = t.split_id
JOIN payment p ON p.id = s.payment_id
WHERE (p.account, p.booked_on, coalesce(p.statement_ref, '')) <> (v.account, v.booked_on, v.statement_ref) GROUP BY v.id"""

_TAKEN = """
SELECT 'voucher ' || v.id AS subject, 0 AS expected, count(*) AS found,
    CASE WHEN v.state = 'void' THEN 'void, but it keeps splits that nobody else can take'
         ELSE 'in state ' || v.state || ', but its splits were given back: they may be booked twice' END AS cause
FROM voucher v JOIN voucher_split t ON t.voucher_id = v.id WHERE (v.state = 'void') <> t.released GROUP BY v.id
UNION ALL
SELECT 'split ' || s.id, 0, count(*), 'superseded, though voucher ' || min(t.voucher_id) || ' has it'
FROM split s JOIN voucher_split t ON t.split_id = s.id AND NOT t.released WHERE s.superseded_by IS NOT NULL GROUP BY s.id
UNION ALL
SELECT 'split ' || split_id, 1, count(*), 'in vouchers ' || min(voucher_id) || ' and ' || max(voucher_id) || ': booked twice'
FROM voucher_split WHERE NOT released GROUP BY split_id HAVING count(*) > 1"""

# In shadow mode a voucher stands approved and is not sent.
_VOUCHER_WORK = """
WITH shadow AS (
    SELECT key AS company FROM (SELECT DISTINCT ON (key) key, body FROM setup_row WHERE kind = 'company'
        ORDER BY key, valid_from DESC, version DESC) newest WHERE NOT (body->>'posting')::boolean
), o AS (
    SELECT x.id::bigint AS id FROM work w CROSS JOIN LATERAL jsonb_array_elements_text(w.body->'voucher_ids') AS x(id)
    WHERE w.stage IN ('deliver', 'inquire') AND w.state IN ('due', 'parked')
    UNION SELECT (w.body->>'voucher_id')::bigint FROM work w
    WHERE w.stage IN ('deliver', 'inquire') AND w.state IN ('due', 'parked')
)
SELECT 'voucher ' || v.id AS subject, 1 AS expected, 0 AS found,
    'in state ' || v.state || ', but no open work sends it, asks for it or waits for a person' AS cause
FROM voucher v WHERE v.state IN ('approved', 'sending', 'in_doubt', 'refused') AND NOT EXISTS (SELECT FROM o WHERE o.id = v.id)
    AND NOT (v.state = 'approved' AND v.company IN (SELECT company FROM shadow))"""

_TRANSACTION = """
SELECT 'transaction ' || t.id AS subject, 1 AS expected, 0 AS found,
    'moves an item that is withdrawn, is no invoice, or is another case''s' AS cause
FROM ledger_transaction t LEFT JOIN item i ON i.id = t.item_id AND i.case_id = t.case_id AND i.kind = 1 AND i.withdrawn_at IS NULL
WHERE t.state = 'applied' AND i.id IS NULL
UNION ALL
SELECT 'transaction ' || t.id, 1, count(w.id), 'parked: on how many rows that wait for a person'
FROM ledger_transaction t LEFT JOIN work w ON w.transaction_id = t.id AND w.state = 'parked'
WHERE t.state = 'parked' GROUP BY t.id HAVING count(w.id) <> 1
UNION ALL
SELECT 'transaction ' || t.id, 0, count(*), t.state || ', but it waits for a person'
FROM ledger_transaction t JOIN work w ON w.transaction_id = t.id AND w.state = 'parked' WHERE t.state <> 'parked' GROUP BY t.id
UNION ALL
SELECT 'transaction ' || min(id), 1, count(*), 'versions that stand of one and the same'
FROM ledger_transaction WHERE state <> 'superseded' GROUP BY company, transaction_id HAVING count(*) > 1"""

# An invoice of KK2's own may be in several of its cases; for one that the import opened there is no second.
_INVOICE = """
SELECT 'invoice ' || v.invoice_no AS subject, 1 AS expected, 0 AS found, 'its case has never had it as a claim' AS cause
FROM invoice v WHERE v.case_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM item i JOIN kk2_case c ON c.id = i.case_id WHERE i.invoice_no = v.invoice_no AND i.kind = 1 AND c.company = v.company)
UNION ALL
SELECT 'invoice ' || v.invoice_no, 1, count(DISTINCT c.id), 'opened by the import: in how many cases it is owed'
FROM invoice v JOIN item i ON i.invoice_no = v.invoice_no AND i.kind = 1 AND i.withdrawn_at IS NULL
JOIN kk2_case c ON c.id = i.case_id AND c.company = v.company AND c.state NOT IN ('merged', 'recalled')
WHERE v.state = 'opened' GROUP BY v.id HAVING count(DISTINCT c.id) > 1
UNION ALL
SELECT 'invoice ' || v.invoice_no, 1, count(w.id), 'parked: on how many rows that wait for a person'
FROM invoice v LEFT JOIN work w ON w.invoice_id = v.id AND w.state = 'parked'
WHERE v.state = 'parked' GROUP BY v.id HAVING count(w.id) <> 1"""

_WAKES = ", ".join(f"('{event.__name__}', '{stage.name}')" for stage in FLOW for event in stage.wakes_on)
_STAGES = ", ".join(f"'{stage.name}'" for stage in FLOW)

_JOURNAL = f"""
SELECT 'work row ' || w.id AS subject, 1 AS expected, 0 AS found, 'its event is not in the journal' AS cause
FROM work w WHERE NOT EXISTS (SELECT FROM journal j WHERE j.id = w.event_id)
UNION ALL
SELECT 'event ' || j.id, 1, 0, j.event || ' should have woken the stage ' || f.stage || ', and there is no work for it'
FROM journal j JOIN (VALUES {_WAKES}) AS f(event, stage) ON f.event = j.event
WHERE NOT EXISTS (SELECT FROM work w WHERE w.event_id = j.id AND w.stage = f.stage)
UNION ALL
SELECT 'work row ' || w.id, 1, 0, 'its stage ' || w.stage || ' is not on the page: nobody does it'
FROM work w WHERE w.state IN ('due', 'parked') AND w.stage NOT IN ({_STAGES})"""

_LINKS = (
    ("payment", "id", "file_id", "bank_file"),
    ("payment", "id", "case_id", "kk2_case"),
    ("payment", "id", "reverses", "payment"),
    ("payment_share", "payment_id", "payment_id", "payment"),
    ("payment_share", "payment_id", "case_id", "kk2_case"),
    ("payment_note", "id", "payment_id", "payment"),
    ("refund", "id", "payment_id", "payment"),
    ("split", "id", "payment_id", "payment"),
    ("split", "id", "case_id", "kk2_case"),
    ("split", "id", "item_id", "item"),
    ("split", "id", "superseded_by", "split"),
    ("split", "id", "client_row", "setup_row"),
    ("voucher_line", "no", "voucher_id", "voucher"),
    ("voucher_split", "split_id", "voucher_id", "voucher"),
    ("voucher_split", "voucher_id", "split_id", "split"),
    ("exchange", "id", "voucher_id", "voucher"),
    ("claim", "work_id", "work_id", "work"),
    ("work", "id", "payment_id", "payment"),
    ("work", "id", "transaction_id", "ledger_transaction"),
    ("ledger_transaction", "id", "superseded_by", "ledger_transaction"),
)
_LINKED = "\nUNION ALL\n".join(
    f"SELECT '{table} ' || c.{name} AS subject, 1 AS expected, 0 AS found, "
    f"'its {column} ' || c.{column} || ' is no {parent}' AS cause FROM {table} c "
    f"WHERE c.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM {parent} p WHERE p.id = c.{column})"
    for table, name, column, parent in _LINKS
)

CHECKS = (
    Check(
        "case",
        "Each case's stored balance is its items less waivers less live splits, with what Visma moved",
        ORE,
        _CASE,
    ),
    Check("dirty case", "Each case that is marked to be settled again is open work", ROWS, _DIRTY),
    Check("voucher", "Each voucher's debits equal its credits", ORE, _BALANCED),
    Check(
        "voucher head", "Each voucher's head tells the number and sum of its lines and payments", ROWS, _HEAD
    ),
    Check(
        "voucher lines", "Each voucher's lines are its splits, account by account, and the bank", ORE, _LINES
    ),
    Check("voucher group", "Each voucher has money of one sum on the bank statement only", ORE, _GROUP),
    Check("voucher splits", "A split is in one voucher at most, and a void voucher has none", ROWS, _TAKEN),
    Check("voucher work", "Each voucher that is not concluded is open work", ROWS, _VOUCHER_WORK),
    Check("invoice", "Each invoice from Visma is owed in one case, or waits for a person", ROWS, _INVOICE),
    Check(
        "transaction",
        "What Visma moved stands on an invoice of its case once, or waits for a person",
        ROWS,
        _TRANSACTION,
    ),
    Check("journal", "Each event has the work that it wakes, and each work row its event", ROWS, _JOURNAL),
    Check("links", "What a row names exists: payments, cases, items, splits, vouchers", ROWS, _LINKED),
)
