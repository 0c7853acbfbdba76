"""Keep what a money check found, so that every page can say when the money agreed last."""

from datetime import datetime

from sqlalchemy import Connection, text

from ops.balance.report import BalanceReport


def keep(
    connection: Connection,
    report: BalanceReport,
    *,
    seconds: float | None = None,
    slot: datetime | None = None,
) -> None:
    """Write one row of a check. `seconds`: what it took; `slot`: of its schedule, None for one that a person made."""
    whole = report.sums[0]
    connection.execute(
        text(
            "INSERT INTO proof (taken_at, result, broken, unknown, payments, amount, seconds, slot) "
            "VALUES (:at, :result, :broken, :unknown, :payments, :amount, :seconds, :slot)"
        ),
        {
            "seconds": seconds,
            "slot": slot,
            "at": report.taken_at,
            "result": report.exit_status.name.lower(),
            "broken": [finding.name for finding in report.findings if not finding.holds],
            "unknown": len(report.unknown),
            "payments": whole.payments,
            "amount": whole.amount,
        },
    )


def keep_failure(connection: Connection, slot: datetime, seconds: float, note: str) -> None:
    """Write that a check could not be made, and why: what nobody could prove is unknown."""
    connection.execute(
        text(
            "INSERT INTO proof (taken_at, result, broken, unknown, payments, amount, seconds, slot, note) "
            "VALUES (now(), 'unknown', '{}', 1, 0, 0, :seconds, :slot, :note)"
        ),
        {"seconds": seconds, "slot": slot, "note": note},
    )
