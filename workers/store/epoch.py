"""Which life of the database this is. A restore begins a new one and stops delivery, until a person has looked.

Vouchers that were delivered after the back-up are in Visma and not in the restored database: sending their money again
would double it. So the number of the life stands in every reference, and a copy of it beside the archive, which a
restore of the database does not turn back.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from workers.crash import outside
from workers.log import logger
from workers.store.engine import transaction

_LOG = logger(__name__)
_ONE_AT_A_TIME = 7_203_014
_COPY = "epoch"
IDENTITY = (
    "(SELECT system_identifier::text FROM pg_control_system()) || '/' || "
    "(SELECT timeline_id::text FROM pg_control_checkpoint()) || '/' || "
    "(SELECT oid::text FROM pg_database WHERE datname = current_database())"
)
"""SQL for what tells one life from another: the cluster, its timeline (a promoted replica has a new one), the database."""


RESTORED_BY = "kk2"
RESTORED = (
    "the database was restored or moved: what was delivered after the back-up must be accounted for first "
    "(kk2 visma recover)"
)
"""Who has stopped delivery after a restore, and why."""


def look(engine: Engine, archive: Path) -> int:
    """Compare the database with what is known of it, at start; gives the present life's number.

    Another cluster, timeline or database than the newest row says, or a copy beside the archive that is ahead of it,
    is a restore: a new life begins and delivery is stopped for all until `kk2 visma recover` has accounted for it.
    Raises OSError when the copy can't be read or written: then nothing should be sent.
    """
    with transaction(engine, "epoch") as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        here = connection.execute(text(f"SELECT {IDENTITY}")).scalar_one()
        row = connection.execute(
            text("SELECT number, database FROM epoch ORDER BY number DESC LIMIT 1")
        ).one()
        known = _copied(archive) or row.number
        number: int = row.number
        if row.database != here or known > row.number:
            number = _begin(connection, max(row.number, known) + 1)
            _LOG.error("the database was restored or moved; delivery is stopped", epoch=number)
    keep(archive, number)
    return number


def begin(connection: Connection, archive: Path) -> int:
    """Begin a new life with delivery stopped, because a back-up was restored; gives its number, `keep` comes after the commit."""
    row = connection.execute(text("SELECT max(number) FROM epoch")).scalar_one()
    return _begin(connection, max(row, _copied(archive) or row) + 1)


def rise(connection: Connection, above: int) -> int | None:
    """Count the present life above one that Visma knows and this database does not; gives its new number, None if it is.

    One back-up that is restored twice would begin two lives with one number.
    """
    return connection.execute(
        text(
            f"INSERT INTO epoch (number, database) SELECT :above + 1, {IDENTITY} "
            "WHERE :above >= (SELECT max(number) FROM epoch) RETURNING number"
        ),
        {"above": above},
    ).scalar()


def _begin(connection: Connection, number: int) -> int:
    connection.execute(
        text(f"INSERT INTO epoch (number, database) SELECT :number, {IDENTITY}"), {"number": number}
    )
    values = {"by": RESTORED_BY, "reason": RESTORED}
    # what a person had stopped for good stays so, company by company: this stop ends when Visma is accounted for
    connection.execute(
        text(
            "INSERT INTO brake (scope, actor, reason, since) SELECT DISTINCT s.key, b.actor, b.reason, b.since "
            "FROM brake b JOIN setup_row s ON s.kind = 'company' WHERE b.scope = '*' AND b.until IS NULL "
            "AND (b.actor, b.reason) <> (:by, :reason) ON CONFLICT (scope) DO UPDATE SET until = NULL"
        ),
        values,
    )
    connection.execute(
        text(
            "INSERT INTO brake (scope, actor, reason) VALUES ('*', :by, :reason) ON CONFLICT (scope) "
            "DO UPDATE SET actor = excluded.actor, reason = excluded.reason, since = now(), until = NULL"
        ),
        values,
    )
    return number


def restored(connection: Connection) -> bool:
    """Whether a restore has stopped delivery, and nobody has started it since."""
    found = connection.execute(
        text("SELECT EXISTS (SELECT FROM brake WHERE scope = '*' AND actor = :by AND reason = :reason)"),
        {"by": RESTORED_BY, "reason": RESTORED},
    )
    return bool(found.scalar_one())


def keep(archive: Path, number: int) -> None:
    """Keep a copy of the life's number beside the archive, whole or not at all."""
    copy = archive / _COPY
    if _copied(archive) == number:
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    made = copy.with_suffix(".new")
    made.write_text(str(number), "ascii")
    with outside("archive.epoch"):
        made.replace(copy)


def _copied(archive: Path) -> int | None:
    copy = archive / _COPY
    return int(copy.read_text("ascii")) if copy.exists() else None
