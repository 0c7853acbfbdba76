"""The role of the processes: what PostgreSQL refuses it, and how it comes to its rights."""

from collections.abc import Iterator
from itertools import product

import pytest
from psycopg import errors, sql
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from ops import migrations
from ops.embedded import Postgres
from ops.embedded.postgres import PROCESSES
from ops.health.pulse import State
from ops.health.roles import of_role
from tests.ops.acting import Kk2
from workers.settings import settings
from workers.store.rights import APPEND_ONLY, KEPT, RIGHTS
from workers.store.tables import metadata

FORBIDDEN = [
    (table, right)
    for table, right in product(RIGHTS, ("UPDATE", "DELETE", "TRUNCATE"))
    if right not in RIGHTS[table]
]


@pytest.fixture
def another(postgres: Postgres) -> Iterator[str]:
    """The name of a role that is taken away again."""
    yield "kk2_another"
    with postgres.as_admin() as admin:
        admin.execute("DROP ROLE IF EXISTS kk2_another")


def test_what_is_append_only_can_be_neither_changed_nor_taken_away(engine: Engine) -> None:
    """As the role, which all tests have that ask for `engine`: the whole chain works so, and this does not."""
    assert {table for table, right in FORBIDDEN if right == "UPDATE"} == APPEND_ONLY
    assert {table for table, right in FORBIDDEN if right == "DELETE"} == APPEND_ONLY | KEPT
    with engine.connect() as connection:
        for table, right in FORBIDDEN:
            column = next(iter(metadata.tables[table].columns)).name
            statement = {
                "UPDATE": f"UPDATE {table} SET {column} = {column} WHERE false",
                "DELETE": f"DELETE FROM {table} WHERE false",
                "TRUNCATE": f"TRUNCATE {table}",
            }[right]
            with (
                pytest.raises(ProgrammingError, match="permission denied") as refused,
                connection.begin_nested(),
            ):
                connection.execute(text(statement))
            assert isinstance(refused.value.orig, errors.InsufficientPrivilege)


@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE journal DISABLE TRIGGER USER", "DROP TABLE audit", "UPDATE alembic_version SET version_num = '0'",
     "CREATE TABLE mine (id int)", "DROP TRIGGER append_only ON journal", "ALTER ROLE kk2_app SUPERUSER",
     "SELECT setval('voucher_number', 1)"],
)  # fmt: skip
def test_nor_can_the_role_help_itself_to_more(engine: Engine, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"must be|permission denied"),
        engine.begin() as connection,
    ):
        connection.execute(text(statement))


def test_what_was_granted_by_hand_is_said_and_taken_away_by_the_next_migration(
    owner: Engine, engine: Engine, migrated_url: str
) -> None:
    with owner.begin() as connection:
        connection.execute(text(f"GRANT UPDATE ON journal TO {PROCESSES}"))
        connection.execute(text(f"REVOKE INSERT ON work FROM {PROCESSES}"))
        assert migrations.differing(connection, PROCESSES) == [
            "has UPDATE on journal",
            "lacks INSERT on work",
        ]
    with engine.connect() as connection:
        assert of_role(connection).state is State.BAD

    migrations.migrate(owner, migrated_url)

    with owner.connect() as connection:
        assert migrations.differing(connection, PROCESSES) == []
        assert "triggers alone" in of_role(connection).says
    with engine.connect() as connection:
        assert of_role(connection).says == "kk2_app owns no table, and changes none that is append-only"


def test_a_role_that_is_missing_is_made_by_an_owner_who_may_and_no_log_has_its_password(
    postgres: Postgres, owner: Engine, another: str, migrated_url: str
) -> None:
    wanted = make_url(migrated_url).set(username=another, password="Pa55-of-the-role")
    address = wanted.render_as_string(hide_password=False)
    with pytest.raises(migrations.RoleError, match="CREATE ROLE kk2_another LOGIN") as refused:
        migrations.migrate(owner, address)
    assert "Pa55" not in str(refused.value)

    address_of_admin = owner.url.set(username="postgres", query={"options": "-c log_statement=all"})
    as_admin = create_engine(address_of_admin)
    migrations.migrate(as_admin, address)
    made = create_engine(wanted)
    with made.connect() as connection:
        assert of_role(connection).state is State.WELL
    made.dispose()
    with as_admin.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {another}"))
    as_admin.dispose()
    log = postgres.log.read_text("utf-8", "replace")
    assert f'CREATE ROLE "{another}"' in log
    assert "Pa55" not in log


def test_a_role_that_would_have_all_rights_anyhow_is_refused(
    postgres: Postgres, owner: Engine, another: str, migrated_url: str
) -> None:
    with postgres.as_admin() as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER").format(sql.Identifier(another)))
    with pytest.raises(migrations.RoleError, match="plain role, no superuser"):
        migrations.migrate(owner, make_url(migrated_url).set(username=another).render_as_string())


def test_the_command_migrates_as_the_owner_for_the_processes(
    kk2: Kk2, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner.begin() as connection:
        connection.execute(text(f"GRANT DELETE ON audit TO {PROCESSES}"))
    monkeypatch.setenv("KK2_OWNER_URL", owner.url.render_as_string(hide_password=False))
    settings.cache_clear()

    assert kk2("migrate") == (0, f"the database is at revision {migrations.newest()}\n", "")

    with owner.connect() as connection:
        assert migrations.differing(connection, PROCESSES) == []


def test_after_a_large_file_the_tables_are_counted_though_the_role_owns_none(
    engine: Engine, owner: Engine
) -> None:
    seen = (
        "SELECT count(*) FROM pg_class WHERE relname IN ('kk2_case', 'item', 'case_kid') AND reltuples >= 0"
    )
    with owner.connect() as connection:
        assert connection.execute(text(seen)).scalar_one() == 0
    with engine.begin() as connection:
        connection.execute(text("SELECT count_cases()"))
    with owner.connect() as connection:
        assert connection.execute(text(seen)).scalar_one() == 3
