"""`kk2 client apply FILE.toml`: a setup as a person writes it becomes dated rows; every fault is said at once.

The file holds tables [[installation]], [[company]] with [company.accounts], [[account]], [[client]] and [[sub_ledger]].
Each row has its own `valid_from`, or the file has one for all. Applying the same file again adds nothing; a change is
applied with a new `valid_from`, or with the same one as that day's next version. `ops/demo/municipality.toml` shows all.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from ops import setup_fields as read
from ops.repairs.acts import Done, Person, leave
from ops.repairs.people import named
from ops.setup_fields import Fault, Field, read_fields
from ops.setup_tables import FIELDS, NOUNS
from schemas.setup import BankAccount, Client, Company, Installation, Setup, SubLedger
from schemas.wording import counted
from workers.journal import Ring
from workers.store import setup as store
from workers.store.setup import Noun


class BadSetupFileError(ValueError):
    """The file can't be applied; nothing of it was. `faults` are all that was found, in the order of the file."""

    def __init__(self, name: str, faults: tuple[Fault, ...]) -> None:
        """Keep the faults; the message has one line for each."""
        super().__init__("\n".join(f"{name}: {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, or with a dry run would do: how many rows are new, and how many say what stands already."""

    added: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Dated:
    """One table of the file: where it stands, from when it holds, and what it says."""

    place: str
    valid_from: date
    value: Noun


_DAY = Field(read.day)
CANT_TELL = "a folder of files takes vouchers, and tells nothing but that they were read"
ONE_PAYMENT = (
    "in a file of vouchers the customer and invoice stand on the voucher, so each payment has its own"
)


def apply(engine: Engine, path: Path, *, actor: str, dry_run: bool) -> Applied:
    """Apply a file. Raises `BadSetupFileError`, and OSError for a file that can't be read."""
    try:
        written = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise BadSetupFileError(str(path), (Fault("file", "-", "UTF-8", "other bytes"),)) from None
    return apply_text(engine, written, name=str(path), actor=actor, dry_run=dry_run)


def apply_text(engine: Engine, written: str, *, name: str, actor: str, dry_run: bool) -> Applied:
    """Apply a file's text, all or nothing; `name` is how its faults call it. Raises `BadSetupFileError`."""
    with engine.connect() as connection:
        applied, _ = _applied(connection, written, name, named(connection, actor, "applied from a file"))
        if not dry_run:
            connection.commit()
    return applied


def apply_rows(connection: Connection, written: str, *, name: str, person: Person, dry_run: bool) -> Done:
    """Apply rows inside the caller's transaction, which takes all of them or none. Raises `BadSetupFileError`."""
    with connection.begin_nested() as kept:
        applied, rings = _applied(connection, written, name, person)
        if dry_run:
            kept.rollback()
    said = f"{counted(applied.added, 'row')} added, {applied.unchanged} there already"
    return Done((), f"dry run, nothing is changed: {said}") if dry_run else Done(rings, said)


def _applied(
    connection: Connection, written: str, name: str, person: Person
) -> tuple[Applied, tuple[Ring, ...]]:
    rows, faults = parse(written)
    setup = store.load(connection)
    faults += _strangers(rows, setup) + _misfits(rows, setup)
    if faults:
        raise BadSetupFileError(name, tuple(faults))
    added = [row for row in rows if _add(connection, row, person.actor)]
    rings: tuple[Ring, ...] = ()
    if added:
        rings = leave(connection, person, "client apply", Path(name).name, {"rows": len(added)}, [])
    return Applied(len(added), len(rows) - len(added)), rings


def parse(written: str) -> tuple[list[Dated], list[Fault]]:
    """Read the text of a file to its rows and its faults; what the rows say of each other is looked at by `apply`."""
    faults: list[Fault] = []
    try:
        tables = tomllib.loads(written, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        return [], [Fault("file", "-", "TOML", str(error))]
    day = tables.pop("valid_from", None)
    rows: list[Dated] = []
    for kind, found in tables.items():
        if kind not in FIELDS or not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
            expected = "valid_from, or tables " + ", ".join(f"[[{known}]]" for known in FIELDS)
            faults.append(Fault("file", kind, expected, "something else"))
            continue
        for number, table in enumerate(found, 1):
            row = _row(kind, number, {"valid_from": day, **table} if day else table, faults)
            rows += [row] if row else []
    return rows, faults + _twice(rows)


def show(connection: Connection, day: date) -> list[tuple[str, str, date, int, Noun]]:
    """What is valid on a day, or first becomes valid after it: kind, key, valid from, version, value."""
    setup = store.load(connection)
    shown_rows = []
    keyed: tuple[Mapping[Any, Any], ...] = (
        setup.installations, setup.companies, setup.accounts, setup.clients, setup.sub_ledgers,
    )  # fmt: skip
    for dated in (each for kind in keyed for each in kind.values()):
        valid = dated.on_or_after(day)
        shown_rows.append((*store.key_of(valid.value), valid.valid_from, valid.version, valid.value))
    return shown_rows


def _row(kind: str, number: int, table: Mapping[str, object], faults: list[Fault]) -> Dated | None:
    key = next((str(table[name]) for name in ("code", "number", "sub_ledger_type") if name in table), "?")
    place, before = f"[[{kind}]] {number} ({key})", len(faults)
    found = read_fields({**FIELDS[kind], "valid_from": _DAY}, table, place, faults)
    if len(faults) > before:
        return None
    return Dated(place, found.pop("valid_from"), NOUNS[kind](**found))


def _twice(rows: list[Dated]) -> list[Fault]:
    """Two tables of one key and one day: which of them would be meant?"""
    faults: list[Fault] = []
    seen: dict[tuple[str, str, date], str] = {}
    for row in rows:
        key = (*store.key_of(row.value), row.valid_from)
        if key in seen:
            faults.append(
                Fault(row.place, "valid_from", f"another day than {seen[key]} has", str(row.valid_from))
            )
        seen.setdefault(key, row.place)
    return faults


def _strangers(rows: list[Dated], setup: Setup) -> list[Fault]:
    """Tables that name an installation, company, account or client that neither the file nor the store has on that day."""
    first: dict[tuple[str, str], date] = {}
    for key, day in _standing(setup) + [(store.key_of(row.value), row.valid_from) for row in rows]:
        first[key] = min(day, first.get(key, day))
    faults = []
    for row in rows:
        for field, kind, what in _named(row.value):
            begins = first.get((kind, what))
            if begins is None or begins > row.valid_from:
                found = f"one from {begins}" if begins else "none"
                faults.append(Fault(row.place, field, f"{kind} {what} by {row.valid_from}", found))
    return faults


def _standing(setup: Setup) -> list[tuple[tuple[str, str], date]]:
    """The keys that the store has, and the day from which it has them."""
    kinds: tuple[Mapping[Any, Any], ...] = (
        setup.installations, setup.companies, setup.accounts, setup.clients,
    )  # fmt: skip
    return [
        (store.key_of(dated.rows[-1].value), dated.rows[-1].valid_from)
        for kind in kinds
        for dated in kind.values()
    ]


def _named(value: Noun) -> list[tuple[str, str, str]]:
    """Which other tables a table names: key, kind, key of the other."""
    match value:
        case Company(installation=code):
            return [("installation", "installation", code)]
        case Client(company=company, case_account=account) if account:
            return [("company", "company", company), ("case_account", "account", account)]
        case BankAccount(company=company) | Client(company=company):
            return [("company", "company", company)]
        case SubLedger(company=company, client=client):
            return [("client", "client", f"{company}/{client}")]
        case Installation():
            return []


def _misfits(rows: list[Dated], setup: Setup) -> list[Fault]:
    """What an installation that takes files can't do, and its companies must not want."""
    standing = [each.latest().value for each in setup.installations.values()]
    installations = {each.code: each for each in standing}
    of_file = {row.value.code: row for row in rows if isinstance(row.value, Installation)}
    installations |= {code: row.value for code, row in of_file.items() if isinstance(row.value, Installation)}
    faults = [
        Fault(row.place, name, f"false: {CANT_TELL}", "true")
        for row in of_file.values()
        if isinstance(row.value, Installation) and row.value.by_file
        for name in ("lists", "imports", "transacts", "balances")
        if getattr(row.value, name)
    ]
    companies = {each.latest().value.code: (each.latest().value, "") for each in setup.companies.values()}
    companies |= {row.value.code: (row.value, row.place) for row in rows if isinstance(row.value, Company)}
    for company, place in companies.values():
        installation = installations.get(company.installation)
        where = place or (of_file[company.installation].place if company.installation in of_file else "")
        if where and installation and not fits(company, installation):
            found = f"{company.payments_per_voucher} of company {company.code}"
            faults.append(Fault(where, "payments_per_voucher", f"1: {ONE_PAYMENT}", found))
    return faults


def fits(company: Company, installation: Installation) -> bool:
    """Whether the company's vouchers can be put into files, if it is by files that they go."""
    return not installation.by_file or company.payments_per_voucher == 1


def _add(connection: Connection, row: Dated, actor: str) -> bool:
    kind, key = store.key_of(row.value)
    return store.add_row(connection, kind, key, row.valid_from, row.value, actor) is not None
