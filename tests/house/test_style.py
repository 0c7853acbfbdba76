"""The house's rules about the code itself, for those that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "pipeline", "workers", "ops")
LONGEST = 280
# a list of tables, or of events, reads well at any length
_LISTS = {"workers/store/tables.py", "schemas/events.py"}
_VAGUE = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "manager",
    "handler",
    "processor",
    "data",
    "info",
}
# seconds, and the share of them that is spread: the only floats that rules and nouns may know
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")
_PLURAL = re.compile(
    r" (payments|vouchers|cases|files|rows|records|calls|kills|faults|differences|lines|times)\b"
)
_FLOATS = {"schemas/setup.py", "pipeline/stage.py"}


def _sources(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_files_stay_short_enough_to_be_read() -> None:
    long = {
        _name(p): n
        for p in _sources(*PACKAGES)
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > LONGEST and _name(p) not in _LISTS
    }

    assert not long, (
        f"over {LONGEST} lines; a file that outgrows that becomes a package with the same door: {long}"
    )


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        _name(p) for p in _sources(*PACKAGES, "tests") if p.stat().st_size and not ast.get_docstring(_tree(p))
    ]

    assert not silent


def test_public_functions_and_classes_say_what_they_do() -> None:
    silent = [
        f"{_name(path)}: {node.name}"
        for path in _sources("schemas", "pipeline", "workers")
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]

    assert not silent


def test_modules_are_named_by_a_noun_of_the_domain() -> None:
    vague = [_name(p) for p in _sources(*PACKAGES) if p.stem in _VAGUE or p.parent.name in _VAGUE]

    assert not vague


def test_money_meets_no_float_and_no_division() -> None:
    found: list[str] = []
    for path in _sources("schemas", "pipeline"):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                found.append(f"{_name(path)}:{node.lineno}: /")
            if isinstance(node, ast.Name) and node.id == "float" and _name(path) not in _FLOATS:
                found.append(f"{_name(path)}:{node.lineno}: float")

    assert not found


def test_rules_have_no_default_arguments() -> None:
    found = [
        f"{_name(path)}:{node.lineno}: {node.name}"
        for path in _sources("pipeline")
        if "formats" not in path.parts
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef) and (node.args.defaults or any(node.args.kw_defaults))
    ]

    assert not found


def test_no_test_sleeps_a_fixed_time_or_patches_our_code_by_a_string() -> None:
    patches = re.compile(r"\b(mock\.patch|monkeypatch\.setattr\(\s*[\"'])")
    found = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in _sources("tests")
        if path.parent.name != "house"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if patches.search(line)
    ]
    found += [
        f"{_name(path)}:{line}: sleeps outside a loop"
        for path in _sources("tests")
        for line in _sleeps(_tree(path))
    ]

    assert not found, "poll in a loop with a deadline, and swap values, not our own code"


def _sleeps(tree: ast.Module) -> list[int]:
    looped = {
        id(node)
        for loop in ast.walk(tree)
        if isinstance(loop, ast.While | ast.For)
        for node in ast.walk(loop)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sleep"
        and id(node) not in looped
    ]


def test_values_are_bound_and_not_written_into_sql() -> None:
    """An f-string in a statement may hold names that stand in the code, never an item of data."""
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in _sources("workers", "ops")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.JoinedStr) and _SQL.search(_words(node)) and _holds_an_item(node)
    ]

    assert not found


def _words(node: ast.JoinedStr) -> str:
    return "".join(str(value.value) for value in node.values if isinstance(value, ast.Constant))


def _holds_an_item(node: ast.JoinedStr) -> bool:
    return any(isinstance(v, ast.FormattedValue) and isinstance(v.value, ast.Subscript) for v in node.values)


def test_what_people_read_counts_its_nouns() -> None:
    """`1 payments` reads as if nobody had looked: `schemas.wording.counted` says `1 payment`."""
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in _sources("ops/cli", "ops/demo", "ops/repairs")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.JoinedStr)
        for before, after in pairwise(node.values)
        if isinstance(before, ast.FormattedValue) and isinstance(after, ast.Constant)
        if isinstance(after.value, str) and _PLURAL.match(after.value)
    ]

    assert not found


@pytest.mark.parametrize("word", ["T" + "ODO", "FIX" + "ME", "X" + "XX"])
def test_nothing_is_left_for_later_in_a_comment(word: str) -> None:
    assert not [
        _name(p)
        for p in _sources(*PACKAGES, "tests")
        if re.search(rf"\b{word}\b", p.read_text(encoding="utf-8"))
    ]


def test_no_file_names_an_index_host_or_a_place_on_somebodys_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    places = re.compile(
        "|".join(
            [
                "py" + r"pi\.org",
                "files\\.python" + "hosted",
                "registry\\.npm" + "js",
                "/wo" + "rk/",
                r"\.\./sha" + "red",
            ]
        )
    )
    found = [
        name
        for name in tracked
        if (path := ROOT / name).is_file()
        and places.search(path.read_text(encoding="utf-8", errors="replace"))
    ]

    assert not found
