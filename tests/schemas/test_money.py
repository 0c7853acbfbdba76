"""Money in and out of whole øre."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import decimal_text, from_decimal_text, half_up, in_kroner, kr

ANY = st.integers(-(10**20), 10**20)


@pytest.mark.parametrize(
    ("kroner", "ore", "money"), [(12, 50, 1250), (0, 1, 1), (-12, 50, -1250), (7, 0, 700)]
)
def test_kroner_and_ore_make_money(kroner: int, ore: int, money: int) -> None:
    assert kr(kroner, ore) == money


@pytest.mark.parametrize("ore", [-1, 100])
def test_a_krone_has_a_hundred_ore(ore: int) -> None:
    with pytest.raises(ValueError, match="100 øre"):
        kr(1, ore)


@pytest.mark.parametrize(
    ("money", "text", "decimal"),
    [
        (0, "0,00", "0.00"),
        (5, "0,05", "0.05"),
        (-5, "-0,05", "-0.05"),
        (123_450, "1 234,50", "1234.50"),
        (-100_000_000, "-1 000 000,00", "-1000000.00"),
        (99_999_999_999_999_999, "999 999 999 999 999,99", "999999999999999.99"),
    ],
)
def test_money_is_written_for_people_and_for_machines(money: int, text: str, decimal: str) -> None:
    assert in_kroner(money) == text
    assert decimal_text(money) == decimal


@given(ANY)
def test_decimal_text_comes_back(money: int) -> None:
    assert from_decimal_text(decimal_text(money)) == money


@pytest.mark.parametrize(
    ("text", "money"), [("12", 1200), ("12.5", 1250), ("+12.05", 1205), ("-0.01", -1), ("007", 700)]
)
def test_an_amount_may_have_up_to_two_decimals(text: str, money: int) -> None:
    assert from_decimal_text(text) == money


@pytest.mark.parametrize(
    "text", ["", "12,50", "12.505", "1 000.00", "12.", ".5", "1e3", "٣", "12.50 ", "--1", "NaN"]
)
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount: expected digits with at most two decimals"):
        from_decimal_text(text)


@pytest.mark.parametrize(
    ("numerator", "denominator", "money"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (1, 3, 0),
        (2, 3, 1),
        (-5, 2, -3),
        (5, -2, -3),
        (4, 2, 2),
        (0, 7, 0),
        (149, 100, 1),
    ],
)
def test_a_half_is_rounded_away_from_zero(numerator: int, denominator: int, money: int) -> None:
    assert half_up(numerator, denominator) == money


@given(ANY, st.integers(1, 10**9))
def test_rounding_is_off_by_half_an_ore_at_most_and_the_same_for_a_reversal(
    numerator: int, denominator: int
) -> None:
    rounded = half_up(numerator, denominator)

    assert abs(2 * (rounded * denominator - numerator)) <= denominator
    assert half_up(-numerator, denominator) == -rounded
