"""Sums that are kept: the signed rows that each statement adds become one row a key, by the clock."""

from sqlalchemy import Connection, text

_ONE_AT_A_TIME = 7_203_016  # advisory lock: a second clock leaves the fold to the first
_KEY = "of, company, account, day, state, code"

_FOLD = f"""
WITH keys AS MATERIALIZED (SELECT DISTINCT {_KEY} FROM tally WHERE NOT folded LIMIT :most),
gone AS (DELETE FROM tally t USING keys k WHERE (t.of, t.day, t.state, t.company, t.account, t.code)
    = (k.of, k.day, k.state, k.company, k.account, k.code) RETURNING t.*),
kept AS (INSERT INTO tally ({_KEY}, number, amount, folded)
    SELECT {_KEY}, sum(number), sum(amount), true FROM gone GROUP BY {_KEY} HAVING sum(number) <> 0 OR sum(amount) <> 0)
SELECT count(*) FROM gone"""


def fold(connection: Connection, most: int = 2_000) -> int:
    """Make one row of each key that has new ones, for at most so many keys; gives how many rows were taken together.

    What another transaction adds meanwhile is not seen and stays for the next time, so no sum changes by it.
    """
    mine = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME}
    ).scalar_one()
    return int(connection.execute(text(_FOLD), {"most": most}).scalar_one()) if mine else 0
