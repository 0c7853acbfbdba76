"""All the small changes that a source can have: each is one spot of the text, and what stands there instead."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


class Mutant(NamedTuple):
    """`start` to `end`, in bytes of the file, become `text`."""

    path: str
    line: int
    start: int
    end: int
    was: str
    text: str

    def of(self, source: bytes) -> bytes:
        """The file's bytes with the mutant in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def __str__(self) -> str:
        """One line for people."""
        was, text = (" ".join(each.split()) for each in (self.was, self.text))
        return f"{self.path}:{self.line}: `{was}` -> `{text}`"


def mutants(path: str, source: bytes) -> list[Mutant]:
    """Every mutant of a source in its order: comparisons, arithmetic, and/or/not, constants, returns, statements, keywords."""
    starts = [0]
    for row in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(row))
    found = []
    for node, text in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        was = source[start:end].decode()
        if was != text:
            found.append(Mutant(path, node.lineno, start, end, was, text))
    return sorted(set(found), key=lambda each: (each.start, each.end, each.text))


def _changes(node: ast.AST) -> Iterator[tuple["ast.expr | ast.stmt", str]]:
    """Each node that may be changed with what it becomes. What is said to people, to types and to the class is passed over."""
    if isinstance(node, ast.Raise):
        yield node, "pass"
    if isinstance(node, ast.ClassDef):  # the words under which states are stored are the database's to check
        node.body = [each for each in node.body if not isinstance(each, ast.Assign)]
    if isinstance(
        node, ast.Raise | ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom
    ) or _is_declaration(node):
        return
    if isinstance(node, ast.expr):
        for changed in _of_expression(node):
            yield node, f"({changed})"
    elif isinstance(node, ast.stmt):
        yield from ((node, changed) for changed in _of_statement(node))
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_docstring(child):
                yield from _changes(child)


def _is_declaration(node: ast.AST) -> bool:
    """Whether it only tells Python of names and types: an alias of a type, `__slots__`, `__all__`, how a field is shown."""
    match node:
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name.startswith("__")
        case ast.Call(func=ast.Name(id="field")):
            return True
    return False


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _of_expression(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                for other in _COMPARE[type(operator)]:
                    ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                    yield ast.unparse(ast.Compare(node.left, ops, node.comparators))
        case ast.BoolOp():
            yield ast.unparse(
                ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            )
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield ast.unparse(node.operand)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield ast.unparse(ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right))
        case ast.IfExp():
            yield ast.unparse(ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse))
        case ast.Constant():
            yield from (repr(other) for other in _of_constant(node.value))
        case ast.Call():
            for place in range(len(node.keywords)):
                keywords = [*node.keywords[:place], *node.keywords[place + 1 :]]
                yield ast.unparse(ast.Call(node.func, node.args, keywords))


def _of_constant(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1)
        case str() if value and " " not in value:  # a code; sentences are for people
            yield from (f"{value}X", "")


def _of_statement(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Return(value=ast.expr() as value):
            if not (isinstance(value, ast.Constant) and value.value is None):
                yield "return None"
        case ast.AugAssign():
            if (other := _ARITHMETIC.get(type(node.op))) is not None:
                yield ast.unparse(ast.AugAssign(node.target, other(), node.value))
            yield "pass"
        case ast.Continue() | ast.Break() | ast.Expr():
            yield "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "pass"
