"""The system's page: for administrators, without a secret, with the bundle for support."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from ops.access import Role
from tests.console.visiting import visitor
from workers.settings import Settings

WORD = "Pa55word-of-the-broker"


@pytest.fixture
def told(migrated_url: str, tmp_path: Path) -> Settings:
    """The settings that the console is told."""
    return Settings(
        database_url=SecretStr(migrated_url), broker_url=SecretStr(f"redis://:{WORD}@127.0.0.1:1/0"), folder=tmp_path
    )  # fmt: skip


def test_an_administrator_sees_the_system_and_takes_a_bundle(engine: Engine, told: Settings) -> None:
    arne = visitor(engine, "arne", Role.ADMIN, site=told)

    page = arne.get("/system")
    form = page.form("/system/bundle") | {"reason": "support asked"}
    answer = arne.client.post("/system/bundle", data=form)

    assert page.status == 200
    assert "redis://***@127.0.0.1:1/0" in page.text
    assert WORD not in page.source
    assert "/flower/" in page.links()
    with ZipFile(BytesIO(answer.content)) as zipped:
        assert not [name for name in zipped.namelist() if WORD.encode() in zipped.read(name)]
    with engine.connect() as connection:
        taken = connection.execute(text("SELECT actor, reason FROM audit WHERE act = 'take bundle'")).all()
    assert [tuple(each) for each in taken] == [("arne", "support asked")]


def test_nobody_else_does_either(engine: Engine, told: Settings) -> None:
    anne = visitor(engine, "anne", Role.CLERK, site=told)
    page = anne.get("/payments")
    secret = page.tree.xpath("//input[@name='secret']/@value")[0]

    assert anne.get("/system").status == 403
    assert anne.client.post("/system/bundle", data={"secret": str(secret)}).status_code == 403
    assert not page.tree.xpath("//nav//a[@href='/system']")
