"""Save the payments of a file that was read: by COPY, each with the keyed fingerprint that twins are known by."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, text

from pipeline.formats import Reading
from schemas.money import Money
from schemas.setup import Setup
from workers.store.bulk import copy, execute

_COLUMNS = (
    "line", "account", "type", "booked_on", "value_on", "interest_on", "statement_ref", "form", "amount", "kid",
    "debit_account", "reference", "text", "is_reversal", "debtor", "kids", "file_id", "position", "fingerprint", "company", "state",
)  # fmt: skip


def lock_accounts(connection: Connection, reading: Reading) -> None:
    """One file at a time for an account, so that two files with the same payments can't both be first."""
    for account in sorted({assignment.account for assignment in reading.assignments}):
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtext(:account))"), {"account": f"read {account}"}
        )


def companies(reading: Reading, setup: Setup) -> dict[str, str | None]:
    """Each account of the file with the company that has it, None for an account that nobody has set up."""
    return {
        a.account: setup.accounts[a.account].latest().value.company if a.account in setup.accounts else None
        for a in reading.assignments
    }


def copy_payments(
    connection: Connection, file_id: int, reading: Reading, company_of: dict[str, str | None], key: bytes
) -> None:
    """Stream the file's payments into the table."""
    copy(connection, "payment", _COLUMNS, _rows(file_id, reading, company_of, key))


def _rows(
    file_id: int, reading: Reading, company_of: dict[str, str | None], key: bytes
) -> Iterator[tuple[object, ...]]:
    positions = reading.positions()
    keyed = hashlib.blake2b(key=key, digest_size=8)
    for batch in reading.batches():
        places = positions[batch.ordinal].tolist()
        for row, place, identity in zip(batch.rows(), places, batch.identities(), strict=True):
            yield (
                *row,
                file_id,
                place,
                fingerprint(identity, keyed),
                company_of[row[1]],
                "waiting",
            )


def fingerprint(identity: bytes, keyed: "hashlib.blake2b") -> int:
    """64 bits of a keyed hash: says "alike", and gives nothing away without the key. A clash only holds a payment."""
    mine = keyed.copy()  # the key is taken in once for a file
    mine.update(identity)
    return int.from_bytes(mine.digest(), "big", signed=True)


def set_aside(connection: Connection, payment_ids: Sequence[int], state: str) -> None:
    """Keep payments from being settled: `held` or `parked`."""
    if payment_ids:
        execute(
            connection,
            "UPDATE payment SET state = %(state)s WHERE id = ANY(%(ids)s)",
            {"ids": list(payment_ids), "state": state},
        )


def note_rules(connection: Connection, rules: Mapping[int, int]) -> None:
    """Write on payments which payer's rule found their case: by payment the rule."""
    if rules:
        execute(
            connection,
            "UPDATE payment p SET rule_id = t.rule FROM unnest(%(ids)s::bigint[], %(rules)s::bigint[]) AS t(id, rule) "
            "WHERE p.id = t.id",
            {"ids": list(rules), "rules": list(rules.values())},
        )


def save_reading(connection: Connection, file_id: int, reading: Reading, state: str) -> None:
    """Write on the file what it holds."""
    execute(
        connection,
        "UPDATE bank_file SET state = %(state)s, format = %(format)s, payments = %(payments)s, total = %(total)s, "
        "notes = %(notes)s::jsonb, assignments = %(assignments)s::jsonb WHERE id = %(id)s",
        {
            "id": file_id,
            "state": state,
            "format": reading.format,
            "payments": reading.payments,
            "total": _bounded(reading.total),
            "notes": json.dumps([asdict(note) for note in reading.notes[:1000]]),
            "assignments": json.dumps([asdict(a) for a in reading.assignments], default=str),
        },
    )


def _bounded(total: Money) -> Money:
    """A total that bigint can't hold is a file of more money than Norway has; the payments keep their own amounts."""
    limit = 2**63 - 1
    return max(-limit, min(total, limit))
