"""Every act by every role through every door: allowed or refused as `ops.access` says, before anything is looked at."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from ops import cli
from ops.access import ACTS as ROLES_OF
from ops.access import Role, may
from ops.cli.doors import ACTS_OF
from ops.console import Desk, create
from ops.desk.register import ACTS
from ops.embedded import Postgres
from ops.repairs import tokens
from tests.console.visiting import SETTER_UP, Visitor, user, visitor
from tests.ops.acting import Kk2
from tests.servers import named, new_database

ONLY_LOOK = {
    "audit export", "audit list", "audit verify", "drill", "list", "proposal seen", "restore", "system", "user list", "user show",
    "user tokens", "visma control",
}  # fmt: skip
"""Commands that do no act of a user's: they read, or begin on an empty database."""


@pytest.fixture(scope="module")
def migrated_url(postgres: Postgres, template: str) -> Iterator[str]:
    """One database for the whole matrix, in which nothing stands but a user of each role."""
    with new_database(postgres, template=template) as url:
        address = postgres.processes_url_of(named(url))
        engine = create_engine(address)
        with engine.begin() as connection:
            for role in Role:
                user(connection, f"only-{role}", role)
        engine.dispose()
        yield address


def test_at_the_console(migrated_url: str) -> None:
    engine = create_engine(migrated_url)
    roles: dict[Role, Visitor] = {role: visitor(engine, f"desk-{role}", role) for role in Role}
    for act, (role, who) in product(ACTS.values(), roles.items()):
        path = act.path("nobody" if act.named else 1)
        page = who.get(path)
        secret = page.form("/sign-out")["secret"]
        answer = who.client.post(path, data={"secret": secret}, follow_redirects=False)
        assert answer.status_code < 500, f"{role}: {answer.text}"
        if may([role], act.name):
            assert answer.status_code != 403, f"{role} has {act.name}"
        else:
            assert answer.status_code == 403, f"{role} does not have {act.name}: {answer.text}"
            assert not page.tree.xpath(f"//form[@action='{path}']"), f"{role}: {path}"
    engine.dispose()


def test_by_the_api(migrated_url: str) -> None:
    engine = create_engine(migrated_url)
    client = TestClient(create(Desk(engine, lambda _: True, secure=False)))
    for role in Role:
        with engine.begin() as connection:
            _, token = tokens.make_token(connection, f"only-{role}", "the matrix", 1, person=SETTER_UP)
        for act in ACTS.values():
            path = f"/api{act.path('nobody' if act.named else 1)}"
            answer = client.post(path, json={}, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code < 500, f"{role}: {answer.text}"
            assert (answer.status_code == 403) is not may([role], act.name), (
                f"{role}, {act.name}: {answer.text}"
            )
    engine.dispose()


def _line(command: Any, file: Path) -> list[str]:
    """Something for all that a command wants; as a dry run where it knows one."""
    line: list[str] = []
    for each in command.params:
        if each.name == "dry_run":
            line.append("--dry-run")
        elif each.required or each.name == "reason":
            kind = each.type_descriptor.annotation
            word = str(file) if kind is Path else "2026-03-02" if kind in {date, datetime} else "1"
            named = [max(each.opts, key=len)] if max(each.opts, key=len).startswith("--") else []
            line += [*named, word]
    return line


def _commands() -> dict[str, Any]:
    """Each command by the words after `kk2`."""
    found: dict[str, Any] = {}
    top: Any = typer.main.get_command(cli.app)
    for name, command in top.commands.items():
        below = getattr(command, "commands", None)
        found |= {f"{name} {word}": each for word, each in below.items()} if below else {name: command}
    return found


@pytest.mark.parametrize("role", list(Role))
def test_by_the_command_line(kk2: Kk2, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KK2_ACTOR", f"only-{role}")
    monkeypatch.setenv("KK2_NEW_PASSWORD", "correct horse battery")
    file = tmp_path / "empty"
    file.touch()
    commands = _commands()
    wrong = []
    for words, acts in ACTS_OF.items():
        status, printed, said = kk2(*words.split(), *_line(commands[words], file))
        shut = "may not do this" in said
        if shut is any(may([role], act) for act in acts) or (shut and status != 1):
            wrong.append((words, status, printed, said))

    assert wrong == []


def test_each_command_with_a_name_on_it_is_an_act_or_only_looks() -> None:
    names = {words for words, each in _commands().items() if any("--as" in of.opts for of in each.params)}

    assert names - set(ACTS_OF) == ONLY_LOOK
    assert set(ACTS_OF) <= names


def test_each_act_is_at_the_command_line() -> None:
    """No page does a thing that the command line cannot."""
    assert {act for acts in ACTS_OF.values() for act in acts} == set(ROLES_OF)
