"""The mutation runner itself, on a tree of one function: it tells a mutant that a test notices from one that none does."""

from pathlib import Path

from tests.mutants.mutating import mutants
from tests.mutants.parts import PARTS, ROOT, Part
from tests.mutants.running import run, sample

SOURCE = '''"""What may be taken."""


def taken(amount: int, rest: int) -> int:
    """The lesser of the two."""
    return amount if amount < rest else rest
'''
TESTS = '''"""What is taken."""

from pipeline.taking import taken


def test_what_is_taken() -> None:
    assert (taken(1, 2), taken(2, 1)) == (1, 1)
'''


def test_what_a_test_notices_is_killed_and_an_equivalent_mutant_is_named(tmp_path: Path) -> None:
    for file, text in {"pipeline/taking.py": SOURCE, "tests/test_taking.py": TESTS}.items():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text)
    for package in ("pipeline", "tests"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    part = Part(("pipeline/taking.py",), ("tests/test_taking.py",))

    outcomes = {
        str(each.mutant): each.is_killed for each in run(part, tmp_path, sample(part, tmp_path, 9, 1))
    }

    assert (
        outcomes
        == {
            "pipeline/taking.py:6: `amount < rest` -> `(amount <= rest)`": False,  # equal amounts: the same is taken
            "pipeline/taking.py:6: `amount < rest` -> `(amount >= rest)`": True,
            "pipeline/taking.py:6: `amount if amount < rest else rest` -> `(amount if not amount < rest else rest)`": True,
            "pipeline/taking.py:6: `return amount if amount < rest else rest` -> `return None`": True,
        }
    )
    assert (tmp_path / "pipeline/taking.py").read_text() == SOURCE


def test_each_mutant_of_the_product_is_python_and_a_seed_repeats_its_sample() -> None:
    part = PARTS["interest"]
    for file in part.files(ROOT):
        whole = (ROOT / file).read_bytes()
        for each in mutants(file, whole):
            compile(each.of(whole), file, "exec")

    assert sample(part, ROOT, 20, 7) == sample(part, ROOT, 20, 7) != sample(part, ROOT, 20, 8)
