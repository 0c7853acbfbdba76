"""Our nouns and WSinkasso's names, as data: an installation with other names changes this file, the WSDL and the XSD."""

from collections.abc import Callable
from datetime import date
from importlib.resources import files
from typing import Final

from schemas.money import decimal_text
from schemas.transfer import NumberVerdict, TransactionKind, Verdict
from schemas.voucher import LedgerState, VoucherLine
from workers.accounting.names import (
    CompanyNames,
    ErrorNames,
    Field,
    InvoiceNames,
    ResultNames,
    TransactionNames,
    VoucherNames,
)
from workers.accounting.soap import SOAP_1_1, Style
from workers.accounting.tables import (
    BalanceNames,
    CaseNumberNames,
    FindNames,
    InstallationNames,
    ListNames,
    Mapping,
    ReadyNames,
    RegisterNames,
    TransactionsNames,
)


def dimension(place: int) -> Callable[[VoucherLine], str]:
    """The text of a line's dimension by its place from 0, "" where it has fewer."""
    return lambda line: line.dimensions[place] if place < len(line.dimensions) else ""


WSINKASSO: Final = Mapping(
    wsdl=files("schemas") / "wsdl" / "wsinkasso.wsdl",
    xsd=files("schemas") / "xsd" / "wsinkasso.xsd",
    namespace="urn:kk2-visma:wsinkasso:1",
    binding="{urn:kk2-visma:wsinkasso:1}WSinkassoSoap",
    soap=SOAP_1_1,
    style=Style.DOCUMENT,
    day_text=date.isoformat,
    field_namespace="urn:kk2-visma:wsinkasso:1",
    register=RegisterNames(
        name="RegisterVouchers",
        answer="RegisterVouchersResponse",
        voucher="voucher",
        head=(
            Field("company", lambda voucher: voucher.company),
            Field("division", lambda voucher: voucher.division),
            Field("year", lambda voucher: str(voucher.voucher_date.year)),
            Field("period", lambda voucher: str(voucher.voucher_date.month)),
            Field("voucherType", lambda voucher: voucher.voucher_type),
            Field("voucherDate", lambda voucher: voucher.voucher_date.isoformat()),
            Field("registrar", lambda voucher: voucher.registrar),
            Field("approve", lambda voucher: "true" if voucher.approve else "false"),
            Field("externalReference", lambda voucher: voucher.reference),
            Field("text", lambda voucher: voucher.text, keep_empty=True),
        ),
        line="line",
        line_fields=(
            Field("account", lambda line: line.account),
            Field("text", lambda line: line.text, keep_empty=True),
            Field("amount", lambda line: decimal_text(line.amount)),
            Field("taxCode", lambda line: line.tax_code),
            *(Field(f"dimension{number}", dimension(number - 1)) for number in range(1, 11)),
            Field("customerNo", lambda line: line.customer_no),
            Field("invoiceNo", lambda line: line.invoice_no),
            Field("kid", lambda line: line.kid.strip()),
        ),
        most_dimensions=10,
        closing=(),
        results="result",
        result=ResultNames("externalReference", "voucherNo", "total", "lines"),
    ),
    find=FindNames("FindVoucher", "FindVoucherResponse", "company", "externalReference", "voucher"),
    listing=ListNames(
        name="ListVouchers",
        answer="ListVouchersResponse",
        company="company",
        voucher_type="voucherType",
        registrar="registrar",
        first="from",
        last="to",
        page="pageToken",
        rows="voucher",
        next_page="nextPageToken",
    ),
    voucher=VoucherNames("externalReference", "voucherNo", "state", "voucherDate", "total", "lines"),
    states={
        "registered": LedgerState.REGISTERED,
        "approved": LedgerState.APPROVED,
        "posted": LedgerState.POSTED,
        "deleted": LedgerState.DELETED,
    },
    installation=InstallationNames(
        name="GetInstallation",
        answer="GetInstallationResponse",
        version="version",
        companies="company",
        company=CompanyNames(
            code="code",
            name="name",
            client="client",
            voucher_type="voucherType",
            registrar="registrar",
            account="account",
            sub_ledger_type="subLedgerType",
            open_year="openPeriods",
            year="year",
            period="period",
            dunning_routine="dunningCode",
            dunning_code="code",
            dunning_client="client",
        ),
        capability="capability",
        means={},
    ),
    ready=ReadyNames(
        name="GetReadyInvoices",
        answer="GetReadyInvoicesResponse",
        company="company",
        dunning_code="dunningCode",
        page="pageToken",
        rows="invoice",
        invoice=InvoiceNames(
            proposal_no="proposalNo",
            invoice_no="invoiceNo",
            customer_no="customerNo",
            name="name",
            address="address",
            identity_no="personOrOrganisationNo",
            sub_ledger_type="subLedgerType",
            client="clientNo",
            kid="kid",
            invoiced_on="invoiceDate",
            due_on="dueDate",
            original="originalAmount",
            open_amount="openAmount",
            reminders="remindersSent",
            fees="fees",
        ),
        next_page="nextPageToken",
    ),
    numbers=CaseNumberNames(
        name="UpdateCaseNumbers",
        answer="UpdateCaseNumbersResponse",
        company="company",
        row="row",
        row_fields=(
            Field("invoiceNo", lambda row: row.invoice_no),
            Field("customerNo", lambda row: row.customer_no),
            Field("caseNo", lambda row: row.case_no),
            Field("date", lambda row: row.day.isoformat()),
        ),
        results="result",
        invoice_no="invoiceNo",
        customer_no="customerNo",
        code_means=dict.fromkeys(
            ("UnknownInvoice", "WrongCustomer", "OtherCaseNumber"), NumberVerdict.REFUSED
        ),
    ),
    transactions=TransactionsNames(
        name="GetTransactions",
        answer="GetTransactionsResponse",
        company="company",
        since="since",
        page="pageToken",
        rows="transaction",
        transaction=TransactionNames(
            transaction_id="transactionId",
            voucher_no="voucherNo",
            line="line",
            voucher_type="voucherType",
            registrar="registrar",
            reference="externalReference",
            day="date",
            amount="amount",
            kind="kind",
            invoice_no="invoiceNo",
            text="text",
        ),
        kinds={
            "payment": TransactionKind.PAYMENT,
            "creditNote": TransactionKind.CREDIT_NOTE,
            "correction": TransactionKind.CORRECTION,
            "writeOff": TransactionKind.WRITE_OFF,
            "reversal": TransactionKind.REVERSAL,
        },
        next_page="nextPageToken",
        cursor="cursor",
    ),
    balances=BalanceNames(
        name="GetBalances",
        answer="GetBalancesResponse",
        company="company",
        asked="invoiceNo",
        rows="balance",
        invoice_no="invoiceNo",
        open_amount="openAmount",
        collection_mark="collectionMark",
        case_no="caseNo",
        marks=frozenset({"Ekstern inkasso"}),
    ),
    error=ErrorNames("error", "code", "line", "text"),
    fault_codes={
        "ValidationFault": "",  # the code stands inside it
        "PeriodClosedFault": "PeriodClosed",
        "AccessDeniedFault": "AccessDenied",
        "BusyFault": "Busy",
    },
    codes={},
    code_means={
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
    },
    masked={"": ("kid", "name", "address", "personOrOrganisationNo"), "GetTransactions": ("text",)},
)
"""The contract that this project owns, since Visma's is not public (ops/handbook/wsinkasso.md)."""
