"""Money that must agree: proven on every row of the database, and against Visma's own list of vouchers."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from ops.balance import ledger, payments, tallies
from ops.balance.asking import Check, ask
from ops.balance.proving import keep, keep_failure
from ops.balance.replay import replay
from ops.balance.report import BalanceReport, Difference, Exit, Finding, Place, Sums, VoucherSums
from ops.balance.sums import sums, voucher_sums
from ops.balance.visma import compare
from workers.accounting import Accounting

__all__ = [
    "CHECKS",
    "BalanceReport",
    "Difference",
    "Exit",
    "Finding",
    "Place",
    "Sums",
    "VoucherSums",
    "check",
    "keep",
    "keep_failure",
]

CHECKS: tuple[Check, ...] = (*payments.CHECKS, *ledger.CHECKS, *tallies.CHECKS)
"""The promises that the database is asked, in the order of a payment's way."""


def check(
    connection: Connection,
    accounting: Accounting | Mapping[str, Accounting] | None,
    *,
    replayed: int | None = None,
    files: int = 50,
) -> BalanceReport:
    """Prove that the money agrees, as of one moment; gives what holds, what does not, and what nobody could tell.

    `accounting`: Visma, or one by the code of each installation; without it what Visma has is unknown. `replayed`: how
    many cases are split anew, all without it. `files`: for how many of the newest files the sums are told; the promises
    are tried on all. Begins transactions of its own: `connection` must have none open.
    """
    with connection.begin():
        # one moment for all statements; a million payments are joined and grouped in memory, not on disk
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        connection.execute(text("SET LOCAL work_mem = '128MB'"))
        taken_at = connection.execute(text("SELECT now()")).scalar_one()
        of_money = sums(connection, files)
        findings = [ask(connection, promise) for promise in CHECKS]
        findings.append(replay(connection, replayed))
    compared = compare(connection, accounting)
    with connection.begin():
        of_vouchers = voucher_sums(connection, compared.in_visma)
    return BalanceReport(taken_at, of_money, of_vouchers, (*findings, *compared.findings))
