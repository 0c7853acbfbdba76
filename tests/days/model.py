"""The model of the money, in the test's own words: what the bank said, and where at the end of all days it must be."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from ops.bank_writer import OcrPayment
from ops.simulator.contract import q
from schemas.money import Money, from_decimal_text
from schemas.voucher import LedgerState
from tests.site import Site

_OUT = 18, 20
_KEPT_BACK = (
    "SELECT coalesce(p.kid, ''), sum(p.amount)::bigint FROM payment p JOIN bank_file f ON f.id = p.file_id "
    "WHERE (p.state IN ('held', 'parked', 'refused') OR f.state = 'held') AND NOT EXISTS ("
    "SELECT FROM split s WHERE s.payment_id = p.id AND s.superseded_by IS NULL HAVING sum(s.amount) <> 0) GROUP BY 1"
)
_COVERED = (
    "SELECT c.customer_no, sum(s.amount)::bigint FROM split s JOIN kk2_case c ON c.id = s.case_id WHERE s.kind = 1 "
    "AND s.superseded_by IS NULL GROUP BY 1 HAVING sum(s.amount) <> 0"
)
_OURS_OPEN = (
    "SELECT i.invoice_no, i.amount - coalesce((SELECT sum(s.amount) FROM split s WHERE s.item_id = i.id AND s.kind = 1 "
    "AND s.superseded_by IS NULL), 0)::bigint + coalesce((SELECT sum(t.amount) FROM ledger_transaction t "
    "WHERE t.item_id = i.id AND t.state = 'applied'), 0)::bigint FROM item i WHERE i.kind = 1 AND i.withdrawn_at IS NULL "
    "AND i.kk2_id NOT LIKE 'desk:%' AND NOT EXISTS (SELECT FROM ledger_transaction t WHERE t.invoice_no = i.invoice_no "
    "AND t.state IN ('parked', 'set_aside'))"
)


@dataclass(slots=True)
class Bank:
    """Each whole file that the bank sent, by its bytes: the same bytes again are the same money."""

    files: dict[str, tuple[OcrPayment, ...]] = field(default_factory=dict)

    def sends(self, content: bytes, payments: tuple[OcrPayment, ...]) -> None:
        """A file that is whole."""
        self.files[hashlib.sha256(content).hexdigest()] = payments

    def sent(self) -> Counter[str]:
        """What came in under each KID, in øre."""
        sums: Counter[str] = Counter()
        for payment in (each for payments in self.files.values() for each in payments):
            sums[payment.kid] += -payment.amount if payment.type in _OUT else payment.amount
        return sums


def reference_of(kid: str) -> str:
    """The bank's reference: each KID has its own, so that a line on the bank account in Visma says whose money it is."""
    return f"01061{int(kid or 0) % 100_000:05d}"


def prove(bank: Bank, here: Site) -> None:
    """At rest: what came in is in Visma, or it waits or was refused; each customer and invoice there is as here; all once."""
    ours = [v for v in here.simulator.vouchers("100") if v.reference and v.state is not LedgerState.DELETED]
    references = {row[0] for row in here.all("SELECT reference FROM voucher WHERE state = 'delivered'")}
    _same(
        "vouchers in Visma",
        Counter(v.reference for v in ours),
        Counter(str(reference) for reference in references),
    )
    booked, covered = Counter[str](), Counter[str]()
    for account, line, amount, customer, invoice in _lines(here):
        if account == "1920":
            booked[line.removeprefix("OCR ")[:10]] += amount
        elif invoice:
            covered[customer] -= amount
    expected = Counter({reference_of(kid): amount for kid, amount in bank.sent().items()})
    expected.subtract(Counter({reference_of(str(kid)): int(str(a)) for kid, a in here.all(_KEPT_BACK)}))
    _same("what came in and does not wait, by the bank's reference", booked, expected)
    cases = Counter({str(customer): int(str(amount)) for customer, amount in here.all(_COVERED)})
    _same("what the cases of a customer took of the claims", covered, cases)
    there = {i.invoice.invoice_no: i.invoice.open_amount for i in here.simulator.invoices("100")}
    here_open = {str(no): int(str(amount)) for no, amount in here.all(_OURS_OPEN) if no in there}
    _same("what is open on an invoice", Counter({no: there[no] for no in here_open}), Counter(here_open))


def _same(what: str, in_visma: Counter[str], here: Counter[str]) -> None:
    differs = {
        key: (in_visma[key], here[key]) for key in in_visma.keys() | here.keys() if in_visma[key] != here[key]
    }
    assert not differs, f"{what}: in Visma and here {differs}"


def _lines(here: Site) -> Iterator[tuple[str, str, Money, str, str]]:
    """Account, text, amount, customer and invoice of each line of ours in Visma."""
    ledger = here.simulator._ledger
    for voucher in here.simulator.vouchers("100"):
        if voucher.reference and voucher.state is not LedgerState.DELETED:
            _, body = ledger.voucher(voucher.company, voucher.year, voucher.number)
            for line in etree.fromstring(body).iterfind(q("line")):
                names = ("account", "text", "amount", "customerNo", "invoiceNo")
                account, said, amount, customer, invoice = (line.findtext(q(n)) or "" for n in names)
                yield account, said, from_decimal_text(amount or "0"), customer, invoice
