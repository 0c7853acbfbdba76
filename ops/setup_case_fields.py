"""How the setup's values that shape cases are read: cover order, KID patterns, case numbers."""

import re

from ops.setup_fields import Unfit
from schemas.case import CoverOrder, Kind
from schemas.kid import LONGEST, SHORTEST, KidAgreement, Modulus

_COVERED = (Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST)


def cover_order(value: object) -> CoverOrder:
    """In what order payments cover a case: each kind that can be owed, once."""
    words = [kind.name.lower() for kind in _COVERED]
    if not isinstance(value, list) or sorted(map(str, value)) != sorted(words):
        raise Unfit(f"each of {', '.join(words)} once")
    return tuple(Kind[word.upper()] for word in value)


def kid_agreements(value: object) -> tuple[KidAgreement, ...]:
    """Up to three KID patterns."""
    unfit = Unfit(f'up to three of {{ length = {SHORTEST} to {LONGEST}, modulus = "mod10" or "mod11" }}')
    if not isinstance(value, list) or len(value) > 3:
        raise unfit
    made = []
    for each in value:
        if (
            not isinstance(each, dict)
            or each.keys() != {"length", "modulus"}
            or type(each["length"]) is not int
        ):
            raise unfit
        try:
            made.append(KidAgreement(each["length"], Modulus(each["modulus"])))
        except ValueError:
            raise unfit from None
    return tuple(made)


def case_no_pattern(value: object) -> str:
    """The pattern of a new case's number; empty is none. Visma allows sixteen characters."""
    if value != "" and (
        not isinstance(value, str) or len(value) > 16 or not re.fullmatch(r"[^\s/#]*#{4,}[^\s/#]*", value)
    ):
        raise Unfit(
            'a pattern of at most 16 characters with four or more # side by side, one for each digit, as "0221-########"'
        )
    return str(value)
