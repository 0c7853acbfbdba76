"""The promises about payments, files, companies and statements: every øre is in one place, and somebody goes on with it."""

from ops.balance.asking import LIVE, ORE, ROWS, Check
from workers.facts import statements
from workers.facts.payments import MINE, ON, SHARED

_CONSERVED = f"""
WITH {LIVE}, b AS (
    SELECT payment_id, sum(amount) AS total, coalesce(sum(amount) FILTER (WHERE kind = 6), 0) AS suspense
    FROM live GROUP BY payment_id
), p AS (
    SELECT p.id, p.state, p.amount, coalesce(b.total, 0) AS total, coalesce(b.suspense, 0) AS suspense
    FROM payment p LEFT JOIN b ON b.payment_id = p.id
)
SELECT 'payment ' || id AS subject, CASE WHEN state = 'settled' OR suspense <> 0 THEN amount ELSE 0 END AS expected,
    total AS found,
    CASE WHEN state = 'settled' AND total = 0 THEN 'settled, but without a live split'
         WHEN state = 'settled' THEN 'the live splits of a settled payment must be its amount'
         WHEN total <> suspense THEN 'in state ' || state || ', but with live splits on a case'
         ELSE 'in state ' || state || ', with another amount on the suspense account' END AS cause
FROM p WHERE CASE WHEN state = 'settled' THEN total <> amount
             ELSE total <> suspense OR (suspense <> 0 AND suspense <> amount) END"""

_PARKED = """
SELECT 'payment ' || coalesce(p.id, w.payment_id) AS subject, CASE WHEN p.id IS NULL THEN 0 ELSE 1 END AS expected,
    coalesce(w.rows, 0) AS found,
    CASE WHEN p.id IS NULL THEN 'a parked work row, but the payment is not parked: was it closed by half a repair?'
         WHEN w.rows IS NULL THEN 'in state ' || p.state || ', but on nobody''s list: its work row is closed or gone'
         WHEN w.rows > 1 THEN 'parked more than once'
         ELSE 'in state ' || p.state || ', but its work row says ' || w.reason END AS cause
FROM (SELECT id, state FROM payment WHERE state IN ('parked', 'held')) p
FULL JOIN (SELECT payment_id, count(*) AS rows, min(reason) AS reason FROM work
           WHERE state = 'parked' AND payment_id IS NOT NULL GROUP BY payment_id) w ON w.payment_id = p.id
WHERE CASE WHEN p.id IS NULL THEN true
           ELSE coalesce(w.rows, 0) <> 1 OR (p.state = 'held') <> (w.reason = 'held_twin') END"""

# What a voucher has on a case that the payment was taken off, and its correction, are nothing together.
_HOME = f"""
WITH {LIVE}, l AS (
    SELECT payment_id, case_id, sum(amount) AS amount FROM live WHERE kind <> 6 GROUP BY 1, 2
), h AS (
    SELECT p.id AS payment_id, {ON} AS case_id, {MINE} AS amount FROM {SHARED} WHERE p.state = 'settled'
)
SELECT 'payment ' || payment_id || ', case ' || case_id AS subject, coalesce(h.amount, 0) AS expected,
    coalesce(l.amount, 0) AS found,
    CASE WHEN h.payment_id IS NULL THEN 'live splits on a case that the payment is not on'
         ELSE 'the live splits on a case must be the share of the payment that is the case''s' END AS cause
FROM h FULL JOIN l USING (payment_id, case_id) WHERE coalesce(h.amount, 0) <> coalesce(l.amount, 0)
UNION ALL
SELECT 'payment ' || s.payment_id, p.amount, sum(s.amount), 'in state ' || p.state || ', its shares must be its amount'
FROM payment_share s JOIN payment p ON p.id = s.payment_id GROUP BY s.payment_id, p.amount, p.state
HAVING sum(s.amount) <> p.amount OR p.state NOT IN ('settled', 'waiting')"""

# A held file's payments wait with it. Slices are expanded to single positions, so that the join is one of equals: by ranges it would be payments times slices.
_WAITING = """
WITH o AS MATERIALIZED (
    SELECT body FROM work WHERE state IN ('due', 'parked') AND stage IN ('settle', 'resettle') AND payment_id IS NULL
), covered AS (
    SELECT p.id FROM o CROSS JOIN LATERAL generate_series((o.body->>'first')::int, (o.body->>'until')::int - 1) AS g(n)
    JOIN payment p ON p.file_id = (o.body->>'file_id')::int AND p.position = g.n
    UNION ALL SELECT x.id::bigint FROM o CROSS JOIN LATERAL jsonb_array_elements_text(o.body->'payment_ids') AS x(id)
    UNION ALL SELECT (o.body->>'payment_id')::bigint FROM o WHERE o.body->>'payment_id' IS NOT NULL
)
SELECT 'payment ' || p.id AS subject, 1 AS expected, 0 AS found, CASE WHEN f.open_slices = 0
    THEN 'waiting, though its file ' || p.file_id || ' is settled and no open work names it'
    ELSE 'waiting, but no open slice of its file ' || p.file_id || ' has it' END AS cause
FROM payment p LEFT JOIN bank_file f ON f.id = p.file_id
WHERE p.state = 'waiting' AND f.state IS DISTINCT FROM 'held' AND NOT EXISTS (SELECT FROM covered c WHERE c.id = p.id)"""

_COUNTED = """
SELECT file_id, count(*) AS payments, sum(amount) AS total, min(position) AS first, max(position) AS last
FROM payment GROUP BY file_id"""

# A file that is known from before, or was refused before it was read, has no payments at all.
_HAS_ROWS = "(f.state = 'read' OR n.payments IS NOT NULL)"

_FILE_COUNT = f"""
SELECT 'file ' || f.id AS subject, CASE WHEN f.state IN ('landed', 'unreadable') THEN 0 ELSE f.payments END AS expected,
    coalesce(n.payments, 0) AS found, 'in state ' || f.state || ': payments lost or added after it was read' AS cause
FROM bank_file f LEFT JOIN ({_COUNTED}) n ON n.file_id = f.id
WHERE CASE WHEN f.state IN ('landed', 'unreadable') THEN n.payments IS NOT NULL
           ELSE {_HAS_ROWS} AND coalesce(n.payments, 0) <> f.payments END"""

_FILE_SUM = f"""
SELECT 'file ' || f.id AS subject, f.total AS expected, coalesce(n.total, 0) AS found,
    'an amount was changed, or payments were lost or added' AS cause
FROM bank_file f LEFT JOIN ({_COUNTED}) n ON n.file_id = f.id
WHERE f.state NOT IN ('landed', 'unreadable') AND {_HAS_ROWS} AND coalesce(n.total, 0) <> f.total"""

# The bank adds reversals to its total, and they are money out: it may say up to twice as much more as they are. How much
# more it did say is known from when it was read; anything else is money that was changed, lost or added. A
# notification's sum has what is not booked too.
_CONTROL = """
WITH said AS (
    SELECT f.id, f.format, a.account, sum(a.control_total) AS control, sum(a.total) AS total, sum(a.payments) AS payments
    FROM bank_file f CROSS JOIN LATERAL
        jsonb_to_recordset(f.assignments) AS a(account text, control_total numeric, total numeric, payments int)
    WHERE f.state IN ('read', 'held', 'refused') GROUP BY 1, 2, 3
), stand AS (
    SELECT file_id, account, sum(amount) AS total, count(*) AS payments,
        coalesce(-sum(amount) FILTER (WHERE is_reversal), 0) AS reversals FROM payment GROUP BY 1, 2
)
SELECT 'file ' || s.id || ', account ' || s.account AS subject, s.control AS expected,
    coalesce(p.total, 0) + s.control - s.total AS found, 'the file says ' || s.payments || ' payments, and there are ' || coalesce(p.payments, 0) ||
    ', of which reversals are ' || coalesce(p.reversals, 0) || ' oere' AS cause
FROM said s LEFT JOIN stand p ON p.file_id = s.id AND p.account = s.account
WHERE s.payments <> coalesce(p.payments, 0) OR s.total <> coalesce(p.total, 0)
   OR s.format = 'ocr-giro' AND NOT s.control - s.total BETWEEN 0 AND 2 * coalesce(p.reversals, 0)"""

_POSITIONS = f"""
SELECT 'file ' || n.file_id AS subject, n.payments AS expected, n.last - n.first + 1 AS found,
    'positions run from ' || n.first || ' to ' || n.last || ': a slice would pass some payments over' AS cause
FROM ({_COUNTED}) n WHERE n.first <> 0 OR n.last <> n.payments - 1
UNION ALL
SELECT 'file ' || file_id || ', position ' || position, 1, count(*), 'two payments in one place: a slice counts both'
FROM payment GROUP BY file_id, position HAVING count(*) > 1"""

_SLICES = """
SELECT 'file ' || f.id AS subject, coalesce(w.rows, 0) AS expected, f.open_slices AS found,
    CASE WHEN f.open_slices > coalesce(w.rows, 0) THEN 'counts a slice that nobody works on: it would never be settled'
         ELSE 'a slice is open that the file does not count: it would be proposed too early' END AS cause
FROM bank_file f LEFT JOIN (
    SELECT (body->>'file_id')::int AS file_id, count(*) AS rows FROM work
    WHERE stage = 'settle' AND state = 'due' GROUP BY 1
) w ON w.file_id = f.id WHERE f.open_slices <> coalesce(w.rows, 0)"""

_FILE_WORK = """
SELECT 'file ' || f.id AS subject, 1 AS expected, 0 AS found,
    'in state ' || f.state || ', but no open work reads or holds it' AS cause
FROM bank_file f WHERE f.state IN ('landed', 'held') AND NOT EXISTS (
    SELECT FROM work w WHERE w.stage = 'read' AND w.state IN ('due', 'parked') AND (w.body->>'file_id')::int = f.id)
UNION ALL
SELECT 'file ' || f.id, 1, 0, 'read and settled, but nobody was told: it is in no proposal of its own'
FROM bank_file f WHERE f.state = 'read' AND f.open_slices = 0 AND f.payments > 0 AND NOT EXISTS (
    SELECT FROM journal j WHERE j.event = 'FileSettled' AND (j.body->>'file_id')::int = f.id)"""

_COMPANIES = f"""
SELECT 'payment ' || p.id AS subject, 0 AS expected, {MINE} AS found,
    'came in for company ' || coalesce(p.company, '(none)') || ', but is settled on a case of ' || c.company AS cause
FROM {SHARED} JOIN kk2_case c ON c.id = {ON}
WHERE p.state = 'settled' AND p.company IS DISTINCT FROM c.company
UNION ALL
SELECT 'voucher ' || v.id, 0, sum(s.amount), 'of company ' || v.company || ', but has money of ' || min(coalesce(p.company, '(none)'))
FROM voucher v JOIN voucher_split t ON t.voucher_id = v.id JOIN split s ON s.id = t.split_id
JOIN payment p ON p.id = s.payment_id WHERE p.company IS DISTINCT FROM v.company GROUP BY v.id"""

_STATEMENT = f"""
SELECT 'statement ' || ref || ', account ' || account || ', ' || booked_on AS subject, sum(came) AS expected,
    sum(amount) AS found,
    CASE WHEN NOT bool_or(of = 'payment') THEN 'vouchers have a bank line for a sum that no bank file has'
         ELSE 'bank lines of vouchers, proposal and unsplit money are not what the bank has' END AS cause
FROM ({statements.SUMS}) s GROUP BY company, account, booked_on, ref HAVING sum(came) <> sum(amount)"""

CHECKS = (
    Check(
        "payment",
        "Each payment is its live splits in vouchers and proposal and what is unsplit",
        ORE,
        _CONSERVED,
    ),
    Check(
        "share",
        "Each settled payment is on its case, or its cases, with exactly its share, and on no other",
        ORE,
        _HOME,
    ),
    Check(
        "parked",
        "Each parked or held payment has one open work row, and each such row its payment",
        ROWS,
        _PARKED,
    ),
    Check(
        "waiting",
        "Each waiting payment is in a slice, release or assignment that is open work",
        ROWS,
        _WAITING,
    ),
    Check("file count", "Each file has as many payments as it had when it was read", ROWS, _FILE_COUNT),
    Check("file sum", "Each file's payments sum up to what they did when it was read", ORE, _FILE_SUM),
    Check("control total", "Each file's payments are what its own end records say", ORE, _CONTROL),
    Check(
        "positions",
        "The positions of a file's payments run without a gap and without a double",
        ROWS,
        _POSITIONS,
    ),
    Check("slices", "Each file counts as many open slices as there are open rows to settle", ROWS, _SLICES),
    Check("file work", "No file is forgotten between landing and its proposal", ROWS, _FILE_WORK),
    Check("company", "No money crosses from one company to another", ORE, _COMPANIES),
    Check(
        "statement",
        "Each sum on the bank statement is bank lines, proposal and unsplit money",
        ORE,
        _STATEMENT,
    ),
)
