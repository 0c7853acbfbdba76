"""A voucher as a file of Visma's voucher import (VUXML), proven against the XSD; and such a file read again.

Customer and invoice stand on a VUXML voucher and not on its lines. A voucher of ours that touches several invoices is
written as several, in one file: each invoice with its share of the first line that has no customer (as a rule the bank's).
"""

from datetime import date
from importlib.resources import files

from lxml import etree

from schemas.money import decimal_text, from_decimal_text
from schemas.transfer import LedgerVoucher
from schemas.voucher import LedgerState, Voucher, VoucherLine
from schemas.wording import counted
from workers.accounting.parsing import OffContractError, parsed

_HEAD = (("MessageOwner", "KK2"), ("MessageType", "Vouchers"), ("MessageVersion", "1.5"))


class UnfitVoucherError(ValueError):
    """The voucher can't be written as a file of Visma's; the sentence says why."""


def schema() -> etree.XMLSchema:
    """The XSD out of the package. One for each user: its list of errors belongs to whoever validates."""
    return etree.XMLSchema(etree.fromstring((files("schemas") / "xsd" / "vuxml.xsd").read_bytes()))


def written(voucher: Voucher, proof: etree.XMLSchema) -> bytes:
    """The bytes of a voucher's file, always the same for the same voucher. Raises `UnfitVoucherError`."""
    root = etree.Element("VUXML", dict(_HEAD))
    approve = "true" if voucher.approve else "false"
    no = dict.fromkeys(("updateVoucher", "allowDifference", "allowIllegalAccount"), "false")
    vouchers = etree.SubElement(root, "vouchers", {"approveVoucher": approve, **no, "checkCsNo": "true"})
    try:
        for customer, invoice, lines in _by_invoice(voucher):
            _put(vouchers, voucher, customer, invoice, lines)
        proof.assertValid(root)
    except (etree.DocumentInvalid, ValueError) as fault:  # ValueError: a control character in a text
        raise UnfitVoucherError(f"voucher {voucher.reference}: {fault}") from fault
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def read(raw: bytes, voucher_no: str) -> LedgerVoucher:
    """What a file says of the voucher of ours that it was written from. Raises `OffContractError`."""
    found = parsed(raw).findall("vouchers/voucher")
    try:
        amounts = [
            [
                from_decimal_text(amount.text or "")
                for amount in each.iterfind("transactions/transaction/baseAmount")
            ]
            for each in found
        ]
        # where there are several, the first line of each is a share of one line of ours
        shared = [sum(lines[0] for lines in amounts)]
        ours = shared + [amount for lines in amounts for amount in lines[1:]]
        return LedgerVoucher(
            reference=found[0].findtext("textLines/textLine", ""),
            voucher_no=voucher_no,
            state=LedgerState.REGISTERED,
            voucher_date=date.fromisoformat(found[0].findtext("voucherDate", "")),
            total=sum(amount for amount in ours if amount > 0),
            lines=len(ours),
        )
    except (IndexError, ValueError) as fault:
        raise OffContractError(f"no file of vouchers: {fault}") from fault


def _by_invoice(voucher: Voucher) -> list[tuple[str, str, list[VoucherLine]]]:
    """The lines by the customer and invoice that they stand on, each list balanced."""
    places = list(dict.fromkeys((n.customer_no, n.invoice_no) for n in voucher.lines if n.customer_no))
    if len(places) <= 1:
        customer, invoice = places[0] if places else ("", "")
        return [(customer, invoice, list(voucher.lines))]
    elsewhere = [line for line in voucher.lines if not line.customer_no]
    if not elsewhere:
        of = counted(len(places), "invoice")
        raise UnfitVoucherError(
            f"it moves money between {of} and has no other line, which a file can't say: post it by hand in Visma"
        )
    shared, *rest = elsewhere
    parts = [(*at, [n for n in voucher.lines if (n.customer_no, n.invoice_no) == at]) for at in places]
    return [
        (customer, invoice, [shared._replace(amount=-sum(line.amount for line in lines)), *lines])
        for customer, invoice, lines in (*parts, *([("", "", rest)] if rest else []))
    ]


def _put(
    vouchers: etree._Element, voucher: Voucher, customer: str, invoice: str, lines: list[VoucherLine]
) -> None:
    day = voucher.voucher_date
    division = {"division": voucher.division} if voucher.division else {}
    made = etree.SubElement(
        vouchers, "voucher", {"company": voucher.company, **division, "year": str(day.year)}
    )
    _texts(
        made,
        ("voucherType", voucher.voucher_type), ("period", str(day.month)), ("voucherDate", day.isoformat()),
        ("responsible", voucher.registrar), ("accountant", voucher.registrar), ("customer", customer),
        ("invoice", invoice),
    )  # fmt: skip
    texts = etree.SubElement(made, "textLines")
    _texts(texts, ("textLine", voucher.reference), ("textLine", voucher.text))
    transactions = etree.SubElement(made, "transactions")
    for line in lines:
        transaction = etree.SubElement(transactions, "transaction")
        _texts(transaction, ("account", line.account))
        etree.SubElement(transaction, "voucherText").text = line.text
        _texts(
            transaction,
            ("baseAmount", decimal_text(line.amount)),
            ("taxCode", line.tax_code),
            *((f"dimension{number}", value) for number, value in enumerate(line.dimensions, 1)),
        )


def _texts(parent: etree._Element, *fields: tuple[str, str]) -> None:
    """Elements with their texts; what is empty is left out."""
    for name, text in fields:
        if text:
            etree.SubElement(parent, name).text = text
