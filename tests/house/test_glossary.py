"""One English word for each Norwegian term: the glossary and the code agree."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "schemas/glossary.md").read_text(encoding="utf-8")
_STAYS = {"kid", "ore", "kr"}


def _rows() -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in GLOSSARY.splitlines()
        if line.startswith("| ") and not line.startswith("| Norwegian")
    ]


@cache
def _names() -> frozenset[str]:
    found: set[str] = set()
    for package in ("schemas", "pipeline", "workers", "ops"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    found.add(node.name)
                elif isinstance(node, ast.arg):
                    found.add(node.arg)
                elif isinstance(node, ast.Name):
                    found.add(node.id)
                elif isinstance(node, ast.Attribute):
                    found.add(node.attr)
    return frozenset(found)


def test_every_type_and_field_that_the_glossary_names_exists() -> None:
    named = {name for row in _rows() for name in re.findall(r"`(\w+)`", row[1])} - {"dunning_code"}
    text = " ".join(
        (ROOT / "schemas").joinpath(p).read_text()
        for p in ("setup.py", "case.py", "voucher.py", "transfer.py")
    )

    names = _names()

    assert named
    assert not [name for name in named if name not in names and not re.search(rf"\b{name}\b", text)]


def test_no_norwegian_term_is_an_identifier() -> None:
    terms = {
        word.lower()
        for row in _rows()
        for word in re.findall(r"[a-zæøåA-ZÆØÅ]{4,}", row[0])
        if word.lower() not in {"nets", "kontroll", "post"}  # "post" is also a verb of HTTP
    } - _STAYS
    words = {part.lower() for name in _names() for part in re.findall(r"[A-Za-z][a-z]+|[A-Z]+", name)}

    assert "bilag" in terms
    assert not sorted(terms & words)
