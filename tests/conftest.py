"""What all tests share: real servers, and a migrated database that each test has for itself."""

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, NullPool, create_engine

from ops import migrations
from ops.embedded import Postgres
from ops.repairs import people
from schemas.schedule import OSLO
from tests.servers import named, new_database

pytest_plugins = ["tests.servers"]

# a busy machine is slow at times, and no test of ours is wrong for that
settings.register_profile("kk2", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kk2")


@pytest.fixture(scope="session", autouse=True)
def _quick_to_hash() -> None:
    """Passwords are hashed for looks: at its full price, each signing in costs a third of a second. Processes pay it all."""
    people._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def today() -> date:
    """The day in Norway as the test begins: a suite may run over midnight, a test takes a moment."""
    return datetime.now(OSLO).date()


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated database, to be copied."""
    with new_database(postgres, template="template0") as url:
        engine = create_engine(url)
        migrations.migrate(engine, postgres.processes_url)
        engine.dispose()
        yield named(url)


@pytest.fixture
def migrated_url(postgres: Postgres, template: str) -> Iterator[str]:
    """The address of a migrated, empty database of this test alone, as the product's processes have it."""
    with new_database(postgres, template=template) as url:
        yield postgres.processes_url_of(named(url))


@pytest.fixture
def engine(migrated_url: str) -> Iterator[Engine]:
    """An engine on `migrated_url`: what it may not do the product may not do."""
    made = create_engine(migrated_url)
    yield made
    made.dispose()


@pytest.fixture
def owner(postgres: Postgres, migrated_url: str) -> Iterator[Engine]:
    """An engine on the same database as who owns its tables: for damage that the product could not do."""
    made = create_engine(postgres.url_of(named(migrated_url)), poolclass=NullPool)
    yield made
    made.dispose()
