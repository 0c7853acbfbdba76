"""What the stories share: a site with one company."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.site import Site, site


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with one company."""
    with site(engine, tmp_path) as made:
        yield made
