"""What a day's reconciliation must know: the bank's money, where it is on our side, and our vouchers as Visma has them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pipeline.reconciliation.facts import Place
from schemas.control import DifferenceKind
from schemas.money import Money
from schemas.voucher import VoucherState


@dataclass(frozen=True, slots=True)
class SeenDifference:
    """A difference of a voucher that stands since a control; `explained` by a person, "" while it is open."""

    id: int
    kind: DifferenceKind
    cause: str
    act: str
    explained: str


@dataclass(frozen=True, slots=True)
class DayVoucher:
    """A voucher of the day. `bank`: what it puts on the bank account; `in_visma`: the same as Visma last told it.

    `in_visma` is None where no control has told of it since it was delivered, and for one that is not delivered.
    """

    id: int
    reference: str
    state: VoucherState
    voucher_no: str
    ledger_state: str
    text: str
    total: Money
    bank: Money
    in_visma: Money | None
    differences: tuple[SeenDifference, ...]


@dataclass(frozen=True, slots=True)
class DayFacts:
    """A company's day, booked by the bank. `statements`: by account and reference, what the bank file has.

    `on_cases`, `suspense`: live splits; `unsplit`: money without one, by where it stands; `proposal`: splits in no voucher.
    `broken`: payments whose splits are not their amount, some of them by id.
    """

    company: str
    day: date
    payments: int
    statements: tuple[tuple[str, Money], ...]
    on_cases: Money
    suspense: Money
    unsplit: tuple[tuple[Place, Money], ...]
    proposal: Money
    broken: tuple[int, ...]
    vouchers: tuple[DayVoucher, ...]


class Between(StrEnum):
    """The two sums that a difference of a day is between."""

    CASES = "cases"  # the bank file, and cases with suspense and what is parked or waits
    VOUCHERS = "vouchers"  # those, and vouchers that are delivered or posted by hand
    VISMA = "visma"  # those vouchers, and the same as Visma has them


@dataclass(frozen=True, slots=True)
class DayRow:
    """What makes up a difference; `amount` is None where nobody knows. `explained`: why it is so, "" while nobody said.

    `kind`: the name of a `Place`, a `DifferenceKind`, or `broken`, `bank_lines`, `in_shadow` or `untold`.
    """

    kind: str
    subject: str
    amount: Money | None
    cause: str
    act: str
    explained: str
    voucher_id: int | None
    difference_id: int | None


@dataclass(frozen=True, slots=True)
class DayDifference:
    """One of a day's three differences; None is unknown, which is never the same as nothing."""

    between: Between
    amount: Money | None
    rows: tuple[DayRow, ...]

    @property
    def settled(self) -> bool:
        """Whether it is nothing, or a person has explained all of it to the control."""
        return all(row.explained for row in self.rows) if self.rows else self.amount == 0


@dataclass(frozen=True, slots=True)
class DayBalance:
    """The three sums of a day and the differences between them; `vouchers` are those of ours that should be in Visma."""

    bank: Money
    cases: Money
    vouchers: Money
    visma: Money | None
    differences: tuple[DayDifference, ...]
