"""`kk2 user` and `kk2 audit` on a real database: the same roles and refusals as at the console."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import cli
from ops.access import Role
from ops.repairs import people
from tests.console.visiting import user
from workers.settings import settings

NEW = "a password of some length"


@pytest.fixture(autouse=True)
def _site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str) -> None:
    """A site whose broker does not answer: none of this needs it."""
    monkeypatch.setenv("KK2_DATABASE_URL", migrated_url)
    monkeypatch.setenv("KK2_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("KK2_FOLDER", str(tmp_path))
    monkeypatch.setenv("KK2_ACTOR", "root")
    monkeypatch.setenv("KK2_NEW_PASSWORD", NEW)
    settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *line: str) -> tuple[int, str]:
    capsys.readouterr()
    status = cli.main([*line])
    out = capsys.readouterr()
    return status, out.out + out.err


def test_a_user_is_looked_after_from_the_first_to_the_last_administrator(
    engine: Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(capsys, "user", "add", "kari", "--role", "clerk")[0] == 1  # the first is an administrator
    assert said(capsys, "user", "add", "root", "--role", "admin", "--no-password")[0] == 0
    assert said(capsys, "user", "add", "kari", "--role", "clerk", "--dry-run")[1].startswith("dry run")
    assert said(capsys, "user", "add", "kari", "--role", "clerk")[0] == 0
    status, out = said(capsys, "user", "roles", "root", "--role", "clerk")
    assert (status, "root is the last administrator" in out) == (1, True)
    for line in (
        ("roles", "kari", "--role", "clerk", "--role", "admin"), ("link", "kari", "--subject", "s-1"),
        ("end-sessions", "kari"), ("disable", "kari", "--reason", "away"), ("enable", "kari"), ("password", "kari"),
    ):  # fmt: skip
        assert said(capsys, "user", *line)[0] == 0, line
    monkeypatch.setenv("KK2_PASSWORD", NEW)
    monkeypatch.setenv("KK2_NEW_PASSWORD", NEW + " 2")
    assert said(capsys, "user", "own-password", "--as", "kari")[0] == 0

    with engine.connect() as connection:
        assert people.fits(connection, "kari", NEW + " 2")
        acts = connection.execute(
            text("SELECT act FROM audit WHERE subject = 'user kari' ORDER BY id")
        ).scalars()
        assert list(acts) == [
            "add user", "change roles", "link user", "end sessions", "disable user", "enable user", "set password",
            "change own password",
        ]  # fmt: skip
    shown = json.loads(said(capsys, "user", "show", "kari", "--json")[1])
    assert (shown["roles"], shown["subject"]) == (["admin", "clerk"], "s-1")
    assert "signs in elsewhere" in said(capsys, "user", "show", "kari")[1]
    assert said(capsys, "user", "show", "nobody")[0] == 1


def test_users_and_audit_are_read_by_the_roles_that_read_their_pages(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine.begin() as connection:
        user(connection, "kari", Role.CLERK, password=None)
        user(connection, "rita", Role.AUDITOR, password=None)
    for line in (
        ("audit", "list"), ("audit", "verify"), ("user", "list"), ("user", "tokens"), ("user", "show", "kari"),
    ):  # fmt: skip
        status, out = said(capsys, *line, "--as", "kari")
        assert (status, "it is for the role admin or auditor" in out) == (1, True), line
        assert said(capsys, *line, "--as", "rita")[0] == 0, line
    assert "kari" in said(capsys, "user", "list", "--state", "open", "--json")[1]
    assert said(capsys, "user", "list", "--state", "disabled")[1].endswith("(none)\n")
