"""The promises about the sums that are kept: they are what a count of every row gives."""

from ops.balance.asking import ROWS, Check

_KEY = "company, account, day, state, code"


def _agrees(of: str, counted: str) -> str:
    """Kept and counted, key by key; a key with the right number and the wrong money is told in øre."""
    return f"""
WITH kept AS (
    SELECT {_KEY}, sum(number) AS number, sum(amount) AS amount FROM tally WHERE of = '{of}' GROUP BY {_KEY}
), counted AS ({counted}), d AS (
    SELECT {_KEY}, coalesce(c.number, 0) AS counted, coalesce(k.number, 0) AS kept,
        coalesce(c.amount, 0) AS counted_ore, coalesce(k.amount, 0) AS kept_ore
    FROM counted c FULL JOIN kept k USING ({_KEY})
)
SELECT 'sum of ' || concat_ws(', ', nullif(company, ''), nullif(account, ''), day, state, nullif(code, '')) AS subject,
    CASE WHEN counted <> kept THEN counted ELSE counted_ore END AS expected,
    CASE WHEN counted <> kept THEN kept ELSE kept_ore END AS found,
    CASE WHEN counted <> kept THEN 'rows counted anew, and as the kept sum has them'
         ELSE 'øre counted anew, and as the kept sum has them' END AS cause
FROM d WHERE counted <> kept OR counted_ore <> kept_ore"""


_ASIDE = """
SELECT 'payment ' || coalesce(p.id, a.payment_id) AS subject, CASE WHEN p.id IS NULL THEN 0 ELSE 1 END AS expected,
    CASE WHEN a.payment_id IS NULL THEN 0 ELSE 1 END AS found,
    'in state ' || coalesce(p.state, 'other') || ', but lists have it in state ' || coalesce(a.state, 'none') AS cause
FROM (SELECT id, state FROM payment WHERE state IN ('refused', 'known')) p FULL JOIN aside a ON a.payment_id = p.id
WHERE p.state IS DISTINCT FROM a.state"""

# The money of a voucher is what its splits move: taking it off the suspense account moves none, and sums to nothing.
_BOOKED = """
SELECT company, '' AS account, day, state, '' AS code, sum(number) AS number, sum(amount) AS amount FROM (
    SELECT v.company, v.voucher_on AS day, 'from_bank' AS state, count(DISTINCT s.payment_id) AS number, sum(s.amount) AS amount
    FROM voucher v JOIN voucher_split t ON t.voucher_id = v.id AND NOT t.released JOIN split s ON s.id = t.split_id
    WHERE v.state IN ('delivered', 'by_hand') GROUP BY v.id
    UNION ALL
    SELECT company, day, kind, count(*), -sum(amount) FROM ledger_transaction
    WHERE state NOT IN ('ours', 'superseded') GROUP BY 1, 2, 3
) b GROUP BY 1, 3, 4"""

CHECKS = (
    Check(
        "payment sums",
        "The sums that are kept of payments are what counting them gives",
        ROWS,
        _agrees(
            "payment",
            "SELECT coalesce(company, '') AS company, account, booked_on AS day, state, '' AS code, count(*) AS number, "
            "sum(amount) AS amount FROM payment GROUP BY 1, 2, 3, 4",
        ),
    ),
    Check(
        "voucher sums",
        "The sums that are kept of vouchers are what counting them gives",
        ROWS,
        _agrees(
            "voucher",
            "SELECT company, account, voucher_on AS day, state, coalesce(code, '') AS code, count(*) AS number, "
            "sum(total) AS amount FROM voucher GROUP BY 1, 2, 3, 4, 5",
        ),
    ),
    Check(
        "parked sums",
        "The sums that are kept of what waits for a person are what counting it gives",
        ROWS,
        _agrees(
            "parked",
            "SELECT '' AS company, '' AS account, (made_at AT TIME ZONE 'UTC')::date AS day, stage AS state, reason AS code, "
            "count(*) AS number, sum(parked_amount(payment_id, body)) AS amount FROM work WHERE state = 'parked' GROUP BY 3, 4, 5",
        ),
    ),
    Check(
        "booked sums",
        "The sums that are kept of what is booked are what summing every split and transaction gives",
        ROWS,
        _agrees("booked", _BOOKED),
    ),
    Check("aside", "Each payment that is not to be booked is found by its state", ROWS, _ASIDE),
)
