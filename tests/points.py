"""The registry of crash points, read from the code: nothing lists them by hand, so nothing can be forgotten."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from pipeline.flow import FLOW
from pipeline.stage import Shell
from workers.accounting.mapping import WSINKASSO

ROOT = Path(__file__).parents[1]
KILLED: Counter[str] = Counter()
"""How often a process died at each point in this run; `make faults` prints it, and fails where a point has none."""
_ENDINGS = {
    "transaction": (".before_commit", ".after_commit"),
    "outside": (".before", ".after"),
    "crash_point": ("",),
}
_DOORS = {"workers/crash.py", "workers/store/engine.py"}
"""Where the helpers themselves stand: there a name is an argument."""
_MOVES = {"rename", "renames", "replace", "hardlink_to", "symlink_to"}
_MOVES_OF_OS = {*_MOVES, "link", "symlink", "move"}
_CALLS = {"send_task", "apply_async", "delay"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Each module of the workers but the doors, by its path."""
    for path in sorted((ROOT / "workers").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in _DOORS:
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def crash_points(below: str = "workers/") -> list[str]:
    """The names of all crash points below a folder, sorted."""
    found: set[str] = set()
    for module, tree in modules():
        for node in ast.walk(tree):
            helper = _helper(node)
            if module.startswith(below) and helper and isinstance(node, ast.Call):
                found |= {act + end for act in _names(node.args[-1]) for end in _ENDINGS[helper]}
    return sorted(found)


def unguarded() -> list[str]:
    """Where a commit, a call, a publish or a move in the workers stands between no crash points: there should be none."""
    return [
        f"{module}:{node.lineno}: {ast.unparse(node)}"
        for module, tree in modules()
        for node in unguarded_in(tree)
    ]


def unguarded_in(node: ast.AST, *, is_outside: bool = False) -> Iterator[ast.Call]:
    """The same below a node of the code; `is_outside`: it stands between two points already."""
    if isinstance(node, ast.With):
        is_outside = is_outside or any(_helper(item.context_expr) == "outside" for item in node.items)
    if isinstance(node, ast.Call) and (_commits(node) or (not is_outside and (_moves(node) or _calls(node)))):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from unguarded_in(child, is_outside=is_outside)


def _helper(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ENDINGS:
        return node.func.id
    return None


def _commits(node: ast.Call) -> bool:
    """A transaction that is begun or committed past the door. (`begin` with arguments is a saver of ours.)"""
    if not isinstance(node.func, ast.Attribute) or node.args:
        return False
    owner = ast.unparse(node.func.value)
    return node.func.attr == "commit" or (node.func.attr == "begin" and owner != "self._desk")


def _moves(node: ast.Call) -> bool:
    """A file that gets another name. `replace` of a text has two arguments, of a dataclass keywords."""
    if not isinstance(node.func, ast.Attribute):
        return False
    if ast.unparse(node.func.value) in {"os", "shutil"}:
        return node.func.attr in _MOVES_OF_OS
    return node.func.attr in _MOVES and len(node.args) == 1 and not node.keywords


def _calls(node: ast.Call) -> bool:
    """A message that is published, or bytes that are sent to Visma."""
    if not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in _CALLS or ast.unparse(node.func) == "self._wire.post"


def _names(name: ast.expr) -> list[str]:
    """The acts that an argument stands for: itself, every stage of the shell, every operation of Visma."""
    if isinstance(name, ast.Constant):
        return [str(name.value)]
    match ast.unparse(name):
        case "name":
            return [stage.name for stage in FLOW if stage.shell is Shell.INSIDE]
        case "f'visma.{operation}'":
            parts = (getattr(WSINKASSO, field.name) for field in fields(WSINKASSO))
            return [f"visma.{part.name}" for part in parts if hasattr(part, "answer")]
        case strange:
            raise AssertionError(f"the registry can't tell which crash points {strange} stands for")
