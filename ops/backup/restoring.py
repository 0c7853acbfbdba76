"""Make a site of a back-up: all rows in one transaction, proven by the manifest, and a new life that sends nothing yet."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection, Engine, Table, text

from ops import migrations
from ops.backup.manifest import (
    TABLES,
    BackupError,
    Manifest,
    check,
    end_of_audit,
    money,
    of_key,
    of_table,
)
from ops.backup.taking import columns
from ops.repairs.acts import Person, leave
from workers import audit
from workers.archive import keep, path_of
from workers.store import epoch
from workers.store.bulk import driver
from workers.store.tables import metadata

_BLOCK = 1024 * 1024
_OF_THE_CLOCK = {"epoch", "schedule", "schedule_slot", "heartbeat"}
"""What a site has before it has anything."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A site that stands again. `later`: originals in the archive that the back-up does not know, by path.

    `same_key`: whether the fingerprint key is the one of before; None if there is none yet.
    """

    manifest: Manifest
    epoch: int
    later: tuple[str, ...]
    same_key: bool | None


def restore(
    engine: Engine, archive: Path, folder: Path, *, key: bytes | None, person: Person, processes: str = ""
) -> Restored:
    """Restore into an empty database, and into an archive that may have survived; gives what stands now.

    `engine`, `processes`: as for `migrations.migrate`.

    Delivery is stopped until `kk2 visma recover`. Raises `BackupError` before anything is changed, or with all taken
    back; `ArchiveError` and what the database raises.
    """
    manifest = check(folder)
    migrations.migrate(engine, processes)
    engine.dispose()  # our own connections must not be taken for the site's
    with engine.connect() as connection:
        need_empty(connection)
    for sha256 in manifest.originals:
        with path_of(folder / "originals", sha256).open("rb") as original:
            keep(archive, original)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        need_empty(connection)
        _fill(connection, folder, manifest)
        _prove(connection, manifest)
        number = epoch.begin(connection, archive)
        detail = {"made_at": manifest.made_at, "was": manifest.epoch, "is": number}
        leave(connection, person, "recover", "the database", detail, [])
        connection.execute(text("ANALYZE"))
    epoch.keep(archive, number)
    known = {*manifest.originals, *manifest.lacks}
    later = tuple(str(file) for file in sorted(archive.glob("??/??/*")) if file.name not in known)
    return Restored(manifest, number, later, None if key is None else of_key(key) == manifest.key)


def need_empty(connection: Connection) -> None:
    """Refuse a database that has anything, or that somebody works on."""
    others = connection.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'kk2' "
            "AND pid <> pg_backend_pid()"
        )
    ).scalar_one()
    if others:
        raise BackupError(
            f"the site's processes are connected to this database ({others}): stop workers, watch, relay, beat and console first"
        )
    for table in metadata.sorted_tables:
        if table.name not in _OF_THE_CLOCK and connection.execute(table.select().limit(1)).first():
            raise BackupError(
                f"the database is not empty (there are rows in {table.name}): restore into a new one"
            )


def _fill(connection: Connection, folder: Path, manifest: Manifest) -> None:
    """Each row as it was; the triggers, which keep sums and refuse what comes late, have had their say already."""
    connection.execute(text(f"TRUNCATE {', '.join(sorted(_OF_THE_CLOCK))}"))
    for table in TABLES:
        _switch(connection, table, on=False)
        found = _copy(connection, table, of_table(folder, table.name))
        if found != manifest.rows[table.name]:
            raise BackupError(f"{table.name} has {found} rows, the manifest says {manifest.rows[table.name]}")
    for name, last in manifest.sequences.items():
        connection.execute(
            text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last}
        )
    for table in TABLES:
        _switch(connection, table, on=True)


def _switch(connection: Connection, table: Table, *, on: bool) -> None:
    how = sql.SQL("ENABLE" if on else "DISABLE")
    driver(connection).execute(
        sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(table.name), how)
    )


def _copy(connection: Connection, table: Table, file: Path) -> int:
    with gzip.open(file, "rb") as packed, driver(connection).cursor() as cursor:
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(columns(table))) as stream:
            while block := packed.read(_BLOCK):
                stream.write(block)
        return cursor.rowcount


def _prove(connection: Connection, manifest: Manifest) -> None:
    _same("the sums", money(connection), manifest.money)
    _same("the acts of people", end_of_audit(connection), (manifest.acts, manifest.audit))
    broken = audit.verify(connection)
    if broken is not None:
        raise BackupError(
            f"the chain of people's acts is broken at act {broken}: it was so when the back-up was taken"
        )


def _same(what: str, found: object, expected: object) -> None:
    if found != (dict(expected) if isinstance(expected, Mapping) else expected):
        raise BackupError(f"{what} are not those of the manifest: expected {expected}, found {found}")
