"""What the tests of queries and acts share: one ledger a module, and a transaction of it that each test takes back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from ops.embedded import Postgres
from tests.ops.ledger import Room, Standing, ledger_in, room


@pytest.fixture(scope="module")
def written(postgres: Postgres, template: str) -> Iterator[tuple[Engine, Standing]]:
    """A database with a ledger in it, and what stands there."""
    with ledger_in(postgres, template) as made:
        yield made


@pytest.fixture
def stands(written: tuple[Engine, Standing]) -> Standing:
    """What stands in the ledger."""
    return written[1]


@pytest.fixture
def here(written: tuple[Engine, Standing]) -> Iterator[Room]:
    """A room in which a test may change the ledger."""
    with room(written[0]) as made:
        yield made
