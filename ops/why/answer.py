"""The answer to "why was this payment split like this?", as values."""

from dataclasses import dataclass
from datetime import date

from ops.queries.cases import Balance
from ops.queries.payments import Note, PaymentRow, SplitRow
from ops.queries.transactions import TransactionRow
from ops.queries.work import ActRow
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the payment came from: the line in the bank's file, kept for ever under its sha256."""

    file_id: int
    file_name: str
    sha256: str
    line: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of days on which the principal and the rate were the same: days after `after` up to and including `to`."""

    after: date
    to: date
    days: int
    principal: Money
    basis_points: int
    source: str

    @property
    def weighted(self) -> int:
        """Principal x days x basis points: øre of interest times 365 x 10,000."""
        return self.principal * self.days * self.basis_points


@dataclass(frozen=True, slots=True)
class InterestSum:
    """The interest of one invoice on the payment's day. `accrued`: all segments, rounded once; `owed`: less `taken_before`."""

    item_id: int
    invoice_no: str
    due_on: date
    segments: tuple[Segment, ...]
    accrued: Money
    taken_before: Money
    owed: Money
    covered: Money
    known: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One kind in the order of cover: what was owed of it, what the payment covered, what was left of the payment then."""

    kind: str
    owed: Money
    covered: Money
    left: Money


@dataclass(frozen=True, slots=True)
class Order:
    """The order of cover (dekningsrekkefølge), and who says so: the debtor, or the client's row of the setup."""

    kinds: tuple[str, ...]
    by: str
    setup_row: int | None
    valid_from: date | None
    version: int | None


@dataclass(frozen=True, slots=True)
class VoucherLineOf:
    """A line of a voucher that has money of the payment. `own`: a line of the payment's customer, not a sum of many."""

    voucher_id: int
    reference: str
    state: str
    voucher_no: str | None
    no: int
    account: str
    text: str
    amount: Money
    own: bool


@dataclass(frozen=True, slots=True)
class Why:
    """All of it, from the line in the file to Visma's number. What does not apply is None or empty.

    `shares`: of a payment that is on several cases, the answer for each of them, with that case's share; what is asked of
    one case is empty then. `moved`: what Visma had moved on the case by the payment's interest date. `rule` names the rule and the version of the program that answers; `agrees`: what stands is what the rule gives now.
    """

    payment: PaymentRow
    origin: Origin
    found_by: str
    case_no: str | None
    before: Balance | None
    moved: tuple[TransactionRow, ...]
    order: Order | None
    steps: tuple[Step, ...]
    interest: tuple[InterestSum, ...]
    takes_back: int | None
    rule: str
    agrees: bool
    share: Money | None
    shares: "tuple[Why, ...]"
    splits: tuple[SplitRow, ...]
    lines: tuple[VoucherLineOf, ...]
    notes: tuple[Note, ...]
    acts: tuple[ActRow, ...]
