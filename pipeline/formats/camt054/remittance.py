"""What a payer paid for, as the bank tells it: a KID, several, another reference, or text."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipeline.formats.camt054.notes import Code
from pipeline.formats.camt054.values import OURS, Amount, remainder
from schemas.bank import KidShare
from schemas.kid import LONGEST, SHORTEST, SHORTEST_USUAL, Kid, KidVerdict, is_well_formed, verdict
from schemas.money import Money

_RF = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")


class Part(NamedTuple):
    """One structured remittance: a KID (or an RF reference in its place), what else is written, how much it is for.

    `odd`: what is to be said of it, None for nothing.
    """

    kid: Kid | None
    text: str | None
    amount: Money | None
    odd: tuple[Code, str] | None


def part(values: Mapping[str, Any]) -> Part:
    """Read a `Strd`, by the keys of `elements`. A wrong KID refuses nothing, for the money has come."""
    reference: str | None = values.get("CdtrRefInf/Ref")
    said = " ".join(values.get("AddtlRmtInf", ())) or None
    if reference is None:
        return Part(None, said, None, None)
    kid, odd = _kid(
        reference, values.get("CdtrRefInf/Tp/CdOrPrtry/Cd"), is_iso=values.get("CdtrRefInf/Tp/Issr") == "ISO"
    )
    if kid is None:
        said = f"{reference} {said}" if said else reference
    return Part(kid, said, _amount(values), odd)


def _kid(reference: str, code: str | None, *, is_iso: bool) -> tuple[Kid | None, tuple[Code, str] | None]:
    if code == "SCOR" and _RF.fullmatch(reference) and remainder(reference) == 1:
        return reference, (Code.RF_REFERENCE, "an ISO 11649 reference stands in the place of a KID")
    if code != "SCOR" or is_iso or not SHORTEST <= len(reference) <= LONGEST or not is_well_formed(reference):
        return None, (Code.KID_MALFORMED, "a reference that is no KID is read as text")
    if len(reference) < SHORTEST_USUAL:
        return reference, (Code.KID_SHORT, "the KID has fewer than four characters")
    if verdict(reference, ()) is not KidVerdict.VALID:
        return reference, (Code.KID_CONTROL, "the KID passes neither MOD10 nor MOD11")
    return reference, None


def _amount(values: Mapping[str, Any]) -> Money | None:
    """What is remitted, less what is credited; None where nothing is said in our currency."""
    remitted: Amount | None = values.get("RfrdDocAmt/RmtdAmt")
    credited: Amount | None = values.get("RfrdDocAmt/CdtNoteAmt")
    said = [amount for amount in (remitted, credited) if amount is not None]
    if not said or any(amount.currency != OURS for amount in said):
        return None
    return (remitted.ore if remitted else 0) - (credited.ore if credited else 0)


def shares(parts: Iterable[Part], amount: Money) -> tuple[KidShare, ...]:
    """What each KID of a payment has, in the order of the file; of none an amount unless they sum up to the payment."""
    sums: Counter[Kid] = Counter()
    are_known = True
    for each in parts:
        if each.kid is not None:
            sums[each.kid] += each.amount or 0
            are_known = are_known and each.amount is not None
    are_known = are_known and sum(sums.values()) == abs(amount)
    sign = -1 if amount < 0 else 1
    return tuple(KidShare(kid, sign * share if are_known else None) for kid, share in sums.items())
