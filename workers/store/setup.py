"""The setup as the store keeps it: dated rows that are only added, read whole, and remembered until one is added."""

import json
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from itertools import groupby
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from sqlalchemy import Connection, text

from schemas.setup import BankAccount, Client, Company, Dated, Installation, Row, Setup, SubLedger

Noun: TypeAlias = Installation | Company | BankAccount | Client | SubLedger
"""What a row of the setup says."""

_KEYS: dict[type[Noun], tuple[str, Callable[[Any], str]]] = {
    Installation: ("installation", lambda i: i.code),
    Company: ("company", lambda c: c.code),
    BankAccount: ("account", lambda a: a.number),
    Client: ("client", lambda c: f"{c.company}/{c.code}"),
    SubLedger: ("sub_ledger", lambda s: f"{s.company}/{s.client}/{s.sub_ledger_type}"),
}
_NOUNS: dict[str, type[Noun]] = {kind: noun for noun, (kind, _) in _KEYS.items()}
_ONE_AT_A_TIME = 7_203_012  # advisory lock: two who apply a setup take turns, so that versions don't clash


class UnreadableSetupError(ValueError):
    """A row of the setup says something that this version of the program does not know: the sentence names row and key."""


@dataclass(slots=True)
class _Remembered:
    """The setup last read, and of which database in which state."""

    state: tuple[str, int, int] | None = None
    setup: Setup | None = None


_REMEMBERED = _Remembered()


def key_of(value: Noun) -> tuple[str, str]:
    """Give the kind and the key of a noun, as its rows have them: ("client", "100/KOM")."""
    kind, key = _KEYS[type(value)]
    return kind, key(value)


def current(connection: Connection) -> Setup:
    """Give the whole setup; it is read again only when a row was added since. One cheap query.

    Number and newest id together tell: of two rows added at once, the one with the lower id may be seen later.
    """
    number, newest = connection.execute(text("SELECT count(*), coalesce(max(id), 0) FROM setup_row")).one()
    state = (str(connection.engine.url), number, newest)
    if _REMEMBERED.setup is None or _REMEMBERED.state != state:
        _REMEMBERED.setup, _REMEMBERED.state = load(connection), state
    return _REMEMBERED.setup


def load(connection: Connection) -> Setup:
    """Read the whole setup. Raises `UnreadableSetupError`."""
    found: dict[str, dict[str, Dated[Any]]] = {kind: {} for kind in _NOUNS}
    rows = connection.execute(
        text(
            "SELECT kind, key, id, valid_from, version, CAST(body AS text) FROM setup_row ORDER BY kind, key"
        )
    )
    for (kind, key), same in groupby(rows, key=lambda row: (row[0], row[1])):
        found[kind][key] = Dated.of(
            Row(row_id, valid_from, version, _restore(kind, key, row_id, body))
            for _, _, row_id, valid_from, version, body in same
        )
    return Setup(
        installations=found["installation"],
        companies=found["company"],
        accounts=found["account"],
        clients={(d.latest().value.company, d.latest().value.code): d for d in found["client"].values()},
        sub_ledgers={
            (d.latest().value.company, d.latest().value.client, d.latest().value.sub_ledger_type): d
            for d in found["sub_ledger"].values()
        },
    )


def body_of(value: Noun) -> str:
    """Give the JSON that a row keeps: the noun's own fields, days as 2026-01-31, money in øre."""
    return json.dumps(asdict(value), default=date.isoformat)


def add_row(
    connection: Connection, kind: str, key: str, valid_from: date, value: Noun, actor: str
) -> int | None:
    """Add a row valid from a day, as that day's next version; gives its id, None when the day's newest says the same.

    Raises ValueError when `kind` and `key` are not those of `value`.
    """
    if (kind, key) != key_of(value):
        raise ValueError(f"{kind} {key} is not the key of {key_of(value)}")
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    body = body_of(value)
    row: int | None = connection.execute(
        text(
            "WITH newest AS (SELECT version, body FROM setup_row "
            "WHERE kind = :kind AND key = :key AND valid_from = :day ORDER BY version DESC LIMIT 1) "
            "INSERT INTO setup_row (kind, key, valid_from, version, body, made_by) "
            "SELECT :kind, :key, :day, coalesce((SELECT version FROM newest), 0) + 1, CAST(:body AS jsonb), :actor "
            "WHERE NOT EXISTS (SELECT FROM newest WHERE body = CAST(:body AS jsonb)) RETURNING id"
        ),
        {"kind": kind, "key": key, "day": valid_from, "body": body, "actor": actor},
    ).scalar_one_or_none()
    return row


def _restore(kind: str, key: str, row_id: int, body: str) -> Noun:
    try:
        made: Noun = _made(_NOUNS[kind], json.loads(body))
    except _NotReadableError as fault:
        raise UnreadableSetupError(f"setup row {row_id} ({kind} {key}): {fault}") from None
    return made


class _NotReadableError(ValueError):
    """A value of a row is of another kind than the noun's field."""


def _made(wanted: Any, found: Any) -> Any:
    """Make a value of the type `wanted` of what JSON holds; nothing is converted that was not written so."""
    if isinstance(wanted, type) and is_dataclass(wanted):
        return _made_noun(wanted, found)
    if get_origin(wanted) is tuple and isinstance(found, list):
        return tuple(_made(get_args(wanted)[0], each) for each in found)
    if get_origin(wanted) is UnionType:
        return None if found is None else _made(get_args(wanted)[0], found)
    try:
        if wanted is date and isinstance(found, str):
            return date.fromisoformat(found)
        if isinstance(wanted, type) and issubclass(wanted, Enum):
            return wanted(found)
    except ValueError as fault:
        raise _NotReadableError(str(fault)) from None
    if wanted is float and type(found) is int:
        return float(found)
    if type(found) is not wanted:
        raise _NotReadableError(f"expected {getattr(wanted, '__name__', wanted)}, found {found!r}")
    return found


def _made_noun(wanted: type, found: Any) -> Any:
    if not isinstance(found, dict):
        raise _NotReadableError(f"expected the fields of {wanted.__name__}, found {found!r}")
    hints = get_type_hints(wanted)
    wrong = [f"the key {key} is not known" for key in found.keys() - hints.keys()]
    later = {field.name for field in fields(wanted) if field.default is not MISSING}
    wrong += [f"the key {key} is missing" for key in hints.keys() - found.keys() - later]
    if wrong:
        raise _NotReadableError("; ".join(sorted(wrong)))
    values = {}
    for key, hint in hints.items():
        if key not in found:
            continue  # a key that came after this row was written: its default says what held before
        try:
            values[key] = _made(hint, found[key])
        except _NotReadableError as fault:
            raise _NotReadableError(f"{key}: {fault}") from None
    try:
        return wanted(**values)
    except ValueError as fault:
        raise _NotReadableError(str(fault)) from None
