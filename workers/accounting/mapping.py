"""Our nouns and WSinkasso's names, as data: an installation with other names changes this file and the WSDL only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schemas.money import decimal_text
from schemas.transfer import Verdict
from schemas.voucher import LedgerState, Voucher, VoucherLine

NAMESPACE: Final = "urn:kk2-visma:wsinkasso:1"
BINDING: Final = f"{{{NAMESPACE}}}WSinkassoSoap"
WSDL: Final = ("wsdl", "wsinkasso.wsdl")  # inside the package `schemas`
XSD: Final = ("xsd", "wsinkasso.xsd")

REGISTER: Final = "RegisterVouchers"
FIND: Final = "FindVoucher"
LIST: Final = "ListVouchers"
INSTALLATION: Final = "GetInstallation"

VOUCHER: Final = "voucher"
LINE: Final = "line"

HEAD_FIELDS: Final[tuple[tuple[str, Callable[[Voucher], str]], ...]] = (
    ("company", lambda voucher: voucher.company),
    ("division", lambda voucher: voucher.division),
    ("year", lambda voucher: str(voucher.voucher_date.year)),
    ("period", lambda voucher: str(voucher.voucher_date.month)),
    ("voucherType", lambda voucher: voucher.voucher_type),
    ("voucherDate", lambda voucher: voucher.voucher_date.isoformat()),
    ("registrar", lambda voucher: voucher.registrar),
    ("approve", lambda voucher: "true" if voucher.approve else "false"),
    ("externalReference", lambda voucher: voucher.reference),
)
HEAD_TEXT: Final = "text"

LINE_ACCOUNT: Final = "account"
LINE_TEXT: Final = "text"
LINE_AMOUNT: Final = "amount"
LINE_FIELDS: Final[tuple[tuple[str, Callable[[VoucherLine], str]], ...]] = (
    ("account", lambda line: line.account),
    ("text", lambda line: line.text),
    ("amount", lambda line: decimal_text(line.amount)),
    ("taxCode", lambda line: line.tax_code),
)
DIMENSIONS: Final = tuple(f"dimension{number}" for number in range(1, 11))
CLOSING_LINE_FIELDS: Final[tuple[tuple[str, Callable[[VoucherLine], str]], ...]] = (
    ("customerNo", lambda line: line.customer_no),
    ("invoiceNo", lambda line: line.invoice_no),
    ("kid", lambda line: line.kid.strip()),
)
"""The order of the three groups is the XSD's: head fields and text; line fields, dimensions, closing line fields.

An empty value is left out, except a text."""


@dataclass(frozen=True, slots=True)
class ResultNames:
    """Names in a row of the answer to RegisterVouchers."""

    row: str
    reference: str
    number: str
    total: str
    lines: str
    error: str
    error_code: str
    error_line: str
    error_text: str


RESULT: Final = ResultNames(
    "result", "externalReference", "voucherNo", "total", "lines", "error", "code", "line", "text"
)


@dataclass(frozen=True, slots=True)
class LedgerNames:
    """Names in the questions for vouchers and in a voucher as the ledger has it."""

    company: str
    voucher_type: str
    registrar: str
    first: str
    last: str
    page: str
    next_page: str
    reference: str
    number: str
    state: str
    voucher_date: str
    total: str
    lines: str


LEDGER: Final = LedgerNames(
    "company", "voucherType", "registrar", "from", "to", "pageToken", "nextPageToken",
    "externalReference", "voucherNo", "state", "voucherDate", "total", "lines",
)  # fmt: skip

STATES: Final[dict[str, LedgerState]] = {
    "registered": LedgerState.REGISTERED,
    "approved": LedgerState.APPROVED,
    "posted": LedgerState.POSTED,
    "deleted": LedgerState.DELETED,
}

OWN_CODE: Final = ""
FAULT_CODES: Final[dict[str, str]] = {
    "ValidationFault": OWN_CODE,  # the code stands inside it
    "PeriodClosedFault": "PeriodClosed",
    "AccessDeniedFault": "AccessDenied",
    "BusyFault": "Busy",
}
"""The faults that the contract knows, by the element in `detail`, and the code that each means."""

CODE_MEANS: Final[dict[str, Verdict]] = {
    "PeriodClosed": Verdict.REFUSED,
    "UnknownCompany": Verdict.REFUSED,
    "UnknownDivision": Verdict.REFUSED,
    "UnknownAccount": Verdict.REFUSED,
    "UnknownVoucherType": Verdict.REFUSED,
    "UnknownRegistrar": Verdict.REFUSED,
    "Unbalanced": Verdict.REFUSED,
    "WrongPeriod": Verdict.REFUSED,
    "Schema": Verdict.REFUSED,
    "AccessDenied": Verdict.REFUSED,
    "Busy": Verdict.UNSENT,
    "DuplicateReference": Verdict.UNKNOWN,  # "already used" means that it may well be booked: ask, never refuse
}
"""The allow-list: what each business code proves. A code that is not here proves nothing, so the voucher is in doubt."""

MASKED: Final = ("kid", "name", "address", "personOrOrganisationNo")
"""Elements whose text never leaves the adapter readable."""
