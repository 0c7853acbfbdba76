"""Whether each company was held against Visma lately, and what is open of it."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection, text

from ops.health.pulse import Sign, State
from schemas.wording import counted

LATE = timedelta(days=2)
"""A control runs every night: after so long, what it said is old."""

# Money under way differs every day for as long as its vouchers go; a night later it is somebody's.
_SIGNS = text("""
WITH r AS (
    SELECT DISTINCT ON (company) company, now() - ended_at AS age, cardinality(unknown) AS unknown FROM control_run
    ORDER BY company, id DESC
), d AS (
    SELECT company, count(*) AS open, count(*) FILTER (WHERE kind NOT IN ('payment_under_way', 'not_counted', 'in_doubt', 'voucher_in_doubt')
        OR first_seen < now() - CAST(:late AS interval)) AS aged
    FROM difference WHERE state = 'open' GROUP BY 1
)
SELECT s.key AS company, r.age, r.unknown, coalesce(d.open, 0) AS open, coalesce(d.aged, 0) AS aged
FROM (SELECT DISTINCT key FROM setup_row WHERE kind = 'company') s
LEFT JOIN r ON r.company = s.key LEFT JOIN d ON d.company = s.key ORDER BY 1""")


def signs(connection: Connection) -> Iterator[Sign]:
    """One sign a company. Bad: a difference that nobody has explained, or no control for two days."""
    for row in connection.execute(_SIGNS, {"late": LATE}):
        name = f"control {row.company}"
        if row.age is None:
            yield Sign(
                name, State.UNKNOWN, f"never held against Visma: kk2 visma control --company {row.company}"
            )
            continue
        ago = f"{row.age.total_seconds() / 3600:.0f} hours ago"
        says = f"{counted(row.open, 'open difference')}, looked at {ago}: kk2 visma differences"
        if row.age > LATE or row.aged:
            yield Sign(name, State.BAD, says)
        elif row.unknown:
            yield Sign(name, State.UNKNOWN, f"{says}; Visma could not tell {counted(row.unknown, 'thing')}")
        else:
            yield Sign(name, State.WELL, says)
