"""What a person in Visma does by hand: proposals, vouchers of their own, corrections, and changes to ours."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from lxml import etree

from ops.simulator import dunning
from ops.simulator.answers import Visma
from ops.simulator.checking import money, postings_of
from ops.simulator.contract import element, q
from ops.simulator.ledger import Booked, Entry
from ops.simulator.municipality import BadMunicipalityError, SeededProposal
from schemas.money import Money, decimal_text, from_decimal_text, in_kroner
from schemas.transfer import ReadyInvoice, TransactionKind
from schemas.voucher import LedgerState

CUSTOMERS, CONTRA = "1500", "1920"  # the accounts of a voucher on invoices, and their other side
_LINE_FIELDS = ("account", "text", "amount", "customerNo", "invoiceNo", "kid")


class BadControlError(ValueError):
    """A control was used wrongly; the sentence says how."""


def begin(visma: Visma, seeded: Sequence[SeededProposal]) -> None:
    """The proposals that a new ledger begins with; those that it has already are left as they are.

    Raises `BadMunicipalityError` for one with a dunning code that its company does not have.
    """
    standing = {(each.company, each.number) for each in visma.collection.items.proposals("")}
    for each in seeded:
        if (each.company, each.number) in standing:
            continue
        try:
            propose(
                visma, each.company, each.dunning_code, number=each.number, approved=each.approved,
                count=each.invoices, day=each.day,
            )  # fmt: skip
        except dunning.BadInvoiceError as fault:
            raise BadMunicipalityError(f"proposal {each.number}: {fault}") from fault


def propose(
    visma: Visma,
    company: str,
    dunning_code: str,
    *,
    number: str = "",
    approved: bool = False,
    invoices: Sequence[Mapping[str, object]] = (),
    count: int = 0,
    day: date | None = None,
    seed: int = 0,
) -> tuple[str, int]:
    """A dunning proposal with given invoices and `count` invented ones; its number, and how many invoices it has got.

    What an invoice's `open_amount` is less than its `original` was paid on its due date: it stands as a transaction.
    """
    facts, items = visma.company(company), visma.collection.items
    number = number or f"P-{1001 + len(items.proposals(company))}"
    on = day or date.today()  # noqa: DTZ011 - the day of a person in Visma
    made: list[ReadyInvoice] = [
        *dunning.given(facts, number, dunning_code, invoices),
        *dunning.invented(facts, number, dunning_code, items.count(company) + len(invoices), count, on, seed),
    ]
    try:
        items.propose(company, number, dunning_code, made, approved=approved)
    except sqlite3.IntegrityError as twice:
        raise BadControlError(f"company {company} has one of these invoices already") from twice
    paid = [each for each in made if each.open_amount != each.original]
    if paid:
        visma.collection.transactions.bring_forward(company, paid)
    return number, len(made)


def transact(
    visma: Visma,
    company: str,
    kind: TransactionKind,
    day: date,
    rows: Sequence[tuple[str, Money]],
    *,
    text: str = "",
    registrar: str = "KARI",
    voucher_type: str = "BI",
    reference: str = "",
) -> tuple[Booked, tuple[str, ...]]:
    """A voucher by hand on invoices, amounts signed as Visma has them (a payment is negative), and a transaction id a row.

    KeyError for a company, `BadControlError` for an invoice that does not exist.
    """
    visma.company(company)
    found = visma.collection.items.of(company, [invoice_no for invoice_no, _ in rows])
    if unknown := sorted({invoice_no for invoice_no, _ in rows} - found.keys()):
        raise BadControlError(f"company {company} has no invoice {unknown[0]}")
    lines: list[dict[str, object]] = [
        {
            "account": CUSTOMERS,
            "text": text[:30] or kind.value,
            "amount": decimal_text(amount),
            "customerNo": found[invoice_no].invoice.customer_no,
            "invoiceNo": invoice_no,
        }
        for invoice_no, amount in rows
    ]
    total = sum(amount for _, amount in rows)
    lines.append({"account": CONTRA, "text": text[:30] or kind.value, "amount": decimal_text(-total)})
    asked = {
        "company": company, "voucher_date": day.isoformat(), "lines": lines, "text": text, "kind": kind.value,
        "registrar": registrar, "voucher_type": voucher_type, "reference": reference,
    }  # fmt: skip
    booked = book_by_hand(visma, asked)
    told = visma.collection.transactions.of_voucher(company, booked.year, booked.number)
    return booked, tuple(each.transaction_id for each in told)


def book_by_hand(visma: Visma, asked: Mapping[str, object]) -> Booked:
    """What a person in Visma registers. Lines: `account`, `amount` (decimal text), `text`, `invoiceNo`, `customerNo`.

    A line on an invoice is a transaction of the `kind`, else a correction.
    """
    day = date.fromisoformat(str(asked["voucher_date"]))
    lines = asked["lines"]
    if not isinstance(lines, list) or not lines:
        raise BadControlError("a voucher has lines")
    amounts = [from_decimal_text(str(line["amount"])) for line in lines]
    if sum(amounts):
        raise BadControlError(f"debits and credits differ by {in_kroner(sum(amounts))} kr")
    company = str(asked["company"])
    visma.company(company)
    voucher = element("voucher", ())
    for line in lines:
        voucher.append(
            element("line", tuple((name, str(line[name])) for name in _LINE_FIELDS if name in line))
        )
    kind = TransactionKind(str(asked.get("kind", TransactionKind.CORRECTION)))
    entry = Entry(
        company=company,
        year=day.year,
        reference=str(asked.get("reference", "")),
        voucher_type=str(asked.get("voucher_type", "BI")),
        registrar=str(asked.get("registrar", "KARI")),
        voucher_date=day,
        total=sum(amount for amount in amounts if amount > 0),
        lines=len(lines),
        state=LedgerState.REGISTERED,
        text=str(asked.get("text", "")),
        by_hand=True,
        body=etree.tostring(voucher),
        postings=postings_of(voucher, kind),
    )
    return visma.ledger.book([entry], deduplicates=False)[0]


def alter(visma: Visma, company: str, year: int, number: int, amounts: Mapping[int, Money]) -> None:
    """Other amounts on a voucher's lines, by number from 1. It must balance, and not be posted. `NoSuchVoucherError`."""
    row, body = visma.ledger.voucher(company, year, number)
    if row.state is LedgerState.POSTED:
        raise BadControlError(f"voucher {number} is posted: reverse it")
    voucher = etree.fromstring(body)
    lines = voucher.findall(q("line"))
    if wrong := [line for line in amounts if not 1 <= line <= len(lines)]:
        raise BadControlError(f"voucher {number} has {len(lines)} lines, and no line {wrong[0]}")
    for line, amount in amounts.items():
        _amount(lines[line - 1]).text = decimal_text(amount)
    standing = [money(_amount(line).text or "0") for line in lines]
    if sum(standing):
        raise BadControlError(f"debits and credits differ by {in_kroner(sum(standing))} kr")
    total = sum(amount for amount in standing if amount > 0)
    visma.ledger.alter(company, year, number, amounts, total, etree.tostring(voucher))


def reverse(visma: Visma, company: str, year: int, number: int, day: date) -> Booked:
    """A voucher that takes another one back: its lines with the other sign, as reversals. `NoSuchVoucherError`."""
    _, body = visma.ledger.voucher(company, year, number)
    lines: list[dict[str, Any]] = []
    for line in etree.fromstring(body).iterfind(q("line")):
        fields = {name: text for name in _LINE_FIELDS if (text := line.findtext(q(name))) is not None}
        amount = decimal_text(-money(fields["amount"]))
        lines.append({**fields, "amount": amount, "text": f"Tilbakeført bilag {number}"[:30]})
    asked = {
        "company": company, "voucher_date": day.isoformat(), "lines": lines, "kind": TransactionKind.REVERSAL.value,
        "text": f"Tilbakeført bilag {number}",
    }  # fmt: skip
    return book_by_hand(visma, asked)


def _amount(line: etree._Element) -> etree._Element:
    found = line.find(q("amount"))
    assert found is not None, "a line has an amount"
    return found
