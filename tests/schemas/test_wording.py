"""A number with its noun."""

import pytest

from schemas.wording import counted


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 payments"), (1, "1 payment"), (2, "2 payments"), (-1, "-1 payments")]
)
def test_only_one_is_one(number: int, said: str) -> None:
    assert counted(number, "payment") == said


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert [counted(n, "company", "companies") for n in (1, 2)] == ["1 company", "2 companies"]
