"""The setup: Installation > Company > Client, as dated rows. A change is a new row from a day; no row is edited."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from schemas.case import CoverOrder
from schemas.kid import KidAgreement
from schemas.money import Money


class OverpaymentPolicy(StrEnum):
    """What becomes of the part of a payment that is more than was owed."""

    SUSPENSE = "suspense"  # credited to the overpayment account
    CREDIT = "credit"  # credited to the customer in the sub-ledger, without an invoice
    HOLD = "hold"  # stays in the proposal until a person approves it


class ParkedPolicy(StrEnum):
    """What becomes of parked money when the rest of its group is approved."""

    SUSPENSE = "suspense"  # debit bank, credit suspense: bank equals statement the same day
    WAIT = "wait"  # not posted until it is repaired


class CasePer(StrEnum):
    """How many cases the import opens for invoices of one debtor in one dunning proposal."""

    INVOICE = "invoice"
    DEBTOR = "debtor"  # one for all of a debtor's invoices in the proposal


class ClosedPeriodPolicy(StrEnum):
    """What to do when the period of the booked date is closed in Visma."""

    PARK = "park"
    NEXT_OPEN = "next_open"  # a new voucher on the first day of the next open period, with the booked date in the text


@dataclass(frozen=True, slots=True)
class Installation:
    """One Visma, one connection. `number` stands in every voucher reference. Secrets by reference: `env:NAME`, `file:PATH`.

    Time-outs and the inquiry pause are seconds. `finds`, `lists`, `deduplicates`: what this Visma can do with vouchers;
    `imports` (ready invoices, case numbers), `transacts`, `balances`: whether it has those operations.
    """

    code: str
    number: int
    endpoint: str
    username: str
    password: str
    ca_file: str
    client_certificate: str
    connect_timeout: float
    operation_timeout: float
    inquiry_pause: float
    max_calls: int
    vouchers_per_call: int
    finds: bool
    lists: bool
    deduplicates: bool
    imports: bool = True
    transacts: bool = True
    balances: bool = True

    @property
    def by_file(self) -> bool:
        """Whether vouchers go to it as files in a folder: the endpoint is `file:///FOLDER`."""
        return self.endpoint.startswith("file:")


@dataclass(frozen=True, slots=True)
class PostingAccounts:
    """Ledger accounts of a company, or a client's own. Dimensions and VAT codes go with each line of that kind."""

    bank: str
    interest: str
    costs: str
    fee: str
    suspense: str
    overpayment: str
    tax_code: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Company:
    """A company (selskap) in Visma: how its vouchers look and what stops the automatic path.

    `limit_voucher`, `limit_day`: kroner as øre of absolute amounts above which a person approves; 0 = no limit.
    `posting` False is shadow mode: everything but delivery. `dunning_code` (purrekode) marks the proposals to import,
    "" = none are.
    """

    code: str
    installation: str
    name: str
    voucher_type: str
    registrar: str
    approve_in_visma: bool
    division: str
    accounts: PostingAccounts
    parked_policy: ParkedPolicy
    closed_period_policy: ClosedPeriodPolicy
    auto_approve: bool
    limit_voucher: Money
    limit_day: Money
    four_eyes_limit: Money
    payments_per_voucher: int
    posting: bool
    dunning_code: str = ""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An OCR account of a company, with its KID agreements; a new case's own KID follows the first of them.

    Bank files before `cut_over` are not booked.
    """

    number: str
    company: str
    kid_agreements: tuple[KidAgreement, ...]
    cut_over: date | None


@dataclass(frozen=True, slots=True)
class SubLedger:
    """A sub-ledger row (reskontro) of a client: which account its customers stand on, and the case flow."""

    client: str
    company: str
    sub_ledger_type: str
    account: str
    case_flow: str


@dataclass(frozen=True, slots=True)
class Client:
    """A client (oppdragsgiver), Visma's code of three characters. `accounts` is the company's unless it has its own.

    Of a case that the import opens: `case_no_pattern` is its number, each `#` a digit ("0221-########"), "" = it opens
    none; `case_account` is the OCR account that it is to be paid on, "" = the company's first.
    """

    code: str
    company: str
    name: str
    cover_order: CoverOrder
    closing_threshold: Money
    overpayment_policy: OverpaymentPolicy
    accounts: PostingAccounts | None
    case_account: str = ""
    case_no_pattern: str = ""
    case_per: CasePer = CasePer.INVOICE


R = TypeVar("R", Installation, Company, BankAccount, SubLedger, Client)


@dataclass(frozen=True, slots=True)
class Row(Generic[R]):
    """One dated row: `value` is valid from `valid_from` on, unless a later day or a higher version of that day says other."""

    id: int
    valid_from: date
    version: int
    value: R


class NoSuchSetupError(LookupError):
    """No row of the setup is valid on the day that was asked for."""


@dataclass(frozen=True, slots=True)
class Dated(Generic[R]):
    """All rows of one key, newest first."""

    rows: tuple[Row[R], ...]

    @classmethod
    def of(cls, rows: Iterable[Row[R]]) -> "Dated[R]":
        """Order the rows so that the first one on or before a day is the valid one."""
        return cls(tuple(sorted(rows, key=lambda row: (row.valid_from, row.version), reverse=True)))

    def on(self, day: date) -> Row[R]:
        """Give the row valid on `day`; raises `NoSuchSetupError` if the first is later."""
        for row in self.rows:
            if row.valid_from <= day:
                return row
        raise NoSuchSetupError(
            f"no row of the setup is valid on {day}; the first begins {self.rows[-1].valid_from}"
        )

    def on_or_after(self, day: date) -> Row[R]:
        """Give the row valid on `day`, or the first that becomes valid after it."""
        return next((row for row in self.rows if row.valid_from <= day), self.rows[-1])

    def latest(self) -> Row[R]:
        """Give the newest row, whatever the day."""
        return self.rows[0]


@dataclass(frozen=True, slots=True)
class Setup:
    """The whole setup in memory: keys to their dated rows. `clients` and `sub_ledgers` are keyed with their company."""

    installations: dict[str, Dated[Installation]]
    companies: dict[str, Dated[Company]]
    accounts: dict[str, Dated[BankAccount]]
    clients: dict[tuple[str, str], Dated[Client]]
    sub_ledgers: dict[tuple[str, str, str], Dated[SubLedger]]
