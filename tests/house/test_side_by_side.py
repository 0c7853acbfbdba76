"""Two versions run side by side while a site is upgraded: the newer understands what the older wrote, and takes nothing from it."""

import ast
import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

from workers.journal import _EVENT_TYPES

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ROOT / "ops/migrations/versions"
RELEASED = "0028"
"""The newest migration of the release before this: raise it with each release. What came later must let it go on."""
CONTRACTS: dict[str, str] = {}
"""Later migrations that take something away, by number, with the reason why the version before does not miss it."""
EVENTS = ROOT / "tests/golden/events.json"
"""Each event that a release has written, with its fields. A new one is added; none is taken away as long as rows may have it."""

_TAKES_AWAY = re.compile(
    r"\bDROP\s+(TABLE|COLUMN|FUNCTION|VIEW)\b|\bRENAME\b|\bSET\s+NOT\s+NULL\b|\bALTER\s+COLUMN\s+\w+\s+TYPE\b"
    r"|\bADD\s+CONSTRAINT\b|\bADD\s+COLUMN\b(?:(?!\bDEFAULT\b)[^,;])*\bNOT\s+NULL\b(?:(?!\bDEFAULT\b)[^,;])*(?=[,;]|$)"
    r"|\bADD\s+(?:CHECK|UNIQUE|FOREIGN)\b|\bREVOKE\b",
    re.IGNORECASE,
)
_TAKING = {
    "drop_column", "drop_table", "rename_table", "alter_column", "create_check_constraint", "create_unique_constraint",
    "create_foreign_key", "create_primary_key",
}  # fmt: skip


def taken_away(source: str, sql: str = "") -> list[str]:
    """What a migration's `upgrade` takes from a program of the version before: Alembic's calls, and its SQL."""
    (upgrade,) = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    found = [match[0] for match in _TAKES_AWAY.finditer(sql)]
    for node in ast.walk(upgrade):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [match[0] for match in _TAKES_AWAY.finditer(node.value)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, column = node.func.attr, ast.unparse(node)
            if name in _TAKING:
                found.append(name)
            if name == "add_column" and "nullable=False" in column and "server_default" not in column:
                found.append(column)
    return found


def test_no_migration_takes_from_the_version_before_what_it_still_uses() -> None:
    later = {path.name[:4]: path for path in VERSIONS.glob("0*.py") if path.name[:4] > RELEASED}
    found = {
        number: taken_away(
            path.read_text("utf-8"),
            path.with_suffix(".sql").read_text("utf-8") if path.with_suffix(".sql").exists() else "",
        )
        for number, path in later.items()
    }

    assert {number: taken for number, taken in found.items() if taken and number not in CONTRACTS} == {}
    assert CONTRACTS.keys() <= {number for number, taken in found.items() if taken}, (
        "listed, and takes nothing"
    )


def test_what_is_taken_away_is_seen() -> None:
    kinds = {
        "op.drop_column('voucher', 'text')": True,
        "op.execute('ALTER TABLE voucher RENAME COLUMN text TO words')": True,
        "op.execute('ALTER TABLE voucher ADD COLUMN more bigint NOT NULL, ADD COLUMN other text')": True,
        "op.add_column('voucher', sa.Column('more', sa.Integer(), nullable=False))": True,
        "op.execute('ALTER TABLE voucher ADD CONSTRAINT ck_more CHECK (total > 0)')": True,
        "op.execute('ALTER TABLE voucher ADD COLUMN more bigint NOT NULL DEFAULT 0')": False,
        "op.execute('ALTER TABLE voucher ADD COLUMN more bigint')": False,
        "op.add_column('voucher', sa.Column('more', sa.Integer(), nullable=False, server_default='0'))": False,
        "op.create_table('more', sa.Column('n', sa.Integer(), nullable=False))": False,
    }

    assert {call: bool(taken_away(f"def upgrade():\n    {call}\n")) for call in kinds} == kinds


def test_every_event_that_was_ever_written_is_understood() -> None:
    written: dict[str, list[str]] = json.loads(EVENTS.read_text("utf-8"))
    wrong = [f"{name} is no event any more" for name in written.keys() - _EVENT_TYPES.keys()]
    for name, kind in _EVENT_TYPES.items():
        needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
        if name not in written:
            wrong.append(f"{name} is new: add it to {EVENTS.name}")
        elif more := needed - set(written[name]):
            wrong.append(
                f"{name}: {', '.join(sorted(more))} came later, and rows of before lack it: give it a default"
            )

    assert wrong == []
