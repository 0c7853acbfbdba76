"""What a table of names must say of an installation's contract; `mapping` holds the one that we assume.

A name is a path below the element that it belongs to: `amount`, or `lines/line` where the far side nests. A part in a
namespace of its own is written `{namespace}name`; the others take what `Mapping.field_namespace` and `Mapping.style` say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable

from schemas.transfer import CaseNumber, NumberVerdict, TransactionKind, Verdict
from schemas.voucher import LedgerState, Voucher, VoucherLine
from workers.accounting.names import (
    CompanyNames,
    ErrorNames,
    Field,
    InvoiceNames,
    ResultNames,
    TransactionNames,
    VoucherNames,
)
from workers.accounting.soap import Soap, Style


@dataclass(frozen=True, slots=True)
class RegisterNames:
    """Vouchers out. The fields are sent in the table's order: those of the head, the lines, the closing ones."""

    name: str
    answer: str
    voucher: str
    head: tuple[Field[Voucher], ...]
    line: str
    line_fields: tuple[Field[VoucherLine], ...]
    most_dimensions: int
    closing: tuple[Field[Voucher], ...]
    results: str
    result: ResultNames


@dataclass(frozen=True, slots=True)
class FindNames:
    """The question for one reference."""

    name: str
    answer: str
    company: str
    reference: str
    rows: str


@dataclass(frozen=True, slots=True)
class ListNames:
    """The question for all vouchers of a span of days."""

    name: str
    answer: str
    company: str
    voucher_type: str
    registrar: str
    first: str
    last: str
    page: str
    rows: str
    next_page: str


@dataclass(frozen=True, slots=True)
class InstallationNames:
    """What the installation says of itself. `means`: its words for capabilities, where they are not ours."""

    name: str
    answer: str
    version: str
    companies: str
    company: CompanyNames
    capability: str
    means: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReadyNames:
    """The question for ready invoices."""

    name: str
    answer: str
    company: str
    dunning_code: str
    page: str
    rows: str
    invoice: InvoiceNames
    next_page: str


@dataclass(frozen=True, slots=True)
class CaseNumberNames:
    """Case numbers out. `results`: a row of the answer, found again by invoice and customer."""

    name: str
    answer: str
    company: str
    row: str
    row_fields: tuple[Field[CaseNumber], ...]
    results: str
    invoice_no: str
    customer_no: str
    code_means: dict[str, NumberVerdict]


@dataclass(frozen=True, slots=True)
class TransactionsNames:
    """The question for transactions. `kinds`: how the far side spells ours."""

    name: str
    answer: str
    company: str
    since: str
    page: str
    rows: str
    transaction: TransactionNames
    kinds: dict[str, TransactionKind]
    next_page: str
    cursor: str


@dataclass(frozen=True, slots=True)
class BalanceNames:
    """The question for balances. `marks`: the words that mean "with us"."""

    name: str
    answer: str
    company: str
    asked: str
    rows: str
    invoice_no: str
    open_amount: str
    collection_mark: str
    case_no: str
    marks: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """All that an installation's contract calls by a name.

    `xsd` proves what stands in a SOAP body. `namespace` is that of the operations and faults, `field_namespace` that of
    all below them, "" for none; `day_text` is how a question names a day. `fault_codes`: the faults, by the element in the detail, and the code that each means, ""
    where the code stands inside. `codes`: the far side's codes that we call otherwise. `code_means`: what each code of
    ours proves of a voucher; one that is missing proves nothing. `masked`: by operation, "" for every one, the elements
    whose text is never kept.
    """

    wsdl: Traversable
    xsd: Traversable
    namespace: str
    binding: str
    soap: Soap
    style: Style
    field_namespace: str
    day_text: Callable[[date], str]
    register: RegisterNames
    find: FindNames
    listing: ListNames
    voucher: VoucherNames
    states: dict[str, LedgerState]
    installation: InstallationNames
    ready: ReadyNames
    numbers: CaseNumberNames
    transactions: TransactionsNames
    balances: BalanceNames
    error: ErrorNames
    fault_codes: dict[str, str]
    codes: dict[str, str]
    code_means: dict[str, Verdict]
    masked: dict[str, tuple[str, ...]]
