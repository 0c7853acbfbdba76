"""Each command that a text names is there: who is woken at night types what he reads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from ops import cli

ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(r"(?<![\w/.-])kk2 ([a-z][a-z-]+)(?: ([a-z][a-z-]+)(?![.\w/]))?")
_CODE = re.compile(r"`([^`\n]*)`|^ {4,}(kk2 .*)$|^(kk2 .*)$", re.MULTILINE)
_FOLDERS = ("pipeline", "workers", "ops", "schemas")


def _commands() -> dict[str, frozenset[str]]:
    """Each word after `kk2`, with the words that may follow it."""
    top = typer.main.get_command(cli.app)
    return {name: frozenset(_below(command)) for name, command in _below(top).items()}


def _below(command: object) -> dict[str, object]:
    """The commands of a group; none of a command."""
    return getattr(command, "commands", {})


def _texts() -> Iterator[tuple[str, str]]:
    for path in [*ROOT.glob("*.md"), *(ROOT / "ops").rglob("*.md"), *(ROOT / "schemas").rglob("*.md")]:
        for match in _CODE.finditer(path.read_text("utf-8")):
            yield path.relative_to(ROOT).as_posix(), next(filter(None, match.groups()), "")
    for folder in _FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield path.relative_to(ROOT).as_posix(), node.value


def test_each_command_that_is_named_is_there() -> None:
    known = _commands()
    wrong = {
        f"{where}: kk2 {first} {second or ''}".strip()
        for where, text in _texts()
        for first, second in _NAMED.findall(text)
        if first not in known or (second and known[first] and second not in known[first])
    }

    assert sorted(wrong) == []


@pytest.mark.parametrize("name", ["case", "voucher"])
def test_the_commands_are_found(name: str) -> None:
    assert {"list", "show"} <= _commands()[name]
