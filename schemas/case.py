"""A case (sak): what one debtor owes one client, and what payments have covered of it."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeAlias

from schemas.kid import Kid
from schemas.money import Money


class Kind(IntEnum):
    """What a part of a claim, or of a payment, is. The number is what the database keeps."""

    PRINCIPAL = 1  # hovedstol: the invoice itself
    COSTS = 2  # omkostninger: legal costs
    FEE = 3  # salær, gebyr: reminder and collection fees
    INTEREST = 4  # forsinkelsesrente: late-payment interest on an invoice
    REST = 5  # more than was owed: a line of its own, by the client's policy
    SUSPENSE = 6  # uplassert: money without a case, parked on the suspense account


class CaseState(StrEnum):
    """Where a case stands. A state follows from the case's items and payments, but for recalled and merged."""

    OPEN = "open"
    PAID = "paid"  # nothing is owed
    CLOSED_WITH_REST = "closed_with_rest"  # the rest is under the client's closing threshold
    RECALLED = "recalled"  # the client took the claim back
    MERGED = "merged"  # stands as closed; its KID leads to the main case (kumulasjon)


CoverOrder: TypeAlias = tuple[Kind, ...]
"""In what order a payment covers a case (dekningsrekkefølge): each of principal, costs, fee, interest once."""

KK2_ORDER: CoverOrder = (Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST)


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who owes (skyldner)."""

    name: str
    customer_no: str


class OpenItem(NamedTuple):
    """One claim of a case (åpen post): an invoice's principal, or a cost or fee. Interest is computed, not an item."""

    id: int
    kind: Kind
    amount: Money
    due_on: date
    invoice_no: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """Part of a claim that was let go (ettergivelse). Lowers what is owed from a day on; is never bank money.

    `item_id` names the invoice or cost; a waiver of interest names the invoice and has kind INTEREST.
    """

    id: int
    item_id: int
    kind: Kind
    amount: Money
    day: date


class Split(NamedTuple):
    """What one payment covers of one item (fordeling, oppdekning). `item_id` is None for REST and SUSPENSE.

    `amount` has the payment's sign: a reversal's splits are negative.
    """

    payment_id: int
    item_id: int | None
    kind: Kind
    amount: Money


@dataclass(frozen=True, slots=True)
class Case:
    """A case as other systems know it: numbers, owner, state."""

    id: int
    company: str
    client: str
    case_no: str
    kid: Kid
    case_flow: str
    state: CaseState
    opened_on: date
    debtor: Debtor
