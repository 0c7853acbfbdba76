"""The door to PostgreSQL: one engine a process, and which of its errors are the world's and not ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from workers.crash import crash_point

_STATEMENT_TIMEOUT = "300s"  # longer than any batch, shorter than the broker's visibility time-out
_LOCK_TIMEOUT = "60s"

_KEPT_ALIVE = {
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
"""A server that is gone without a word is noticed within half a minute, and not in the system's two hours."""


@lru_cache(maxsize=4)
def engine_for(url: str) -> Engine:
    """Give the process's engine for an address. Connections are made when first used, so a fork shares none."""
    engine = create_engine(
        url,
        pool_size=4,
        max_overflow=4,
        pool_timeout=15,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "application_name": "kk2", **_KEPT_ALIVE},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: object, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute(
            f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'; SET lock_timeout = '{_LOCK_TIMEOUT}'; "
            "SET idle_in_transaction_session_timeout = '300s'; SET TIME ZONE 'Europe/Oslo'; "
            # a generic plan made while a table was small would scan it for ever after, as it grows by the batch
            "SET plan_cache_mode = force_custom_plan; "
            # what is asked for lies in memory or on a disk without a head; two workers are the parallel ones here
            "SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0; SET jit = off"
        )
        cursor.close()
        connection.commit()  # type: ignore[attr-defined]

    return engine


@contextmanager
def transaction(engine: Engine, what: str) -> Iterator[Connection]:
    """A transaction that commits at the end of the block; a crash point stands before the commit, and one after it.

    All that workers commit goes through here; what only reads connects, and commits nothing.
    """
    with engine.begin() as connection:
        yield connection
        crash_point(f"{what}.before_commit")
    crash_point(f"{what}.after_commit")


_WORLD = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes that are the world's: connection, rollback, resources, lock, operator, system."""


def is_trouble(error: BaseException) -> bool:
    """Say whether a database error is the world's (to be tried again) and not a fault of ours."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_WORLD) or _was_second(error.orig)
    return error.connection_invalidated or isinstance(error, OperationalError)


def _was_second(error: BaseException | None) -> bool:
    """Two parts took one split at the same moment, and the unique index let one: the other looks again, and leaves it."""
    diagnosis = getattr(error, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == "uq_voucher_split_split_id"
