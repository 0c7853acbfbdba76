"""The bundle for support: a zip that says how a site is, made so that it can be sent to somebody outside."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ops import migrations
from ops.health import Sign
from ops.health.examining import examine
from ops.queries import heads, schedules, tallies
from ops.support.redacting import Redactor, known
from ops.support.system import system
from schemas.setup import Installation
from workers.accounting import Accounting
from workers.settings import Settings

_EVENTS = 300
_LINKS = 100
_LOG_BYTES = 200_000
"""Of the end of each log."""
_ABOUT = """A bundle for support of kk2-visma, made {made:%Y-%m-%d %H:%M} UTC.

system.json      versions, disks, queues, signs of life, stops of delivery
settings.json    each setting and where it comes from, secrets hidden
doctor.jsonl     what kk2 doctor found
counts.json      how many are in each state
schedules.json   what runs by the clock
migrations.json  the database's shape
journal.jsonl    the last {events} events: their ids alone
audit.jsonl      the last {links} acts with their hashes: not who, not why
logs/            the end of each log of kk2 up, searched for what is of persons

It holds no secret and no personal data that this version knows of. Open it and look before you send it.
Logs of systemd or containers are not in it: journalctl -u 'kk2*', docker compose logs. Nobody has searched those.
"""

Connect = Callable[[Installation, Callable[[str], str]], Accounting]


def make(file: IO[bytes], site: Settings, engine: Engine, connect: Connect) -> tuple[str, ...]:
    """Write the bundle; gives the names of its parts. What can't be looked at is said in its part."""
    signs = [_unnamed(sign) for sign in examine(site, engine, connect)]
    with ZipFile(file, "w", ZIP_DEFLATED) as zipped, engine.connect() as connection:
        redactor = Redactor(known(connection, site))
        zipped.writestr("README.txt", _ABOUT.format(made=datetime.now(UTC), events=_EVENTS, links=_LINKS))
        for name, part in _parts(connection, site, signs).items():
            zipped.writestr(name, _written(connection, part, redactor, by_line=name.endswith("l")))
        for log in sorted((site.folder / "logs").glob("*.log")):
            zipped.writestr(f"logs/{log.name}", "\n".join(redactor.lines(_end(log))))
        return tuple(zipped.namelist())


def _parts(
    connection: Connection, site: Settings, signs: Iterable[Sign]
) -> Mapping[str, Callable[[], object]]:
    found = system(connection, site)
    standing = {name: each for name, each in asdict(found).items() if name != "settings"}
    # A stop's reason is written by a person, who may name another.
    standing["health"]["brakes"] = [
        {"scope": each.scope, "since": each.since, "until": each.until} for each in found.health.brakes
    ]
    del standing["health"]["schedules"]
    return {
        "system.json": lambda: standing,
        "settings.json": lambda: found.settings,
        "doctor.jsonl": lambda: signs,
        "counts.json": lambda: {
            "payment": _numbers(tallies.payments_by_state(connection)),
            "voucher": _numbers(tallies.vouchers_by_state(connection)),
            "other": heads.counts(connection),
        },
        "schedules.json": lambda: [_clock(row) for row in schedules.listed(connection)],
        "migrations.json": lambda: {"at": migrations.current(connection), "newest": migrations.newest()},
        "journal.jsonl": lambda: heads.events(connection, _EVENTS),
        "audit.jsonl": lambda: heads.links(connection, _LINKS),
    }


def _written(connection: Connection, part: Callable[[], object], redactor: Redactor, *, by_line: bool) -> str:
    try:
        with connection.begin_nested():
            found: Any = part()
    except SQLAlchemyError as error:
        found = [{"unknown": type(error).__name__}]
    if by_line:
        return "".join(json.dumps(redactor.value(_plain(each)), ensure_ascii=False) + "\n" for each in found)
    return json.dumps(redactor.value(_plain(found)), ensure_ascii=False, indent=1)


def _plain(value: object) -> object:
    """A value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    match value:
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _unnamed(sign: Sign) -> Sign:
    """A sign without what a person wrote, and without who."""
    if sign.name == "delivery":
        return replace(sign, says="stopped: see system.json")
    return replace(sign, says="see schedules.json") if sign.name.startswith("schedule ") else sign


def _clock(row: schedules.ScheduleRow) -> Mapping[str, object]:
    last = row.last and {"slot": row.last.slot, "result": row.last.result, "seconds": row.last.seconds}
    return {
        "name": row.name, "times": row.times, "last": last, "next": row.next, "late": row.late, "busy": row.busy,
        "paused_until": row.paused_until, "skips": row.skips,
    }  # fmt: skip


def _numbers(found: Mapping[str, tallies.Tally]) -> Mapping[str, int]:
    return {state: each.number for state, each in found.items()}


def _end(log: Path) -> str:
    """The end of a log, from a whole line on; what can't be read is said."""
    try:
        with log.open("rb") as opened:
            size = opened.seek(0, 2)
            opened.seek(max(0, size - _LOG_BYTES))
            read = opened.read().decode("utf-8", errors="replace")
    except OSError as error:
        return f"can't be read: {type(error).__name__}"
    return read if size <= _LOG_BYTES else read.partition("\n")[2]
