"""The release gate: the corpus becomes, byte for byte, what it became before; and the changes say which corpus stands."""

from pathlib import Path

import pytest

from tests.site import Site
from tests.stories import replayed

CHANGES = Path(__file__).parents[2] / "CHANGELOG.md"


def test_the_corpus_becomes_what_it_became_before(here: Site) -> None:
    for name, content in replayed.replay(here).items():
        before = (replayed.HERE / name).read_text(encoding="utf-8")
        if content != before:
            pairs = enumerate(zip(before.splitlines(), content.splitlines(), strict=False), 1)
            line, was, now = next(((n, *pair) for n, pair in pairs if pair[0] != pair[1]), (0, "", ""))
            pytest.fail(
                f"{name}:{line}: a payment is split, or a voucher written, otherwise than before\n  was {was}\n  now {now}\n"
                "If that is meant: python -m tests.stories.replayed writes it anew, and CHANGELOG.md says why"
            )


def test_the_changes_name_the_corpus_that_stands() -> None:
    name = replayed.fingerprint()
    assert f"Replay corpus: {name}" in CHANGES.read_text(encoding="utf-8"), (
        f"tests/golden/replay changed: say under Changed in CHANGELOG.md why, and write `Replay corpus: {name}`"
    )
