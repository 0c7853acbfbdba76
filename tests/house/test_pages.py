"""What README and the handbook name is there: links, files, and each `kk2` command with the options that are shown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ops import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "ops" / "handbook").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_FILE = re.compile(r"`((?:ops|workers|pipeline|schemas|tests)/[\w./-]+\.(?:py|md|toml|sql|wsdl|xsd|html))`")
_CODE = re.compile(r"`(kk2 [^`\n]+)`|^\s*(kk2 [^#\n]+)", re.MULTILINE)
_WORD = re.compile(r"[a-z][a-z0-9-]*$")


def commands(page: Path) -> Iterator[str]:
    """Each command line that a page shows, without what stands behind a comment, a pipe or a second command."""
    for match in _CODE.finditer(page.read_text("utf-8")):
        yield re.split(r" [#|>;]|, then ", match[1] or match[2])[0].strip()


def found(line: str) -> tuple[Any, list[str]]:
    """The command that a line names, and what stands behind its name."""
    command: Any = typer.main.get_command(cli.app)
    words = line.split()[1:]
    while words and hasattr(command, "commands"):
        assert _WORD.match(words[0]), f"{line}: no name of a command: {words[0]}"
        below = command.commands.get(words[0])
        assert below is not None, f"{line}: there is no command {words[0]}"
        command, words = below, words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_and_every_file_that_is_named_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [page.parent / link for link in _LINK.findall(text) if "://" not in link]
    files = [ROOT / name for name in _FILE.findall(text)]

    assert [str(path) for path in (*links, *files) if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_is_shown_exists_with_its_options(page: Path) -> None:
    for line in commands(page):
        command, words = found(line)
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        shown = {word.split("=")[0] for word in words if word.startswith("-")}
        assert shown <= known | {"--help", "-h"}, f"{line}: {sorted(shown - known)}"


def test_every_picture_is_shown_on_a_page() -> None:
    shown = {
        (page.parent / link).resolve() for page in PAGES for link in _LINK.findall(page.read_text("utf-8"))
    }

    assert set((ROOT / "ops" / "handbook" / "pictures").iterdir()) <= shown


def test_the_pages_show_commands() -> None:
    assert sum(1 for page in PAGES for _ in commands(page)) > 30
