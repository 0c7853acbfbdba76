"""`kk2 case apply FILE`: cases, their claims and what KK2 changed in them, from CSV or JSON, all or nothing.

A file is a row of records; the key `record` says which kind each is, and `ops.case_rows.RECORDS` its other keys:

    {"record": "case", "company": "100", "client": "KOM", "case_no": "0221-00000038", "account": "97100110427",
     "kid": "70000000384", "kids": ["4100000000386"], "sub_ledger_type": "10", "customer_no": "10038",
     "debtor": "Kari Nordmann", "opened_on": "2026-03-02"}
    {"record": "item", "company": "100", "client": "KOM", "case_no": "0221-00000038", "id": "F38", "kind": "principal",
     "amount": "1234.50", "due_on": "2026-01-15", "invoice_no": "38"}

then waiver (id, item, kind, amount, day, reason), withdrawn_item and withdrawn_waiver (id), recalled, merge (into),
unmerge. JSON is one object a line, or one array; CSV has the keys in its first line, a comma or semicolon between cells,
and KIDs with blanks between them. `id` is KK2's own (none begins with
`desk:`, as those of a person's corrections do; a file may withdraw or waive these): the same record again changes nothing. What stands is not edited: an
item with another amount is a withdrawn item and a new one. The items of a merged case follow by records of their own.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, Engine

from ops.case_rows import RECORDS, BadFileError, Checker, Record
from ops.repairs.acts import leave
from ops.repairs.case_records import what_happened
from ops.repairs.people import named
from schemas.wording import counted
from workers.journal import Ring
from workers.store import cases as store
from workers.store import setup
from workers.store.cases import Staged, Taken

_MOST_FAULTS = 100

Read: TypeAlias = tuple[int, Record | str]
"""A line's number, and its record, or the sentence that says why it is none."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, or with a dry run would do: records read, cases opened, changed in what they owe, renamed.

    `rings`: the work that it made; tell the broker, or leave it to the relay.
    """

    records: int
    opened: int
    changed: int
    renamed: int
    rings: tuple[Ring, ...]


def apply(engine: Engine, path: Path, *, actor: str, dry_run: bool) -> Applied:
    """Apply a file. Raises `BadFileError`, and OSError for a file that can't be read."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return apply_records(
            engine, read(file, path.suffix.lower()), name=str(path), actor=actor, dry_run=dry_run
        )


def apply_records(
    engine: Engine, records: Iterable[Read], *, name: str, actor: str, dry_run: bool
) -> Applied:
    """Apply records that carry their line numbers, in one transaction. Raises `BadFileError`."""
    with engine.connect() as connection:
        checker = Checker(setup.current(connection), _MOST_FAULTS)
        number = store.stage(connection, _checked(records, checker))
        faults = checker.faults + store.faults(connection, _MOST_FAULTS)
        if faults:
            first = sorted(faults, key=lambda fault: fault.line)[:_MOST_FAULTS]
            raise BadFileError(name, tuple(first), checker.faulty + len(faults) - len(checker.faults))
        taken = store.take(connection, number)
        rings = _record(connection, taken, name, actor)
        if not dry_run:
            connection.commit()
    done = () if dry_run else rings
    return Applied(number, len(taken.opened), len(taken.changed), taken.renamed, done)


def read(lines: Iterable[str], suffix: str) -> Iterator[Read]:
    """Read a file's records as they come: CSV for the suffix .csv, else JSON, lines or one array."""
    if suffix == ".csv":
        return _read_csv(iter(lines))
    return _read_json(iter(lines))


def _checked(records: Iterable[Read], checker: Checker) -> Iterator[Staged]:
    try:
        for line, record in records:
            if isinstance(record, str):
                checker.fault(line, "record", "JSON or CSV", record)
                continue
            staged = checker.check(line, record)
            if staged is not None:
                yield staged
    except UnicodeDecodeError:
        checker.fault(0, "file", "text in UTF-8", "other bytes")
    except csv.Error as error:
        checker.fault(0, "file", "CSV", str(error))


def _record(connection: Connection, taken: Taken, name: str, actor: str) -> tuple[Ring, ...]:
    happened = what_happened(connection, taken)
    if not happened and not taken.renamed:
        return ()
    detail = {"opened": len(taken.opened), "changed": len(taken.changed), "renamed": taken.renamed}
    person = named(connection, actor, "applied from a file")
    return leave(connection, person, "case apply", Path(name).name, detail, happened)


def _read_csv(lines: Iterator[str]) -> Iterator[Read]:
    first = next(lines, "")
    delimiter = ";" if ";" in first else ","
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    known = {"record"}.union(*RECORDS.values())
    strange = [cell for cell in header if cell not in known]
    if strange or "record" not in header or len(set(header)) < len(header):
        expected = "each once, of " + ", ".join(sorted(known))
        yield 1, f"a first line with the keys {expected}; found {', '.join(header) or 'nothing'}"
        return
    reader = csv.reader(lines, delimiter=delimiter)
    for row in reader:
        line = reader.line_num + 1
        if len(row) > len(header):
            yield line, f"{counted(len(row), 'cell')} under {counted(len(header), 'key')}"
        elif row:
            yield line, {key: cell for key, cell in zip(header, row, strict=False) if cell}


def _read_json(lines: Iterator[str]) -> Iterator[Read]:
    for number, line in enumerate(lines, 1):
        if number == 1 and line.lstrip().startswith("["):
            yield from _read_array(line + "".join(lines))
            return
        if line.strip():
            yield number, _object(line)


def _object(line: str) -> Record | str:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        return str(error)
    return found if isinstance(found, dict) else f"{line[:40]!r}, which is no object"


def _read_array(text: str) -> Iterator[Read]:
    """Read one array, object by object, so that each has its line."""
    decoder, place, line, counted = json.JSONDecoder(), text.index("[") + 1, 1, 0
    while True:
        while place < len(text) and text[place] in " \t\r\n,":
            place += 1
        line += text.count("\n", counted, place)
        counted = place
        if text[place : place + 1] == "]":
            return
        found = None
        with suppress(json.JSONDecodeError):
            found, place = decoder.raw_decode(text, place)
        if not isinstance(found, dict):
            yield line, f"{text[place : place + 40]!r}, which is no object"
            return
        yield line, found
