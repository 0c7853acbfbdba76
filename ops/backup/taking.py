"""Take a back-up while the site runs: the rows of one moment, then the originals that those rows name."""

import gzip
import os
from importlib.metadata import version
from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection, Engine, Table, text

from ops import migrations
from ops.backup.manifest import (
    MANIFEST,
    SUMS,
    TABLES,
    BackupError,
    Manifest,
    digest,
    end_of_audit,
    files_of,
    money,
    of_key,
    of_table,
)
from workers.archive import ArchiveError, keep, open_original
from workers.archive.originals import sync_folder
from workers.store.bulk import driver


def take(engine: Engine, archive: Path, folder: Path, *, key: bytes) -> Manifest:
    """Write a back-up into `folder`, which must be new or empty; gives what it holds, safe on the disk.

    An original that is not in the archive, or not what its name says, is left out and named. Raises `BackupError`,
    OSError and what the database raises; then the folder has no SHA256SUMS and is no back-up.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty: give a new folder for each back-up")
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        found = migrations.current(connection)
        if found != migrations.newest():
            raise BackupError(
                f"the database is at {found or 'nothing'}, this version wants {migrations.newest()}: run kk2 migrate"
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "tables").mkdir(mode=0o700)
        rows = {table.name: _rows(connection, table, of_table(folder, table.name)) for table in TABLES}
        names = [
            str(row[0])
            for row in connection.execute(
                text("SELECT sha256 FROM bank_file WHERE forgotten_at IS NULL ORDER BY id")
            )
        ]
        kept = {sha256: _original(archive, folder / "originals", sha256) for sha256 in names}
        acts, audit = end_of_audit(connection)
        manifest = Manifest(
            made_at=connection.execute(text("SELECT now()")).scalar_one().isoformat(),
            version=version("kk2-visma"),
            migration=found or "",
            epoch=connection.execute(text("SELECT max(number) FROM epoch")).scalar_one(),
            acts=acts,
            audit=audit,
            rows=rows,
            sequences=_sequences(connection),
            money=money(connection),
            originals=tuple(sha256 for sha256, whole in kept.items() if whole),
            lacks=tuple(sha256 for sha256, whole in kept.items() if not whole),
            key=of_key(key),
        )
    _write(folder / MANIFEST, manifest.as_text())
    sums = [f"{digest(file)}  {file.relative_to(folder).as_posix()}\n" for file in files_of(folder, manifest)]
    _write(folder / SUMS, "".join(sums))
    return manifest


def columns(table: Table) -> sql.Composed:
    """A table with its columns by name, as COPY wants them."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    return sql.SQL("{} ({})").format(sql.Identifier(table.name), names)


def _rows(connection: Connection, table: Table, file: Path) -> int:
    question = sql.SQL("COPY {} TO STDOUT").format(columns(table))
    with (
        file.open("xb") as under,
        gzip.GzipFile("", "wb", compresslevel=3, fileobj=under, mtime=0) as packed,
        driver(connection).cursor() as cursor,
    ):
        with cursor.copy(question) as stream:
            for block in stream:
                packed.write(block)
        packed.close()
        under.flush()
        os.fsync(under.fileno())
        return cursor.rowcount


def _original(archive: Path, folder: Path, sha256: str) -> bool:
    try:
        with open_original(archive, sha256) as stream:
            return keep(folder, stream).sha256 == sha256
    except ArchiveError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise


def _sequences(connection: Connection) -> dict[str, int]:
    """Where each count stands; read after the rows, so it is at their end or further."""
    found = connection.execute(
        text(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() "
            "AND last_value IS NOT NULL ORDER BY 1"
        )
    )
    return {row[0]: row[1] for row in found}


def _write(file: Path, written: str) -> None:
    new = file.with_name(file.name + ".new")
    with new.open("x", encoding="utf-8") as stream:
        stream.write(written)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
    sync_folder(file.parent)
