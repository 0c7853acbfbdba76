"""The drill of a restore: into a database beside the site's, which goes on; the copy only looks at Visma, and sends nothing."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from ops import backup, recovery
from ops.drill.bank import NotPlayedError
from ops.drill.ground import OF_FILE, Ground
from ops.drill.proving import Check
from ops.embedded import Postgres
from workers.archive import fingerprint_key
from workers.settings import Settings
from workers.store import epoch


def restore(ground: Ground) -> list[Check]:
    """Back up, let a file be posted, restore, and ask the copy what it makes of the vouchers that came after."""
    key = fingerprint_key(ground.site)
    with _beside(ground.site) as copy, tempfile.TemporaryDirectory(dir=ground.site.folder) as folder:
        place = Path(folder)
        taken = backup.take(ground.engine, ground.site.archive_folder, place / "backup", key=key)
        ground.say(f"backed up: {sum(taken.rows.values())} rows, {len(taken.originals)} originals")
        brought = ground.bring()
        ground.until(lambda: ground.is_quiet(brought), "the file that came after the back-up is posted")
        later = ground.one(f"SELECT count(*) FROM voucher WHERE id IN ({OF_FILE})", sha=brought.sha256)[0]
        done = backup.restore(copy, place / "archive", place / "backup", key=key, person=ground.person)
        ground.say(f"restored into a database beside, as epoch {done.epoch}")
        with copy.connect() as connection:
            is_stopped = epoch.restored(connection)
            connection.rollback()
            found, _ = recovery.recover(connection, ground.accounting, ground.person, dry_run=True)
        return [
            Check("the back-up has every original", not taken.lacks, f"{len(taken.lacks)} missing"),
            Check("the copy sends nothing until a person has looked", is_stopped, f"epoch {done.epoch}"),
            Check(
                "kk2 visma recover would name each voucher that came after the back-up",
                len(found.open) == later and not found.unknown,
                f"{len(found.open)} of {later}; unknown {len(found.unknown)}",
            ),
        ]


def _owner(site: Settings) -> str:
    """The address of who owns the tables: as the site says it, or of the server that `kk2 up` has in the site's folder."""
    if site.owner_url is None and (site.folder / Postgres.name / "data").is_dir():
        return Postgres(site.folder, durable=True, machine=True).url
    return (site.owner_url or site.database_url).get_secret_value()


@contextmanager
def _beside(site: Settings) -> Iterator[Engine]:
    """A new database on the same server, of the role that owns the site's tables, which goes in the end."""
    name = f"kk2_drill_{secrets.token_hex(4)}"
    engine = create_engine(_owner(site))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        except ProgrammingError:
            raise NotPlayedError(
                "the database's user may not make a database beside the site's: give the owner (KK2_OWNER_URL) CREATEDB, "
                "or rehearse as the handbook's page of back-ups says"
            ) from None
        copy = create_engine(engine.url.set(database=name))
        try:
            yield copy
        finally:
            copy.dispose()
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
