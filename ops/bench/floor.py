"""The bare floor: what PostgreSQL alone needs to put a file's payments, splits and vouchers in the product's own tables.

No reading, no rules, no locks, no journal, no second look: COPY the payments, join them to their cases, COPY splits and
voucher lines, update payments' and cases' balances, in batches of 5,000 on one connection, a commit a batch. What the
product does above this is the price of being right.
"""

import time
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, text

from ops.bench import town
from pipeline.formats import DEFAULT, Refusal, read
from workers.store.bulk import copy, execute, rows, take_ids

_BATCH = 5_000
_Split: TypeAlias = tuple[
    int, int, int, int, int, str, str
]  # payment, case, item, kind, amount, customer, invoice
_VOUCHER = 500
_PAYMENT = (
    "id", "line", "account", "type", "booked_on", "value_on", "interest_on", "statement_ref", "form", "amount", "kid",
    "debit_account", "reference", "text", "is_reversal", "debtor", "kids", "file_id", "position", "fingerprint", "company", "state",
)  # fmt: skip


def run(engine: Engine, path: Path) -> float:
    """Do it once for a file; gives seconds, the reading of the file not among them."""
    with path.open("rb") as stream:
        reading = read(stream, options=DEFAULT)
        if isinstance(reading, Refusal):
            raise TypeError(f"the bench's own file was refused: {reading.faults[0]}")
        payments = [row for batch in reading.batches() for row in batch.rows()]
    payments.sort(key=lambda row: row[9] or "")
    started = time.perf_counter()
    for first in range(0, len(payments), _BATCH):
        with engine.begin() as connection:
            _batch(connection, payments[first : first + _BATCH], first)
    return time.perf_counter() - started


def _batch(connection: Connection, payments: list[tuple[Any, ...]], first: int) -> None:
    ids = take_ids(connection, "payment", len(payments))
    copy(
        connection,
        "payment",
        _PAYMENT,
        (
            (i, *row, 1, first + n, i, "100", "waiting")
            for n, (i, row) in enumerate(zip(ids, payments, strict=True))
        ),
    )
    found = rows(
        connection,
        "SELECT p.id, p.amount, p.kid, c.id, c.customer_no, i.id, i.kind, i.amount, i.invoice_no "
        "FROM payment p JOIN case_kid k ON k.account = p.account AND k.kid = p.kid JOIN kk2_case c ON c.id = k.case_id "
        "JOIN item i ON i.case_id = c.id WHERE p.id = ANY(%(ids)s) ORDER BY p.id, i.kind",
        {"ids": list(ids)},
    )
    splits = _splits(found)
    split_ids = take_ids(connection, "split", len(splits))
    copy(
        connection,
        "split",
        ("id", "payment_id", "case_id", "item_id", "kind", "amount", "client_row", "corrects", "held"),
        ((i, s[0], s[1], s[2], s[3], s[4], 1, False, False) for i, s in zip(split_ids, splits, strict=True)),
    )
    _update(connection, splits)
    _vouchers(connection, splits, list(split_ids))


def _splits(found: list[tuple[Any, ...]]) -> list[_Split]:
    left: dict[int, int] = {}
    made: list[_Split] = []
    for payment, amount, _, case, customer, item, kind, owed, invoice in found:
        rest = left.get(payment, amount)
        part = min(rest, owed)
        left[payment] = rest - part
        if part:
            made.append((payment, case, item, kind, part, customer, invoice))
    return made


def _update(connection: Connection, splits: list[_Split]) -> None:
    cases = {s[0]: s[1] for s in splits}
    execute(
        connection,
        "UPDATE payment p SET state = 'settled', case_id = t.c FROM unnest(%(ids)s::bigint[], %(cases)s::bigint[]) "
        "AS t(id, c) WHERE p.id = t.id",
        {"ids": list(cases), "cases": list(cases.values())},
    )
    sums: dict[int, int] = {}
    for split in splits:
        sums[split[1]] = sums.get(split[1], 0) + split[4]
    execute(
        connection,
        "UPDATE kk2_case c SET balance = c.balance - t.s FROM unnest(%(ids)s::bigint[], %(sums)s::bigint[]) "
        "AS t(id, s) WHERE c.id = t.id",
        {"ids": list(sums), "sums": list(sums.values())},
    )


def _vouchers(connection: Connection, splits: list[_Split], ids: list[int]) -> None:
    numbered = sorted({s[0] for s in splits})
    voucher_of = {payment: n // _VOUCHER for n, payment in enumerate(numbered)}
    voucher_ids = list(take_ids(connection, "voucher", len(numbered) // _VOUCHER + 1))
    lines: list[list[tuple[Any, ...]]] = [[] for _ in voucher_ids]
    for split in splits:
        lines[voucher_of[split[0]]].append(("1500", "Faktura", -split[4], "0", "{}", split[5], split[6], ""))
    kept = [(i, its) for i, its in zip(voucher_ids, lines, strict=True) if its]
    copy(
        connection,
        "voucher",
        ("id", "reference", "company", "installation", "account", "booked_on", "statement_ref", "number", '"of"',
         "voucher_on", "voucher_type", "registrar", "division", "approve", "text", "total", "lines", "payments",
         "company_row", "approved_by", "state"),
        ((i, f"floor-{i}", "100", "visma", town.ACCOUNT, town.DAY, "1", 1, 1, town.DAY, "OC", "WS-Inf", "", False, "",
          -sum(line[2] for line in its), len(its) + 1, _VOUCHER, 1, "floor", "approved")
         for i, its in kept),
    )  # fmt: skip
    copy(
        connection,
        "voucher_line",
        (
            "voucher_id",
            "no",
            "account",
            "text",
            "amount",
            "tax_code",
            "dimensions",
            "customer_no",
            "invoice_no",
            "kid",
        ),
        (
            (i, no, *line)
            for i, its in kept
            for no, line in enumerate(
                [("1920", "OCR", -sum(one[2] for one in its), "0", "{}", "", "", ""), *its],
                1,
            )
        ),
    )
    copy(
        connection,
        "voucher_split",
        ("voucher_id", "split_id"),
        ((voucher_ids[voucher_of[s[0]]], i) for s, i in zip(splits, ids, strict=True)),
    )


def prepare(connection: Connection) -> None:
    """Give the floor its file row."""
    connection.execute(
        text("INSERT INTO bank_file (id, sha256, name, size, state) VALUES (1, 'floor', 'floor', 1, 'read')")
    )
