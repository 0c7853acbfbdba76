"""From splits to vouchers: which account each part of a payment is credited to, and the one line on the bank.

Debit is positive, so money that came in is debited to the bank and credited to what it covered; a reversal is the
mirror. On the sub-ledger each part has a line of its own, so that the customer's item can be found; elsewhere parts
of one kind on one account, VAT code and dimensions are one sum.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from pipeline.posting.cutting import Group
from schemas.case import Kind
from schemas.kid import Kid
from schemas.money import Money
from schemas.setup import Company, OverpaymentPolicy, PostingAccounts
from schemas.voucher import Voucher, VoucherLine

TEXT_LIMIT = 30
"""The most characters of a line's text in Visma."""

_TEXTS = (
    "",
    "Faktura",
    "Omkostninger",
    "Gebyr",
    "Forsinkelsesrenter",
    "Overbetaling",
    "Uplassert innbetaling",
)
"""What stands on a line, by the number of its kind. Norwegian: it is read in Visma."""

_PRINCIPAL, _REST, _CREDIT = Kind.PRINCIPAL, Kind.REST, OverpaymentPolicy.CREDIT

_Place: TypeAlias = tuple[str, Kind, str, tuple[str, ...]]
"""What is summed to one line: account, kind, VAT code, dimensions."""


class SplitPosting(NamedTuple):
    """One split and where it belongs. Customer, invoice and sub-ledger account are empty for SUSPENSE.

    `accounts` and `overpayment_policy` are the client's, or the company's own.
    """

    split_id: int
    kind: Kind
    amount: Money
    customer_no: str
    invoice_no: str
    kid: Kid
    sub_ledger_account: str
    accounts: PostingAccounts
    overpayment_policy: OverpaymentPolicy


class PaymentPosting(NamedTuple):
    """All splits of one payment that the voucher takes."""

    payment_id: int
    splits: tuple[SplitPosting, ...]


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """One voucher: number `number` of the `of` that its group is cut into, dated `voucher_on`."""

    reference: str
    group: Group
    number: int
    of: int
    voucher_on: date
    payments: tuple[PaymentPosting, ...]


@dataclass(frozen=True, slots=True)
class PartFacts:
    """The vouchers of one part, and the company's setup on their dates."""

    company: Company
    vouchers: tuple[VoucherFacts, ...]


def approve(facts: PartFacts) -> tuple[Voucher, ...]:
    """Make the vouchers (bilag) of a part. Raises `UnbalancedVoucherError` for a voucher without splits."""
    return tuple(_voucher(facts.company, voucher) for voucher in facts.vouchers)


def _voucher(company: Company, facts: VoucherFacts) -> Voucher:
    lines, sums = _credits(facts.payments)
    lines += [_summed(place, amount) for place, amount in sums.items() if amount]
    if (
        not lines
    ):  # a payment and its reversal that cancel: Visma shall see both, and a voucher must have lines
        lines = [
            _summed(_place(split), -split.amount) for payment in facts.payments for split in payment.splits
        ]
    to_bank = -sum(line.amount for line in lines)
    if to_bank:
        lines.insert(0, _bank_line(company.accounts, facts, to_bank))
    group = facts.group
    head = f"KK2 innbetalinger {group.account} {group.booked_on:%d.%m.%Y} {group.statement_ref}{_part(facts)}"
    return Voucher(
        reference=facts.reference,
        company=company.code,
        division=company.division,
        voucher_type=company.voucher_type,
        voucher_date=facts.voucher_on,
        registrar=company.registrar,
        approve=company.approve_in_visma,
        text=head,
        lines=tuple(lines),
    )


def _credits(payments: tuple[PaymentPosting, ...]) -> tuple[list[VoucherLine], dict[_Place, Money]]:
    """The sub-ledger's lines, one a split, and the sums of all other places."""
    lines: list[VoucherLine] = []
    sums: dict[_Place, Money] = {}
    for payment in payments:
        for split in payment.splits:
            if split.kind is _PRINCIPAL:
                lines.append(
                    _sub_ledger_line(split, f"Faktura {split.invoice_no}"[:TEXT_LIMIT], split.invoice_no)
                )
            elif split.kind is _REST and split.overpayment_policy is _CREDIT:
                lines.append(_sub_ledger_line(split, _TEXTS[_REST], ""))
            else:
                place = _place(split)
                sums[place] = sums.get(place, 0) - split.amount
    return lines, sums


def _sub_ledger_line(split: SplitPosting, text: str, invoice_no: str) -> VoucherLine:
    accounts = split.accounts
    return VoucherLine(
        split.sub_ledger_account,
        text,
        -split.amount,
        accounts.tax_code,
        accounts.dimensions,
        split.customer_no,
        invoice_no,
        split.kid,
    )


def _place(split: SplitPosting) -> _Place:
    """Where a split that isn't the sub-ledger's goes. Held overpayment that was approved goes where all of it goes."""
    accounts = split.accounts
    by_kind = (
        "",
        split.sub_ledger_account,
        accounts.costs,
        accounts.fee,
        accounts.interest,
        accounts.overpayment,
        accounts.suspense,
    )
    return by_kind[split.kind], split.kind, accounts.tax_code, accounts.dimensions


def _summed(place: _Place, amount: Money) -> VoucherLine:
    account, kind, tax_code, dimensions = place
    return VoucherLine(account, _TEXTS[kind], amount, tax_code, dimensions, "", "", "")


def _bank_line(accounts: PostingAccounts, facts: VoucherFacts, amount: Money) -> VoucherLine:
    """The line that the accountant ticks off against the bank statement: so the reference is what must not be cut."""
    part = _part(facts)
    room = TEXT_LIMIT - len(part)
    text = f"OCR {facts.group.statement_ref}"
    if len(text) > room:  # of camt.054; what tells two entries apart stands at the end
        text = facts.group.statement_ref[-room:]
    text += part
    return VoucherLine(accounts.bank, text, amount, accounts.tax_code, accounts.dimensions, "", "", "")


def _part(facts: VoucherFacts) -> str:
    return f" del {facts.number} av {facts.of}" if facts.of > 1 else ""
