"""A KID (kundeidentifikasjon) with its control digit: right, wrong, and what was perhaps meant."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Kid: TypeAlias = str
"""2 to 25 characters, digits, of which the last may be `-` (MOD11, rest 1). Text: leading zeros count."""

SHORTEST, LONGEST, SHORTEST_USUAL = 2, 25, 4

_DIGITS = frozenset("0123456789")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


class Modulus(StrEnum):
    """The two controls that the banks know."""

    MOD10 = "mod10"  # Luhn
    MOD11 = "mod11"  # weights 2-7 from the right


class KidVerdict(StrEnum):
    """What the control says of a KID. Only VALID may match a case by itself; nothing here refuses money."""

    VALID = "valid"  # passes the control of its agreement (or, without one, either control)
    FAILS_CONTROL = "fails_control"  # well formed, but the control digit is another
    WRONG_LENGTH = "wrong_length"  # no agreement of the account has this length
    MALFORMED = "malformed"  # something else than digits, or a dash that is not last
    BLANK = "blank"  # no KID at all: free text payments


@dataclass(frozen=True, slots=True)
class KidAgreement:
    """One of the up to three patterns on an account; `length` counts the control digit."""

    length: int
    modulus: Modulus

    def __post_init__(self) -> None:
        if not SHORTEST <= self.length <= LONGEST:
            raise ValueError(f"a KID has {SHORTEST} to {LONGEST} characters, not {self.length}")


def mod10(digits: str) -> str:
    """The control digit to put after `digits` (Luhn): 12345678 gets 2. ValueError if not all are digits."""
    total = 0
    for place, digit in enumerate(reversed(_only_digits(digits))):
        total += _DOUBLED[int(digit)] if place % 2 == 0 else int(digit)
    return str(-total % 10)


def mod11(digits: str) -> str:
    """The control character to put after `digits`: 12345678 gets 5; rest 1 gives `-`."""
    total = sum((2 + place % 6) * int(digit) for place, digit in enumerate(reversed(_only_digits(digits))))
    rest = total % 11
    return "-" if rest == 1 else str(-rest % 11)


def numbered(number: int, agreement: KidAgreement) -> Kid | None:
    """The KID of an agreement that has this number before its control; None for one that has more digits than that."""
    digits = f"{number:0{agreement.length - 1}d}"
    if len(digits) >= agreement.length:
        return None
    return digits + (mod10(digits) if agreement.modulus is Modulus.MOD10 else mod11(digits))


def is_well_formed(kid: Kid) -> bool:
    """Digits, the last of them perhaps a dash."""
    return (
        bool(kid)
        and _DIGITS.issuperset(kid[:-1])
        and (kid[-1] in _DIGITS or (kid[-1] == "-" and len(kid) > 1))
    )


def passes(kid: Kid, modulus: Modulus) -> bool:
    """Whether the last character is the control of the rest. `kid` is well formed and longer than one."""
    control = mod10 if modulus is Modulus.MOD10 else mod11
    return control(kid[:-1]) == kid[-1]


def verdict(kid: Kid, agreements: tuple[KidAgreement, ...]) -> KidVerdict:
    """The control's word on `kid` under an account's agreements; with none, either modulus will do."""
    if not kid.strip():
        return KidVerdict.BLANK
    if not is_well_formed(kid):
        return KidVerdict.MALFORMED
    moduli = _moduli(len(kid), agreements)
    if not moduli:
        return KidVerdict.WRONG_LENGTH
    return KidVerdict.VALID if any(passes(kid, modulus) for modulus in moduli) else KidVerdict.FAILS_CONTROL


def near(kid: Kid, agreements: tuple[KidAgreement, ...]) -> tuple[Kid, ...]:
    """What a debtor may have meant: one character other, or two neighbours swapped, and the control passes.

    Swaps come first, for they are the fewer, then by place from the left; without repeats and without `kid`.
    """
    if not is_well_formed(kid):
        return ()
    candidates = [kid[:i] + kid[i + 1] + kid[i] + kid[i + 2 :] for i in range(len(kid) - 1)]
    candidates += [kid[:i] + other + kid[i + 1 :] for i in range(len(kid)) for other in "0123456789"]
    candidates.append(kid[:-1] + "-")
    return tuple(
        other
        for other in dict.fromkeys(candidates)
        if other != kid and verdict(other, agreements) is KidVerdict.VALID
    )


def _moduli(length: int, agreements: tuple[KidAgreement, ...]) -> tuple[Modulus, ...]:
    if agreements:
        return tuple(agreement.modulus for agreement in agreements if agreement.length == length)
    return (Modulus.MOD10, Modulus.MOD11) if SHORTEST <= length <= LONGEST else ()


def _only_digits(digits: str) -> str:
    if not _DIGITS.issuperset(digits):
        raise ValueError(f"{digits!r} holds something else than the digits 0-9")
    return digits
