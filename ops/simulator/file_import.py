"""The simulated Visma's voucher import from file: what a person there does with the files that lie in a folder.

What Visma does with a file that it can't import is not known (?). Here such a file becomes `AVVIST_...`, as if the person
had renamed it, and a text beside it says why. One that is killed between booking and renaming reads the file again.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from lxml import etree

from ops.simulator.answers import Visma
from ops.simulator.checking import Checked, check
from ops.simulator.contract import element

READ, REFUSED, OWN = "READ_", "AVVIST_", "kk2"
SUB_LEDGERS = "15"
"""How the accounts of customers' ledgers begin (NS 4102): on them a voucher's customer and invoice stand."""


class BadFileError(ValueError):
    """The file can't be imported; the sentence says why."""


class FileImport:
    """The import from one folder."""

    def __init__(self, visma: Visma, folder: Path) -> None:
        """Make the folder, and the one in it that a site makes once for its other side."""
        self._visma = visma
        self._folder = folder
        self._schema = etree.XMLSchema(
            etree.fromstring((files("schemas") / "xsd" / "vuxml.xsd").read_bytes())
        )
        (folder / OWN).mkdir(parents=True, exist_ok=True)

    def read(self) -> int:
        """Import all files that lie there unread, the oldest name first; how many became vouchers."""
        lying = sorted(
            each for each in self._folder.glob("*.xml") if not each.name.startswith((READ, REFUSED))
        )
        return sum(self._import(file) for file in lying)

    def _import(self, file: Path) -> bool:
        """All vouchers of a file, or none."""
        try:
            looked_at = list(self._looked_at(file.read_bytes()))
        except BadFileError as bad:
            self._refuse(file, str(bad))
            return False
        entries = [each.entry for each in looked_at]
        calls = [(entries[0].company, entries[0].reference)]
        if wrong := [f"{error.code}: {error.text}" for each in looked_at for error in each.errors]:
            self._visma.ledger.count_calls(calls)
            self._refuse(file, "; ".join(wrong))
            return False
        self._visma.ledger.book(entries, deduplicates=False, calls=calls)
        file.rename(file.with_name(f"{READ}{file.name}"))
        return True

    def _looked_at(self, raw: bytes) -> Iterator[Checked]:
        try:
            root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
            self._schema.assertValid(root)
        except (etree.XMLSyntaxError, etree.DocumentInvalid) as fault:
            raise BadFileError(str(fault)) from fault
        companies = {company.code: company for company in self._visma.facts.companies}
        for vouchers in root.iterfind("vouchers"):
            for each in vouchers.iterfind("voucher"):
                yield check(
                    _of_contract(each, vouchers.get("approveVoucher", "")), companies, self._visma.is_open
                )

    def _refuse(self, file: Path, why: str) -> None:
        file.with_name(f"{REFUSED}{file.stem}.txt").write_text(why, "utf-8")
        file.rename(file.with_name(f"{REFUSED}{file.name}"))


def _of_contract(voucher: etree._Element, approve: str) -> etree._Element:
    """The voucher as the ledger keeps it: customer and invoice on the lines of customers' accounts."""
    reference, *text = [each.text or "" for each in voucher.iterfind("textLines/textLine")]
    made = element(
        "voucher",
        (
            ("company", voucher.get("company", "")),
            ("year", voucher.get("year", "")),
            ("period", voucher.findtext("period", "")),
            ("voucherType", voucher.findtext("voucherType", "")),
            ("voucherDate", voucher.findtext("voucherDate", "")),
            ("registrar", voucher.findtext("accountant", "")),
            ("approve", approve),
            ("externalReference", reference),
            ("text", " ".join(text)),
        ),
    )
    for line in voucher.iterfind("transactions/transaction"):
        account = line.findtext("account", "")
        customer, invoice = (voucher.findtext(name, "") for name in ("customer", "invoice"))
        on_customer = customer and account.startswith(SUB_LEDGERS)
        fields = (
            ("account", account),
            ("text", line.findtext("voucherText", "")),
            ("amount", line.findtext("baseAmount", "")),
            *((("customerNo", customer),) if on_customer else ()),
            *((("invoiceNo", invoice),) if on_customer and invoice else ()),
        )
        made.append(element("line", fields))
    return made
