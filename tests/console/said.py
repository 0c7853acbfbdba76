"""The sentences that rules and repairs can say, as templates: `{}` stands where a value is put in."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SAY = {
    "Refusal": 0,
    "NotAllowed": 0,
    "NoSuchSetupError": 0,
    "Done": 1,
    "Park": 1,
    "need_reason": 1,
    "too_late": 2,
    "_park": 2,
    "BadQuestion": 0,
    "Standing": 2,
}
"""Which argument of a call is its sentence."""
_NAMES_SOMEBODY = re.compile(r"(.*\.|)actor|.*\.sent_back_by")
_GIVES = {"Fault", "Field", "refuse", "_refuse", "fault_at"}
_SENTENCE = re.compile(r"(?=.*[a-z]{2})(?!\(\[)[^\\]* [^\\]*")
_TO_A_PROGRAMMER = re.compile("window is between|ASCII|an encoding that can be read|a range holds")
_UNKNOWN = "17"
_OF_VISMA = (
    *("workers/accounting/*.py", "workers/shell/*.py", "ops/setup_trial.py", "ops/queries/schedules.py"),
    *("pipeline/reconciliation/*.py", "pipeline/readiness.py", "pipeline/shadowing.py"),
)
_NOT_SHOWN = re.compile(
    r"SELECT|FROM |WHERE |UPDATE |JOIN |is outside the package|Ekstern inkasso|with hyphens|about 1 to|may not send|periods not told"
    r"|does not know the cursor|for the first time is new|INSERT |SET LOCAL|body->>|text/xml|soap.xml|Basic |^\[\[|imports = false|^kk2 "
)
"""Of those what stands in a log, is told to a programmer, or is no sentence."""
_PARTS = ("ops/repairs", "ops/desk", "ops/health", "pipeline", "workers", "schemas")


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

    That is every text of theirs with words in it, and each single word that they name a field, or give a fault; and why a
    file is not taken in at all.
    """
    found: dict[str, str] = {}
    for path in sorted((ROOT / "pipeline/formats").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for text in [*_sentences(tree), *_single_words(tree)]:
            found.setdefault(text, path.relative_to(ROOT).as_posix())
    for path in sorted((ROOT / "workers/watch").glob("*.py")):
        for text in _sentences(ast.parse(path.read_text("utf-8"))):
            if text.startswith(("It ", "Its ")):
                found.setdefault(text, path.relative_to(ROOT).as_posix())
    return found


def of_visma() -> dict[str, str]:
    """Give each template of what is told of Visma: how a call ended, what differs there and why, what the setup lacks."""
    found: dict[str, str] = {}
    for path in (file for part in _OF_VISMA for file in sorted(ROOT.glob(part))):
        for text in _sentences(ast.parse(path.read_text("utf-8"))):
            if not _NOT_SHOWN.search(text) and re.search("[a-z]{2} | [a-z]{2}", text) and text != "{} kr {}":
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
            yield f"{{}}{text}" if text[0] in " ,:;" else text


def _single_words(tree: ast.Module) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in _GIVES:
            for each in call.args:
                match each:
                    case ast.Constant(value=str() as word) if re.fullmatch("[a-z]+", word):
                        yield word


def _said_in(function: ast.FunctionDef) -> Iterator[str]:
    for said in _expressions(function):
        yield from _texts(said, function)


def _expressions(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What a function says."""
    for call in ast.walk(function):
        if isinstance(call, ast.Call):
            place = _SAY.get(getattr(call.func, "id", getattr(call.func, "attr", "")))
            if place is not None and len(call.args) > place:
                yield call.args[place]


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


def samples() -> dict[str, str]:
    """Give each sentence as it can be said, with its parts put together and 17 for what is not known, and a file of it."""
    found: dict[str, str] = {}
    for part in _PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            for function in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(function, ast.FunctionDef):
                    for said in _expressions(function):
                        for sentence in _sampled(said, function, 3):
                            found.setdefault(sentence, path.relative_to(ROOT).as_posix())
    return {sentence: path for sentence, path in found.items() if sentence != _UNKNOWN}


def _sampled(node: ast.expr, function: ast.FunctionDef, deep: int) -> list[str]:
    """What an expression can be: its texts, their values put in."""
    match node:
        case ast.Constant(value=str() as text):
            return [text]
        case ast.JoinedStr(values=values):
            parts = [_sampled(value, function, deep) for value in values]
            return ["".join(each) for each in itertools.islice(itertools.product(*parts), 8)]
        case ast.FormattedValue(value=value, format_spec=spec):
            return (
                ["2026-03-02 at 10:11"]
                if spec and "%H" in ast.unparse(spec)
                else _sampled(value, function, deep)
            )
        case ast.IfExp(body=body, orelse=otherwise):
            return [*_sampled(body, function, deep), *_sampled(otherwise, function, deep)]
        case ast.Call(func=ast.Name(id="counted"), args=[_, ast.Constant(value=str() as noun), *_]):
            return [f"{_UNKNOWN} {noun}s"]
        case ast.Name(id=name) if deep:
            before = [
                each
                for each in ast.walk(function)
                if isinstance(each, ast.Assign)
                and each.lineno < node.lineno
                and any(getattr(t, "id", "") == name for t in each.targets)
            ]
            nearest = max(before, key=lambda each: each.lineno, default=None)
            return _sampled(nearest.value, function, deep - 1) if nearest else [_UNKNOWN]
    return [_UNKNOWN]


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
