"""The migrations are one line: of two that are written at the same time, the second to arrive is renumbered."""

import re
from itertools import pairwise
from pathlib import Path

VERSIONS = Path(__file__).resolve().parents[2] / "ops/migrations/versions"


def test_each_migration_has_a_number_of_its_own_and_follows_the_one_before() -> None:
    found = sorted((path.name[:4], path.read_text(encoding="utf-8")) for path in VERSIONS.glob("0*.py"))
    numbers = [number for number, _ in found]

    assert numbers == [f"{n:04d}" for n in range(1, len(found) + 1)]
    assert all(re.search(f'^revision = "{number}"$', source, re.MULTILINE) for number, source in found)
    for (before, _), (number, source) in pairwise(found):
        assert f'down_revision = "{before}"' in source, f"{number} does not follow {before}"
