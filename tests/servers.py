"""Real servers for the tests: one PostgreSQL and one broker a session (with xdist: a worker), fresh for each test.

PYTEST_DONT_REWRITE: it asserts nothing, and conftest.py imports it both by name and as a plugin.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql
from sqlalchemy import Engine, create_engine

from ops import migrations
from ops.embedded import Broker, Postgres
from ops.embedded.postgres import ROLE

ROOM = 4 << 30  # bytes: two workers' servers take under one
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder for the session's servers, which the user that they run as can reach."""
    folder = Path(tempfile.mkdtemp(prefix="kk2-servers-", dir=_memory()))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[Postgres]:
    """The session's PostgreSQL; a test that kills it starts its own instead."""
    server = Postgres(servers_folder, durable=False, machine=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def broker(servers_folder: Path) -> Iterator[Broker]:
    """The session's broker; a test that kills it starts its own instead."""
    server = Broker(servers_folder, durable=False, machine=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """SQLAlchemy's address of an empty database of this test alone."""
    with new_database(postgres, template="template0") as url:
        yield url


@pytest.fixture
def broker_url(broker: Broker) -> Iterator[str]:
    """Celery's address of a broker that holds nothing."""
    with redis.Redis.from_url(broker.admin_url) as client:
        client.flushall()
        yield broker.url
        client.flushall()


@contextmanager
def database_of_its_own(folder: Path) -> Iterator[Engine]:
    """An engine on a migrated database, for what is run beside the tests; its server stands in `folder` and ends with it."""
    folder.chmod(0o711)
    server = Postgres(folder, durable=False, machine=True)
    server.start()
    try:
        with new_database(server, template="template0") as url:
            engine = create_engine(url)
            migrations.migrate(engine)
            yield engine
            engine.dispose()
    finally:
        server.stop()


def _memory() -> str | None:
    """A folder in memory, where there is room: hundreds of databases are made, of hundreds of files each."""
    folder = "/dev/shm"
    return folder if os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM else None


@contextmanager
def new_database(postgres: Postgres, *, template: str) -> Iterator[str]:
    """The address of a copy of `template` (nobody may be connected to it), dropped afterwards with its clients."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    with postgres.as_admin() as admin:
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(ROLE), sql.Identifier(template)))
    try:
        yield postgres.url_of(name)
    finally:
        with postgres.as_admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def named(url: str) -> str:
    """The name of the database in an address."""
    return url.rsplit("/", 1)[1].split("?", maxsplit=1)[0]


def libpq(url: str) -> str:
    """The address as psycopg itself reads it, without SQLAlchemy's name of the driver."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    """The rows of one query, in a connection of its own."""
    with psycopg.connect(libpq(url), connect_timeout=10) as connection:
        return connection.execute(query.encode("utf-8")).fetchall()
