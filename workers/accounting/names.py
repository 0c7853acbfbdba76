"""What a table of names must say of one row: of an invoice, a voucher, a transaction, a company, an error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """A field that we send: where it stands, and its text. An empty one is left out unless `keep_empty`."""

    path: str
    text_of: Callable[[T], str]
    keep_empty: bool = False


@dataclass(frozen=True, slots=True)
class ErrorNames:
    """An error in a row, and in the fault that carries a code of its own."""

    row: str
    code: str
    line: str
    text: str


@dataclass(frozen=True, slots=True)
class ResultNames:
    """A row of the answer to a registration."""

    reference: str
    number: str
    total: str
    lines: str


@dataclass(frozen=True, slots=True)
class VoucherNames:
    """A voucher as the ledger has it."""

    reference: str
    number: str
    state: str
    voucher_date: str
    total: str
    lines: str


@dataclass(frozen=True, slots=True)
class CompanyNames:
    """A company in the answer about the installation."""

    code: str
    name: str
    client: str
    voucher_type: str
    registrar: str
    account: str
    sub_ledger_type: str
    open_year: str
    year: str
    period: str
    dunning_routine: str
    dunning_code: str
    dunning_client: str


@dataclass(frozen=True, slots=True)
class InvoiceNames:
    """A ready invoice."""

    proposal_no: str
    invoice_no: str
    customer_no: str
    name: str
    address: str
    identity_no: str
    sub_ledger_type: str
    client: str
    kid: str
    invoiced_on: str
    due_on: str
    original: str
    open_amount: str
    reminders: str
    fees: str


@dataclass(frozen=True, slots=True)
class TransactionNames:
    """A transaction on a transferred invoice."""

    transaction_id: str
    voucher_no: str
    line: str
    voucher_type: str
    registrar: str
    reference: str
    day: str
    amount: str
    kind: str
    invoice_no: str
    text: str
