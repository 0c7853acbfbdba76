"""Save the payments of a file that was read: by COPY, each with the keyed fingerprint that twins are known by."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict

from sqlalchemy import Connection, text

from pipeline.formats import Reading
from schemas.money import Money
from schemas.setup import Setup
from workers.store.bulk import copy, execute, rows

_COLUMNS = (
    "line", "account", "type", "booked_on", "value_on", "interest_on", "statement_ref", "form", "amount", "kid",
    "debit_account", "reference", "text", "is_reversal", "file_id", "position", "fingerprint", "company", "state",
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
    for batch in reading.batches():
        places = positions[batch.ordinal].tolist()
        for row, place, identity in zip(batch.rows(), places, batch.identities(), strict=True):
            yield (*row, file_id, place, fingerprint(identity, key), company_of[row[1]], "waiting")


def fingerprint(identity: bytes, key: bytes) -> int:
    """64 bits of a keyed hash: says "alike", and gives nothing away without the key. A clash only holds a payment."""
    return int.from_bytes(hashlib.blake2b(identity, key=key, digest_size=8).digest(), "big", signed=True)


def hold_twins(connection: Connection, file_id: int) -> list[tuple[int, int]]:
    """Hold the n-th of the payments alike in this file where n or more alike stand in earlier files; gives id and n.

    `pipeline.intake.held` is the rule; here it is said for a whole file in one statement.
    """
    return [
        (row[0], row[1])
        for row in rows(
            connection,
            "WITH mine AS (SELECT id, fingerprint, row_number() OVER (PARTITION BY fingerprint ORDER BY line) AS n "
            "FROM payment WHERE file_id = %(file)s), earlier AS (SELECT p.fingerprint, count(*) AS alike FROM payment p "
            "WHERE p.fingerprint IN (SELECT fingerprint FROM mine) AND p.file_id <> %(file)s AND p.state <> 'refused' "
            "GROUP BY 1) UPDATE payment t SET state = 'held' FROM mine m JOIN earlier e USING (fingerprint) "
            "WHERE t.id = m.id AND m.n <= e.alike RETURNING t.id, m.n",
            {"file": file_id},
        )
    ]


def before_cut_over(connection: Connection, file_id: int, setup: Setup) -> list[int]:
    """The payments that were booked before their account's cut-over date: a person has posted them by hand."""
    found: list[int] = []
    for number, dated in setup.accounts.items():
        cut_over = dated.latest().value.cut_over
        if cut_over is not None:
            found += [
                row[0]
                for row in rows(
                    connection,
                    "UPDATE payment SET state = 'parked' WHERE file_id = %(file)s AND account = %(account)s "
                    "AND booked_on < %(day)s AND state = 'waiting' RETURNING id",
                    {"file": file_id, "account": number, "day": cut_over},
                )
            ]
    return found


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
