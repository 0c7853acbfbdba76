"""Whether the simulated Visma would book a voucher: balance, codes, account, period; all or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lxml import etree

from ops.simulator.contract import RowError, q
from ops.simulator.ledger import Entry
from ops.simulator.transactions import Posting
from schemas.money import Money, in_kroner
from schemas.transfer import CompanyFacts, TransactionKind
from schemas.voucher import LedgerState

_LINE, _ACCOUNT, _AMOUNT, _INVOICE, _TEXT = q("line"), q("account"), q("amount"), q("invoiceNo"), q("text")


@dataclass(frozen=True, slots=True)
class Checked:
    """A voucher that was looked at: bookable if `errors` is empty."""

    entry: Entry
    errors: tuple[RowError, ...]


def check(
    voucher: etree._Element, companies: Mapping[str, CompanyFacts], is_open: Callable[[str, int, int], bool]
) -> Checked:
    """Look at a voucher that is valid by the XSD."""
    head = {str(child.tag): child.text or "" for child in voucher if child.tag != _LINE}
    day = date.fromisoformat(head[q("voucherDate")][:10])
    year, period = int(head[q("year")]), int(head[q("period")])
    code = head[q("company")]
    lines = [
        (line.findtext(_ACCOUNT) or "", money(line.findtext(_AMOUNT) or "0"))
        for line in voucher.iterfind(_LINE)
    ]
    errors: list[RowError] = []
    company = companies.get(code)
    if company is None:
        errors.append(RowError("UnknownCompany", 0, f"company {code} does not exist"))
    else:
        errors += _codes(head, company) + _accounts(lines, company)
    if (year, period) != (day.year, day.month) and not (period == 13 and (year, 12) == (day.year, day.month)):
        errors.append(RowError("WrongPeriod", 0, f"voucher date {day} is not in period {year}-{period:02}"))
    if company is not None and not is_open(code, year, period):
        errors.append(RowError("PeriodClosed", 0, f"period {year}-{period:02} of company {code} is closed"))
    difference = sum(amount for _, amount in lines)
    if difference:
        errors.append(RowError("Unbalanced", 0, f"debits and credits differ by {in_kroner(difference)} kr"))
    entry = Entry(
        company=code,
        year=year,
        reference=head[q("externalReference")],
        voucher_type=head[q("voucherType")],
        registrar=head[q("registrar")],
        voucher_date=day,
        total=sum(amount for _, amount in lines if amount > 0),
        lines=len(lines),
        state=LedgerState.APPROVED if head[q("approve")] in ("true", "1") else LedgerState.REGISTERED,
        text=head[q("text")],
        by_hand=False,
        body=etree.tostring(voucher) if not errors else b"",
        postings=postings_of(voucher, None),
    )
    return Checked(entry, tuple(errors))


def postings_of(voucher: etree._Element, kind: TransactionKind | None) -> tuple[Posting, ...]:
    """The lines of a voucher that stand on an invoice: of `kind`, else payments where credit and reversals where debit."""
    found = []
    for number, line in enumerate(voucher.iterfind(_LINE), start=1):
        invoice_no = line.findtext(_INVOICE)
        if invoice_no:
            amount = money(line.findtext(_AMOUNT) or "0")
            meant = kind or (TransactionKind.REVERSAL if amount > 0 else TransactionKind.PAYMENT)
            found.append(Posting(number, invoice_no.strip(), amount, meant, line.findtext(_TEXT) or ""))
    return tuple(found)


def _codes(head: Mapping[str, str], company: CompanyFacts) -> list[RowError]:
    errors = []
    if head[q("voucherType")] not in company.voucher_types:
        errors.append(
            RowError("UnknownVoucherType", 0, f"voucher type {head[q('voucherType')]} does not exist")
        )
    if head[q("registrar")] not in company.registrars:
        errors.append(RowError("UnknownRegistrar", 0, f"registrar {head[q('registrar')]} does not exist"))
    return errors


def _accounts(lines: list[tuple[str, Money]], company: CompanyFacts) -> list[RowError]:
    return [
        RowError("UnknownAccount", number, f"account {account} does not exist in company {company.code}")
        for number, (account, _) in enumerate(lines, start=1)
        if account not in company.accounts
    ][:20]


def money(text: str) -> Money:
    """The øre of a decimal that the XSD has proven."""
    return int(Decimal(text).scaleb(2))
