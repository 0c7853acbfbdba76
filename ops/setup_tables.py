"""The tables of the setup's file: each key, how it is read, and what stands where it is left out."""

from collections.abc import Callable

from ops import setup_case_fields as of_cases
from ops import setup_fields as read
from ops.setup_fields import Fault, Field, Unfit, UnfitTable, read_fields
from schemas.case import KK2_ORDER
from schemas.money import kr
from schemas.setup import (
    BankAccount,
    CasePer,
    Client,
    ClosedPeriodPolicy,
    Company,
    Installation,
    OverpaymentPolicy,
    ParkedPolicy,
    PostingAccounts,
    SubLedger,
)
from workers.store.setup import Noun


def _ledger_accounts(value: object) -> PostingAccounts:
    if not isinstance(value, dict):
        raise Unfit("a table of ledger accounts")
    faults: list[Fault] = []
    found = read_fields(_ACCOUNTS, value, "accounts", faults)
    if faults:
        raise UnfitTable(faults)
    return PostingAccounts(**found)


_ledger_account = read.code(20)
_ACCOUNTS: dict[str, Field] = {
    "bank": Field(_ledger_account),
    "interest": Field(_ledger_account),
    "costs": Field(_ledger_account),
    "fee": Field(_ledger_account),
    "suspense": Field(_ledger_account),
    "overpayment": Field(_ledger_account),
    "tax_code": Field(read.code(3), "0", required=False),
    "dimensions": Field(read.dimensions, (), required=False),
}
_company = Field(read.code(10))
FIELDS: dict[str, dict[str, Field]] = {
    "installation": {
        "code": Field(read.code(20)),
        "number": Field(read.whole(1, 99)),
        "endpoint": Field(read.endpoint),
        "username": Field(read.text(100, empty=True), "", required=False),
        "password": Field(read.secret, "", required=False),
        "ca_file": Field(read.text(500, empty=True), "", required=False),
        "client_certificate": Field(read.text(500, empty=True), "", required=False),
        "connect_timeout": Field(read.seconds, 5.0, required=False),
        "operation_timeout": Field(read.seconds, 60.0, required=False),
        "inquiry_pause": Field(read.seconds, 180.0, required=False),
        "max_calls": Field(read.whole(1, 50), 1, required=False),
        "vouchers_per_call": Field(read.whole(1, 200), 1, required=False),
        "finds": Field(read.yes_or_no),
        "lists": Field(read.yes_or_no),
        "deduplicates": Field(read.yes_or_no),
        "imports": Field(read.yes_or_no, True, required=False),
        "transacts": Field(read.yes_or_no, True, required=False),
        "balances": Field(read.yes_or_no, True, required=False),
    },
    "company": {
        "code": _company,
        "installation": Field(read.code(20)),
        "name": Field(read.text(100)),
        "voucher_type": Field(read.code(10)),
        "registrar": Field(read.text(20), "WS-Inf", required=False),
        "approve_in_visma": Field(read.yes_or_no),
        "division": Field(read.text(10, empty=True), "", required=False),
        "accounts": Field(_ledger_accounts),
        "parked_policy": Field(read.one_of(ParkedPolicy), ParkedPolicy.SUSPENSE, required=False),
        "closed_period_policy": Field(
            read.one_of(ClosedPeriodPolicy), ClosedPeriodPolicy.PARK, required=False
        ),
        "auto_approve": Field(read.yes_or_no),
        "limit_voucher": Field(read.kroner),
        "limit_day": Field(read.kroner),
        "four_eyes_limit": Field(read.kroner),
        "payments_per_voucher": Field(read.whole(1, 5000), 500, required=False),
        "posting": Field(read.yes_or_no),
        "dunning_code": Field(read.code(10, empty=True), "", required=False),
    },
    "account": {
        "number": Field(read.bank_account),
        "company": _company,
        "kid_agreements": Field(of_cases.kid_agreements),
        "cut_over": Field(read.day, None, required=False),
    },
    "client": {
        "code": Field(read.client_code),
        "company": _company,
        "name": Field(read.text(100)),
        "cover_order": Field(of_cases.cover_order, KK2_ORDER, required=False),
        "closing_threshold": Field(read.kroner, kr(210), required=False),
        "overpayment_policy": Field(
            read.one_of(OverpaymentPolicy), OverpaymentPolicy.SUSPENSE, required=False
        ),
        "accounts": Field(_ledger_accounts, None, required=False),
        "case_account": Field(read.account_or_none, "", required=False),
        "case_no_pattern": Field(of_cases.case_no_pattern, "", required=False),
        "case_per": Field(read.one_of(CasePer), CasePer.INVOICE, required=False),
    },
    "sub_ledger": {
        "client": Field(read.client_code),
        "company": _company,
        "sub_ledger_type": Field(read.code(10)),
        "account": Field(_ledger_account),
        "case_flow": Field(read.code(20)),
    },
}
NOUNS: dict[str, Callable[..., Noun]] = {
    "installation": Installation,
    "company": Company,
    "account": BankAccount,
    "client": Client,
    "sub_ledger": SubLedger,
}
