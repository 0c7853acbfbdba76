"""A restored database says so by itself, and sends nothing until a person has looked."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from ops.embedded import Postgres
from tests.servers import new_database
from workers.store import epoch


def _brakes(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT scope FROM brake")).scalars())


@pytest.fixture
def known(engine: Engine, owner: Engine, tmp_path: Path) -> Path:
    """The archive of a database that has begun its life."""
    with owner.begin() as connection:
        # the test's database is itself a copy of a template, so its first row is another's
        connection.execute(text(f"UPDATE epoch SET database = {epoch.IDENTITY}"))
    assert epoch.look(engine, tmp_path) == 1
    return tmp_path


def test_the_same_database_goes_on_with_its_number(engine: Engine, known: Path) -> None:
    assert epoch.look(engine, known) == 1
    assert not _brakes(engine)


def test_a_copy_of_the_database_begins_a_new_life_and_stops_delivery(
    engine: Engine, known: Path, postgres: Postgres
) -> None:
    name = engine.url.database or ""
    engine.dispose()
    with new_database(postgres, template=name) as url:
        restored = create_engine(url)
        assert epoch.look(restored, known) == 2
        assert epoch.look(restored, known) == 2
        assert _brakes(restored) == ["*"]
        restored.dispose()


def test_a_database_turned_back_in_place_is_told_by_the_copy_beside_the_archive(
    engine: Engine, known: Path
) -> None:
    (known / "epoch").write_text("5", "ascii")

    assert epoch.look(engine, known) == 6
    assert _brakes(engine) == ["*"]
    assert (known / "epoch").read_text("ascii") == "6"
