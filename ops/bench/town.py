"""A large town for the measurements: cases by COPY, and a bank file that pays them."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from ops.bank_writer import OcrAssignment, OcrPayment, OcrTransmission, write_to
from schemas.kid import mod10
from workers.store.bulk import copy

ACCOUNT = "99991042764"
DAY = date(2026, 3, 16)


def kid_of(number: int) -> str:
    """Give the KID of a case or an invoice by its number."""
    digits = f"{number:09d}"
    return digits + mod10(digits)


def fill(connection: Connection, cases: int) -> None:
    """Open so many cases with two or three items each; the case's own KID and its invoice's lead to it."""
    copy(
        connection,
        "kk2_case",
        ("id", "company", "client", "case_no", "account", "kid", "case_flow", "sub_ledger_account", "customer_no",
         "opened_on", "state", "balance"),
        ((n, "100", "KOM", f"0221-{n:08d}", ACCOUNT, kid_of(n), "A", "1500", str(n), date(2025, 6, 1), "open",
          _principal(n) + 3800 + (11300 if n % 2 else 0)) for n in range(1, cases + 1)),
    )  # fmt: skip
    copy(
        connection,
        "case_kid",
        ("account", "kid", "case_id"),
        ((ACCOUNT, kid_of(k), n) for n in range(1, cases + 1) for k in (n, n + 500_000_000)),
    )
    copy(connection, "item", ("case_id", "kk2_id", "kind", "amount", "due_on", "invoice_no"), _items(cases))
    connection.execute(text("SELECT setval(pg_get_serial_sequence('kk2_case', 'id'), :n)"), {"n": cases})


def analyse(connection: Connection) -> None:
    """Let the planner know the new sizes, as autovacuum would within a minute."""
    connection.execute(text("ANALYZE kk2_case; ANALYZE case_kid; ANALYZE item"))


def _principal(number: int) -> int:
    return 50_000 + number % 997 * 100


def _items(cases: int) -> Iterator[tuple[object, ...]]:
    first = date(2025, 1, 1)
    for n in range(1, cases + 1):
        due = first + timedelta(n % 180)
        yield n, "P", 1, _principal(n), due, f"F{n}"
        yield n, "F", 3, 3800, due, ""
        if n % 2:
            yield n, "G", 3, 11300, due, ""


def write_file(path: Path, payments: int, cases: int, seed: int, *, number: int = 1) -> None:
    """Write a bank file that pays a random choice of the cases: in full, with interest, in part, a few unknown KIDs.

    A few hundred statement references, as a large municipality's bank day has.
    """
    chance = random.Random(seed)  # noqa: S311 - invented payments, repeatable by seed

    def made() -> Iterator[OcrPayment]:
        for n in range(payments):
            case = chance.randrange(1, cases + 1)
            kind = chance.random()
            amount = _principal(case) + 3800 + (11300 if case % 2 else 0)
            if kind < 0.2:
                amount = amount // 2
            elif kind > 0.9:
                amount += 10_000
            kid = (
                kid_of(case if n % 4 == 0 else case + 500_000_000)
                if kind > 0.003
                else kid_of(999_000_000 - n)
            )
            yield OcrPayment(
                13, DAY, amount, kid, statement_ref=f"01{16:02d}{1:01d}{n * 50 // payments:05d}",
                reference=f"{n:09d}", debit_account="99990512341",
            )  # fmt: skip

    with path.open("wb") as out:
        write_to(out, OcrTransmission(number, DAY, (OcrAssignment(ACCOUNT, made(), DAY),)))
