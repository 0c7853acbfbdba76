"""Keep what a money check found, so that every page can say when the money agreed last."""

from sqlalchemy import Connection, text

from ops.balance.report import BalanceReport


def keep(connection: Connection, report: BalanceReport) -> None:
    """Write one row of a check."""
    whole = report.sums[0]
    connection.execute(
        text(
            "INSERT INTO proof (taken_at, result, broken, unknown, payments, amount) "
            "VALUES (:at, :result, :broken, :unknown, :payments, :amount)"
        ),
        {
            "at": report.taken_at,
            "result": report.exit_status.name.lower(),
            "broken": [finding.name for finding in report.findings if not finding.holds],
            "unknown": len(report.unknown),
            "payments": whole.payments,
            "amount": whole.amount,
        },
    )
