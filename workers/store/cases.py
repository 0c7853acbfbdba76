"""Cases taken in by the hundred thousand: rows are staged by COPY, proven against what stands, and written by sets.

The three steps share one transaction, the caller's: `stage`, `faults`, `take`. What is written is idempotent by KK2's own
ids: a row that stands already, in the same words, changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, text

from schemas.bank import Fault
from schemas.money import Money, in_kroner
from workers.store import case_sql as sql
from workers.store.bulk import copy
from workers.store.merge_sql import MERGES
from workers.store.movement_sql import MOVEMENTS

_AWAITED = (
    "SELECT DISTINCT t.company FROM ledger_transaction t JOIN item i ON i.invoice_no = t.invoice_no AND i.invoice_no <> '' "
    "AND i.withdrawn_at IS NULL JOIN named n ON n.case_id = i.case_id AND n.company = t.company WHERE t.state = 'parked' "
    "AND NOT EXISTS (SELECT FROM homeless h WHERE h.id = t.id) ORDER BY 1"
)
BY_THE_DESK = "desk:"
"""So begin the ids of claims and waivers that a person added; all others are KK2's, or the import's."""
_ONE_AT_A_TIME = 7_203_013  # advisory lock: two who apply cases take turns, or both would insert the same one
_FOR_LONG_WORK = (
    "SET LOCAL work_mem = '128MB'",
    "SET LOCAL statement_timeout = 0",
)  # a million rows are one statement
_MANY = 10_000  # so many rows make the planner's old statistics wrong
_COUNT_CASES = "SELECT count_cases()"  # who owns the tables does it: ANALYZE is not for the processes' role


class Staged(NamedTuple):
    """One record of a file of cases; what its kind does not have is None. A tuple, because a million go through COPY.

    `record`: case, item, waiver, withdrawn_item, withdrawn_waiver, recalled, merge, unmerge. `day`: an item's due date,
    a waiver's day. `kind`: `schemas.case.Kind`. `amount` in øre. `kids`: the invoices' KIDs.
    """

    line: int
    record: str
    company: str
    client: str
    case_no: str
    account: str | None
    kid: str | None
    case_flow: str | None
    sub_ledger_account: str | None
    customer_no: str | None
    debtor_name: str | None
    opened_on: date | None
    kids: list[str] | None
    kk2_id: str | None
    kind: int | None
    amount: Money | None
    day: date | None
    invoice_no: str | None
    item_kk2_id: str | None
    reason: str | None
    into_no: str | None


_NONE: list[object] = [None] * len(Staged._fields)
_AT = {name: place for place, name in enumerate(Staged._fields)}


def staged(values: Mapping[str, object]) -> Staged:
    """A record that no file has a line of, with what its kind does not have left out."""
    row = _NONE.copy()
    for name, value in ({"line": 0} | dict(values)).items():
        row[_AT[name]] = value
    return Staged(*row)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was written. `opened`: cases that are new; `reachable`: cases that got a further KID; `changed`: cases that
    stood and now owe something else. `renamed`: cases whose debtor, customer number or case flow alone is another.
    `homeless`: transactions of Visma whose invoice no case has any more, to be parked; `awaited`: companies in which such
    ones, parked earlier, have a case now.
    """

    opened: tuple[int, ...]
    reachable: tuple[int, ...]
    changed: tuple[int, ...]
    renamed: int
    homeless: tuple[int, ...]
    awaited: tuple[str, ...]


def one_at_a_time(connection: Connection) -> None:
    """Let nobody else open cases until this transaction ends: a number that is free now stays so."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})


def stage(connection: Connection, rows: Iterable[Staged]) -> int:
    """Copy the records to a table of this transaction and lock the cases that they name; gives their number."""
    one_at_a_time(connection)
    _run(connection, (*sql.STAGE, *_FOR_LONG_WORK))
    number = copy(connection, "staged", Staged._fields, rows)
    _run(connection, sql.NAME)
    return number


def faults(connection: Connection, most: int) -> list[Fault]:
    """Compare the staged records with each other and with what stands; at most `most` faults a question, by line."""
    found: list[Fault] = []
    for question in sql.QUESTIONS:
        rows = connection.execute(text(f"{question.query} ORDER BY 1 LIMIT :most"), {"most": most})
        found += [
            Fault(line, None, question.what, question.expected.format(_kroner(wanted)), _kroner(stands))
            for line, wanted, stands in rows
        ]
    return sorted(found, key=lambda fault: fault.line)


def take(connection: Connection, number: int) -> Taken:
    """Write the `number` records that were staged and found without faults; balances are right and changed cases dirty."""
    _run(connection, sql.OPEN)
    if number > _MANY:
        _run(connection, (_COUNT_CASES, "ANALYZE named"))
    _run(connection, sql.CLAIMS)
    if number > _MANY:
        _run(connection, (_COUNT_CASES,))
    _run(connection, (*sql.CORRECTIONS, *MERGES, *MOVEMENTS, *sql.SETTLE_UP))
    renamed = connection.execute(text("SELECT count(*) FROM renamed")).scalar_one()
    return Taken(
        _ids(connection, "SELECT case_id FROM named WHERE is_new ORDER BY 1"),
        _ids(connection, "SELECT DISTINCT case_id FROM reachable ORDER BY 1"),
        _ids(connection, "SELECT DISTINCT case_id FROM changed ORDER BY 1"),
        renamed,
        _ids(connection, "SELECT id FROM homeless WHERE case_id IS NULL ORDER BY 1"),
        tuple(connection.execute(text(_AWAITED)).scalars()),
    )


def _run(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.execute(text(statement))


def _ids(connection: Connection, query: str) -> tuple[int, ...]:
    return tuple(connection.execute(text(query)).scalars())


def _kroner(value: object) -> str:
    """An amount in the answer to a question is a number, everything else is text."""
    return f"{in_kroner(value)} kr" if isinstance(value, int) else str(value)


def standing(connection: Connection, case_no: str) -> tuple[tuple[int, str], ...]:
    """The cases that have a number: id, and company/client; several clients may use the same numbers."""
    rows = connection.execute(
        text("SELECT id, company || '/' || client FROM kk2_case WHERE case_no = :no ORDER BY id"),
        {"no": case_no},
    )
    return tuple((row[0], row[1]) for row in rows)
