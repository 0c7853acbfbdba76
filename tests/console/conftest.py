"""A ledger and a visitor for the tests of the console."""

import pytest
from sqlalchemy import Engine

from tests.console.visiting import Visitor, visitor
from tests.ops.ledger import Standing, standing


@pytest.fixture
def stands(engine: Engine) -> Standing:
    """A ledger that agrees, with a payment of each kind."""
    return standing(engine)


@pytest.fixture
def kari(engine: Engine, stands: Standing) -> Visitor:
    """Somebody with all roles, signed in."""
    return visitor(engine)
