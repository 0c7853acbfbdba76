"""Bring a database to this version's shape: `kk2 migrate`."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from ops.migrations.granting import RoleError, differing, grant
from workers.store.epoch import IDENTITY
from workers.store.tables import metadata

__all__ = ["RoleError", "configuration", "current", "differences", "differing", "migrate", "newest"]

_ONE_AT_A_TIME = 7_203_001  # advisory lock: two starting machines migrate one after the other


def configuration() -> Config:
    """Give Alembic's configuration without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    return made


def migrate(engine: Engine, processes: str = "") -> str:
    """Upgrade to the newest revision and begin the first epoch; gives the revision. Safe to call again, by anyone.

    `engine`: as who owns the tables. `processes`: the address that the product's processes have; its role gets its rights.
    Raises `RoleError`.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        # beside running processes: rather try again than let them all queue behind a lock that we wait for
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        configured = configuration()
        configured.attributes["connection"] = connection
        command.upgrade(configured, "head")
        connection.execute(
            text(
                f"INSERT INTO epoch (number, database) SELECT 1, {IDENTITY} WHERE NOT EXISTS (SELECT FROM epoch)"
            )
        )
        if processes:
            grant(connection, processes)
        return current(connection) or ""


def current(connection: Connection) -> str | None:
    """Give the database's revision; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Give the revision that this version of the program wants."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def differences(connection: Connection) -> list[object]:
    """Compare the database with the tables of the code; empty when they agree (a test holds them together)."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))
