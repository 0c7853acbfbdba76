"""What the tests of queries and acts share: one ledger a module, and a transaction of it that each test takes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import cli
from ops.embedded import Postgres
from tests.ops.acting import Kk2
from tests.ops.ledger import Room, Standing, ledger_in, room
from workers.settings import settings


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


@pytest.fixture
def kk2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, capsys: pytest.CaptureFixture[str]
) -> Iterator[Kk2]:
    """Run a command line on a site whose broker does not answer; gives exit status, what it printed and what it said."""
    monkeypatch.setenv("KK2_DATABASE_URL", migrated_url)
    monkeypatch.setenv("KK2_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("KK2_FOLDER", str(tmp_path / "kk2"))
    monkeypatch.setenv("KK2_ACTOR", "kari")
    settings.cache_clear()

    def run(*line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main([*line])
        said = capsys.readouterr()
        return status, said.out, said.err

    yield run
    settings.cache_clear()
