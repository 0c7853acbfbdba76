"""What the simulated Visma answers about invoices: those ready for collection, case numbers, transactions, balances."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lxml import etree

from ops.simulator.contract import NAMESPACE, element, invalid, q, text_of
from ops.simulator.disk import Disk
from ops.simulator.sub_ledger import MARK, Item, SubLedger
from ops.simulator.transactions import Transactions
from schemas.money import decimal_text
from schemas.transfer import CaseNumber, CompanyFacts, LedgerTransaction, TransactionKind

PAGE_SIZE = 1_000
KINDS = {
    TransactionKind.PAYMENT: "payment",
    TransactionKind.CREDIT_NOTE: "creditNote",
    TransactionKind.CORRECTION: "correction",
    TransactionKind.WRITE_OFF: "writeOff",
    TransactionKind.REVERSAL: "reversal",
}


@dataclass(frozen=True, slots=True)
class Habits:
    """What differs between installations, as far as nobody has told us.

    `consumes`: an invoice is no longer ready once its case number is written. `tells_registrar`, `tells_reference`: they
    stand on transactions. `tells_history`: what happened to an invoice before its mark is told too, once it is marked.
    """

    consumes: bool = True
    tells_registrar: bool = True
    tells_reference: bool = True
    tells_history: bool = True


class Collection:
    """The four operations; `habits` may be changed while it answers."""

    def __init__(self, disk: Disk, companies: Mapping[str, CompanyFacts], habits: Habits) -> None:
        """Answer out of the ledger's file."""
        self.items = SubLedger(disk)
        self.transactions = Transactions(disk)
        self.habits = habits
        self._companies = companies

    def ready(self, asked: etree._Element) -> etree._Element:
        """Invoices of approved proposals, a page of them."""
        company, code = self._company(asked), text_of(asked, "dunningCode")
        if code not in {routine.code for routine in company.dunning_routines}:
            raise invalid("UnknownDunningCode", f"company {company.code} has no dunning code {code}")
        rows, more = self.items.ready(
            company.code, code, _place(asked, "pageToken", "r"), PAGE_SIZE, consumed=self.habits.consumes
        )
        answer = etree.Element(q("GetReadyInvoicesResponse"), nsmap={"w": NAMESPACE})
        for row in rows:
            _invoice(answer, row)
        if more:
            etree.SubElement(answer, q("nextPageToken")).text = f"r{rows[-1].place}"
        return answer

    def number(self, asked: etree._Element) -> etree._Element:
        """The mark and a case number on each invoice that may have it."""
        company = self._company(asked)
        numbers = [
            CaseNumber(
                text_of(row, "invoiceNo"),
                text_of(row, "customerNo"),
                text_of(row, "caseNo"),
                date.fromisoformat(text_of(row, "date")[:10]),
            )
            for row in asked.iterfind(q("row"))
        ]
        answer = etree.Element(q("UpdateCaseNumbersResponse"), nsmap={"w": NAMESPACE})
        for each, refusal in zip(numbers, self.items.mark(company.code, numbers), strict=True):
            made = element("result", (("invoiceNo", each.invoice_no), ("customerNo", each.customer_no)))
            if refusal is not None:
                made.append(element("error", (("code", refusal.code), ("text", refusal.text))))
            answer.append(made)
        return answer

    def told(self, asked: etree._Element) -> etree._Element:
        """Transactions on marked invoices since a cursor, which is told again itself; a page of them.

        The order is that of what is told, and a change is told again at its end: a page may hold what an earlier one
        held, and none is left out.
        """
        company = self._company(asked)
        since, page = _place(asked, "since", "t"), _place(asked, "pageToken", "p")
        rows, more = self.transactions.told(
            company.code, page or max(since - 1, 0), PAGE_SIZE, history=self.habits.tells_history
        )
        answer = etree.Element(q("GetTransactionsResponse"), nsmap={"w": NAMESPACE})
        for _, transaction in rows:
            self._transaction(answer, transaction)
        last = rows[-1][0] if rows else max(since, page)
        if more:
            etree.SubElement(answer, q("nextPageToken")).text = f"p{last}"
        else:
            etree.SubElement(answer, q("cursor")).text = f"t{last}"
        return answer

    def balances(self, asked: etree._Element) -> etree._Element:
        """How the invoices that exist stand, in the order in which they were asked for."""
        company = self._company(asked)
        numbers = [(each.text or "").strip() for each in asked.iterfind(q("invoiceNo"))]
        found = self.items.of(company.code, numbers)
        answer = etree.Element(q("GetBalancesResponse"), nsmap={"w": NAMESPACE})
        for item in (found[number] for number in dict.fromkeys(numbers) if number in found):
            made = etree.SubElement(answer, q("balance"))
            etree.SubElement(made, q("invoiceNo")).text = item.invoice.invoice_no
            etree.SubElement(made, q("openAmount")).text = decimal_text(item.invoice.open_amount)
            if item.case_no:
                etree.SubElement(made, q("collectionMark")).text = MARK
                etree.SubElement(made, q("caseNo")).text = item.case_no
        return answer

    def _transaction(self, answer: etree._Element, told: LedgerTransaction) -> None:
        made = etree.SubElement(answer, q("transaction"))
        fields = (
            ("transactionId", told.transaction_id),
            ("voucherNo", told.voucher_no),
            ("line", str(told.line)),
            ("voucherType", told.voucher_type),
            ("registrar", told.registrar if self.habits.tells_registrar else ""),
            ("externalReference", told.reference if self.habits.tells_reference else ""),
            ("date", told.day.isoformat()),
            ("amount", decimal_text(told.amount)),
            ("kind", KINDS[told.kind]),
            ("invoiceNo", told.invoice_no),
        )
        for name, text in fields:
            if text:
                etree.SubElement(made, q(name)).text = text
        etree.SubElement(made, q("text")).text = told.text

    def _company(self, asked: etree._Element) -> CompanyFacts:
        code = text_of(asked, "company")
        if code not in self._companies:
            raise invalid("UnknownCompany", f"company {code} does not exist")
        return self._companies[code]


def _invoice(answer: etree._Element, item: Item) -> None:
    made, row = etree.SubElement(answer, q("invoice")), item.invoice
    fields = (
        ("proposalNo", row.proposal_no), ("invoiceNo", row.invoice_no), ("customerNo", row.customer_no),
        ("name", row.name), *(("address", line) for line in row.address), ("personOrOrganisationNo", row.identity_no),
        ("subLedgerType", row.sub_ledger_type), ("clientNo", row.client), ("kid", row.kid),
        ("invoiceDate", row.invoiced_on.isoformat()), ("dueDate", row.due_on.isoformat()),
        ("originalAmount", decimal_text(row.original)), ("openAmount", decimal_text(row.open_amount)),
        ("remindersSent", str(row.reminders)), ("fees", decimal_text(row.fees)),
    )  # fmt: skip
    for name, text in fields:
        if text:
            etree.SubElement(made, q(name)).text = text


def _place(asked: etree._Element, name: str, letter: str) -> int:
    """The place that a token of ours means, 0 without one. A fault for any other token."""
    token = text_of(asked, name)
    digits = token.removeprefix(letter)
    if token and (digits == token or not digits.isdecimal() or len(digits) > 18):
        raise invalid("Schema", f"no such {name}: {token}")
    return int(digits or 0)
