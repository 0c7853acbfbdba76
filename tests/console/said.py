"""The sentences that rules and repairs can say, as templates: `{}` stands where a value is put in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SAY = {"Refusal": 0, "NotAllowed": 0, "Done": 1, "Park": 1, "too_late": 2}
"""Which argument of a call is its sentence."""
_NAMES_SOMEBODY = re.compile(r"(.*\.|)actor|.*\.sent_back_by")
_GIVES = {"Fault", "Field", "refuse", "_refuse", "fault_at"}
_SENTENCE = re.compile(r"(?=.*[a-z]{2})(?!\(\[)[^\\]* [^\\]*")
_TO_A_PROGRAMMER = re.compile("window is between|ASCII|an encoding that can be read|a range holds")
_PARTS = ("ops/repairs", "ops/desk", "pipeline", "workers/shell")


def templates() -> dict[str, str]:
    """Give each template, and a file that says it."""
    found: dict[str, str] = {}
    for part in _PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            for function in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(function, ast.FunctionDef):
                    for sentence in _said_in(function):
                        found.setdefault(sentence, path.relative_to(ROOT).as_posix())
    return found


def of_readers() -> dict[str, str]:
    """Give each template that a reader of bank files can say, of a fault or an oddity, and a file that says it.

    That is every text of theirs with words in it, and each single word that they name a field, or give a fault.
    """
    found: dict[str, str] = {}
    for path in sorted((ROOT / "pipeline/formats").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for text in [*_sentences(tree), *_single_words(tree)]:
            found.setdefault(text, path.relative_to(ROOT).as_posix())
    return found


def _sentences(tree: ast.Module) -> Iterator[str]:
    """Texts of several words, but docstrings and what is said to a programmer; a tail begins with its value."""
    inside = {
        id(part) for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for part in ast.walk(text)
    }
    documented = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = _template(node)
        elif isinstance(node, ast.Constant) and id(node) not in inside | documented:
            text = node.value if isinstance(node.value, str) else ""
        if _SENTENCE.fullmatch(text) and not _TO_A_PROGRAMMER.search(text):
            yield f"{{}}{text}" if text[0] in " ,:" else text


def _single_words(tree: ast.Module) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in _GIVES:
            for each in call.args:
                if isinstance(each, ast.Constant) and re.fullmatch("[a-z]+", str(each.value)):
                    yield str(each.value)


def _said_in(function: ast.FunctionDef) -> Iterator[str]:
    for call in ast.walk(function):
        if isinstance(call, ast.Call):
            place = _SAY.get(getattr(call.func, "id", getattr(call.func, "attr", "")))
            if place is not None and len(call.args) > place:
                yield from _texts(call.args[place], function)


def _texts(node: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """The texts that an expression can be: written out, one of two, or what a name was given in the same function."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr():
            yield _template(node)
        case ast.IfExp(body=body, orelse=otherwise):
            yield from _texts(body, function)
            yield from _texts(otherwise, function)
        case ast.Name(id=name):
            for given in ast.walk(function):
                if isinstance(given, ast.Assign) and any(getattr(t, "id", "") == name for t in given.targets):
                    yield from _texts(given.value, function)


def _template(text: ast.JoinedStr) -> str:
    return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in text.values)


def of_people() -> dict[str, frozenset[int]]:
    """Give the templates that name who acts, each with which of its values are names."""
    found: dict[str, frozenset[int]] = {}
    for part in (*_PARTS, "ops/why"):
        for path in sorted((ROOT / part).rglob("*.py")):
            for text in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(text, ast.JoinedStr):
                    values = [ast.unparse(v.value) for v in text.values if isinstance(v, ast.FormattedValue)]
                    names = frozenset(n for n, value in enumerate(values) if _NAMES_SOMEBODY.fullmatch(value))
                    if names:
                        found[_template(text)] = names
    return found
