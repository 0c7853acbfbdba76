"""What the split of a case must know, and what it decides."""

from datetime import date
from typing import NamedTuple

from pipeline.rates import Rates
from pipeline.stage import Park
from schemas.case import CaseState, CoverOrder, OpenItem, Split, Waiver
from schemas.money import Money


class ImpossibleFactsError(ValueError):
    """Facts that no rule before this one may let through: our own fault, never a debtor's or a bank's."""


class Incoming(NamedTuple):
    """One payment on the case. `reverses` names another payment of the case whose parts this one takes back.

    `order` and `threshold` are those valid on `interest_on`, or the debtor's own order. `frozen`: a voucher has
    taken its splits, so that it stays on the case and the sum of its splits stays its amount.
    """

    id: int
    amount: Money
    interest_on: date
    booked_on: date
    file_id: int
    line: int
    reverses: int | None
    order: CoverOrder
    threshold: Money
    frozen: bool


class Movement(NamedTuple):
    """What Visma says happened to an invoice of the case: debit positive, so a payment or credit note is negative.

    It moves that invoice's principal only. `threshold` is the one valid on `day`.
    """

    id: int
    item_id: int
    amount: Money
    day: date
    threshold: Money


class CaseFacts(NamedTuple):
    """All that is known of one case. The order of items, waivers, movements and payments does not matter.

    `closed`: a person closed it, whatever its rest is.
    """

    case_id: int
    case_no: str
    state: CaseState
    items: tuple[OpenItem, ...]
    waivers: tuple[Waiver, ...]
    movements: tuple[Movement, ...]
    payments: tuple[Incoming, ...]
    rates: Rates
    closed: bool


class InterestTaken(NamedTuple):
    """Interest of one invoice that one payment covered; negative where a reversal gives it back.

    `weighted`: the sum of principal x basis points x days since the due date, up to and including `until`; over
    365 x 10,000 and rounded once it is all the interest of the invoice so far. `known`: False if a day of it
    lies outside the table of rates and took the nearest rate.
    """

    payment_id: int
    item_id: int
    amount: Money
    until: date
    weighted: int
    known: bool


class CaseSplit(NamedTuple):
    """How the payments cover the case. Each payment is either split to its last øre, or parked.

    `waived`: waiver id and what it let go of. `credits`: item id and by how much Visma's movements left the invoice
    over-covered; it stands in Visma and lowers nothing else. `balance`: what is owed on `as_of`, the day of the last
    payment, waiver or movement, with the interest accrued until then; without any, `as_of` is None and no interest is in
    it.
    """

    case_id: int
    splits: tuple[Split, ...]
    interest: tuple[InterestTaken, ...]
    parked: tuple[tuple[int, Park], ...]
    waived: tuple[tuple[int, Money], ...]
    credits: tuple[tuple[int, Money], ...]
    balance: Money
    as_of: date | None
    state: CaseState
