"""The two controls of a KID, its verdicts, and what was perhaps meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kid import KidAgreement, KidVerdict, Modulus, mod10, mod11, near, numbered, passes, verdict

DIGITS = st.text("0123456789", min_size=1, max_size=24)
SEVEN = (KidAgreement(7, Modulus.MOD10),)
TWO = (KidAgreement(7, Modulus.MOD10), KidAgreement(9, Modulus.MOD11))


def test_the_controls_of_the_specification() -> None:
    assert mod10("12345678") == "2"
    assert mod11("12345678") == "5"


@pytest.mark.parametrize(
    ("digits", "control"), [("001009", "-"), ("0", "0"), ("6", "-"), ("1", "9"), ("00000000", "0")]
)
def test_mod11_has_a_dash_for_rest_one_and_zero_for_rest_zero(digits: str, control: str) -> None:
    assert mod11(digits) == control


@given(DIGITS)
def test_each_control_makes_the_weighted_sum_divisible(digits: str) -> None:
    ten, eleven = mod10(digits), mod11(digits)

    weighed = sum((2 + place % 6) * int(digit) for place, digit in enumerate(reversed(digits)))
    assert (weighed + (10 if eleven == "-" else int(eleven))) % 11 == 0
    assert sum(
        sum(map(int, str(int(d) * (2 - place % 2)))) for place, d in enumerate(reversed(digits))
    ) % 10 == (-int(ten) % 10)


@pytest.mark.parametrize("text", ["", "12a", "٣", "1-", " 1"])
def test_a_control_is_of_digits_only(text: str) -> None:
    if text:
        with pytest.raises(ValueError, match="0-9"):
            mod10(text)
        with pytest.raises(ValueError, match="0-9"):
            mod11(text)
    else:
        assert mod10(text) == mod11(text) == "0"


@pytest.mark.parametrize(
    ("kid", "agreements", "expected"),
    [
        ("0010017", (), KidVerdict.VALID),
        ("001009-", (), KidVerdict.VALID),
        ("123456785", (), KidVerdict.VALID),
        ("0010018", (), KidVerdict.FAILS_CONTROL),
        ("0010017", SEVEN, KidVerdict.VALID),
        ("001009-", SEVEN, KidVerdict.FAILS_CONTROL),
        ("00100170", SEVEN, KidVerdict.WRONG_LENGTH),
        ("123456785", TWO, KidVerdict.VALID),
        ("123456782", TWO, KidVerdict.FAILS_CONTROL),
        ("", SEVEN, KidVerdict.BLANK),
        ("   ", (), KidVerdict.BLANK),
        ("00O0017", (), KidVerdict.MALFORMED),
        ("001-017", (), KidVerdict.MALFORMED),
        ("001 017", SEVEN, KidVerdict.MALFORMED),
        ("-", (), KidVerdict.MALFORMED),
        ("٣٣", (), KidVerdict.MALFORMED),
        ("0", (), KidVerdict.WRONG_LENGTH),
        ("0" * 26, (), KidVerdict.WRONG_LENGTH),
        ("0" * 25, (), KidVerdict.VALID),
    ],
)
def test_verdicts(kid: str, agreements: tuple[KidAgreement, ...], expected: KidVerdict) -> None:
    assert verdict(kid, agreements) is expected


@pytest.mark.parametrize("length", [1, 26])
def test_an_agreement_is_about_lengths_that_a_kid_can_have(length: int) -> None:
    with pytest.raises(ValueError, match="2 to 25"):
        KidAgreement(length, Modulus.MOD10)


def test_a_swap_of_neighbours_and_a_wrong_digit_are_found() -> None:
    kid = "4711" + mod10("4711")

    assert kid in near("7411" + kid[-1], (KidAgreement(5, Modulus.MOD10),))
    assert kid in near("4811" + kid[-1], (KidAgreement(5, Modulus.MOD10),))
    assert near("7411" + kid[-1], (KidAgreement(5, Modulus.MOD10),))[0] == kid, "swaps come first"


@given(DIGITS.filter(lambda digits: len(digits) > 2), st.sampled_from(Modulus))
def test_what_is_near_passes_and_differs_in_one_place(digits: str, modulus: Modulus) -> None:
    agreements = (KidAgreement(len(digits), modulus),)

    for other in near(digits, agreements):
        places = [place for place in range(len(digits)) if digits[place] != other[place]]
        assert verdict(other, agreements) is KidVerdict.VALID
        assert passes(other, modulus)
        assert len(places) == 1 or (len(places) == 2 and places[1] == places[0] + 1)


@pytest.mark.parametrize("kid", ["", "abc", "12-4"])
def test_nothing_is_near_what_is_no_kid(kid: str) -> None:
    assert near(kid, ()) == ()


def test_nothing_is_near_a_kid_of_a_length_without_agreement() -> None:
    assert near("12345678", SEVEN) == ()


@pytest.mark.parametrize("modulus", list(Modulus))
@given(number=st.integers(1, 9_999_999))
def test_a_numbered_kid_passes_the_control_of_its_agreement(modulus: Modulus, number: int) -> None:
    agreement = KidAgreement(8, modulus)
    kid = numbered(number, agreement)

    assert kid is not None
    assert verdict(kid, (agreement,)) is KidVerdict.VALID
    assert int(kid[:-1]) == number


def test_an_agreement_has_no_kid_for_a_number_with_too_many_digits() -> None:
    assert numbered(10_000_000, KidAgreement(8, Modulus.MOD10)) is None
