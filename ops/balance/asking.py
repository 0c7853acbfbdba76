"""A promise as a question to the database: one statement that gives only the rows that break it."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.balance.report import NAMED, Difference, Finding

ORE, ROWS = "øre", "rows"


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` gives subject, expected, found, cause of each row that breaks the promise, and nothing when all keep it."""

    name: str
    promise: str
    unit: str
    sql: str


def ask(connection: Connection, check: Check) -> Finding:
    """Try one promise on every row; the database counts what breaks it and names the first."""
    found = connection.execute(
        text(
            f"SELECT subject, expected, found, cause, count(*) OVER () AS broken FROM ({check.sql}) AS d "
            f"ORDER BY length(subject), subject LIMIT {NAMED}"
        )
    ).all()
    return Finding(
        check.name,
        check.promise,
        check.unit,
        int(found[0].broken) if found else 0,
        tuple(Difference(row.subject, int(row.expected), int(row.found), row.cause) for row in found),
    )


# Whether a split is in a voucher, and in which. A split that was superseded stands nowhere.
LIVE = (
    "live AS (SELECT s.id, s.payment_id, s.case_id, s.kind, s.amount, t.voucher_id FROM split s "
    "LEFT JOIN voucher_split t ON t.split_id = s.id AND NOT t.released WHERE s.superseded_by IS NULL)"
)
