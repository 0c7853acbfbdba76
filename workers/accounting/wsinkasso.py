"""The adapter for WSinkasso: the port on one side, SOAP 1.1 over HTTPS on the other."""

import base64
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from lxml import etree

from schemas.setup import Installation
from schemas.transfer import (
    CaseNumber,
    DeliveryAnswer,
    Exchange,
    InquiryAnswer,
    InstallationFacts,
    InvoiceBalance,
    LedgerVoucher,
    NumberAnswer,
    ReadyPage,
    TransactionPage,
    Verdict,
)
from schemas.voucher import Voucher
from workers.accounting import CannotTell, Trouble, contract, mapping, verdicts
from workers.accounting.installation import facts_of
from workers.accounting.listing import ledger_vouchers, next_page
from workers.accounting.message import build
from workers.accounting.redaction import masked_numbers, redacted
from workers.accounting.wire import BrokenCallError, RawAnswer, Wire

NOTHING: frozenset[str] = frozenset()
"""Questions hold no KIDs."""


class WSinkasso:
    """One installation; see `workers.accounting.Accounting` for what each method promises."""

    def __init__(self, installation: Installation, secret: Callable[[str], str]) -> None:
        """Read secrets and certificates; raises what `workers.accounting.connect` says."""
        self._setup = installation
        self._wire = Wire(
            installation.endpoint,
            connect_timeout=installation.connect_timeout,
            operation_timeout=installation.operation_timeout,
            tls=_tls(installation),
            authorization=_basic(installation, secret),
        )

    def register(self, vouchers: Sequence[Voucher]) -> tuple[tuple[DeliveryAnswer, ...], Exchange]:
        """Send the vouchers in one call; one answer per voucher, in their order."""
        message = build(vouchers)
        private = frozenset(line.kid for voucher in vouchers for line in voucher.lines if line.kid)
        answers = {
            place: DeliveryAnswer(
                vouchers[place].reference, Verdict.REFUSED, "", None, None, "Invalid", reason
            )
            for place, reason in message.unfit.items()
        }
        sent = [place for place in range(len(vouchers)) if place not in answers]
        exchange = Exchange(mapping.REGISTER, None, "", "")
        if sent:
            references = [vouchers[place].reference for place in sent]
            said, exchange = self._register(references, message.body, private)
            answers.update(zip(sent, said, strict=True))
        return tuple(_discreet(answers[place], private) for place in range(len(vouchers))), exchange

    def find(self, company: str, reference: str) -> tuple[InquiryAnswer, Exchange]:
        """Ask for a reference of ours."""
        if not self._setup.finds:
            return InquiryAnswer(reference, asked=False, found=()), Exchange(mapping.FIND, None, "", "")
        names = mapping.LEDGER
        _, said, exchange = self._ask(mapping.FIND, {names.company: company, names.reference: reference})
        # What the far side finds by a looser search (a prefix, another case) is not ours.
        found = tuple(each for each in ledger_vouchers(said) if each.reference == reference)
        return InquiryAnswer(reference, asked=True, found=found), exchange

    def list_vouchers(
        self, company: str, voucher_type: str, registrar: str, first: date, last: date
    ) -> Iterator[LedgerVoucher]:
        """All vouchers of a registrar and type in a span of days, page by page."""
        if not self._setup.lists:
            raise CannotTell(f"installation {self._setup.code} does not offer {mapping.LIST}")
        names = mapping.LEDGER
        question: dict[str, object] = {
            names.company: company,
            names.voucher_type: voucher_type,
            names.registrar: registrar,
            names.first: first,
            names.last: last,
        }
        seen: set[str] = set()
        while True:
            _, said, exchange = self._ask(mapping.LIST, question)
            yield from ledger_vouchers(said)
            page = next_page(said)
            if not page:
                return
            if page in seen:
                raise Trouble("EndlessPages", f"the page {page} came twice", exchange)
            seen.add(page)
            question[names.page] = page

    def installation(self) -> InstallationFacts:
        """What the installation says of itself."""
        raw, _, exchange = self._ask(mapping.INSTALLATION, {})
        try:
            return facts_of(contract.reply(mapping.INSTALLATION, raw))
        except contract.OffContractError as fault:
            raise Trouble("OffContract", str(fault), exchange) from fault

    def ready_invoices(self, company: str, dunning_code: str, page: str = "") -> tuple[ReadyPage, Exchange]:
        """A page of the invoices in approved dunning proposals."""
        raise CannotTell(f"not built: {company} {dunning_code} {page}")

    def write_case_numbers(
        self, company: str, rows: Sequence[CaseNumber]
    ) -> tuple[tuple[NumberAnswer, ...], Exchange]:
        """Mark invoices as with us and write their case numbers."""
        raise CannotTell(f"not built: {company} {rows}")

    def transactions(
        self, company: str, since_cursor: str, page: str = ""
    ) -> tuple[TransactionPage, Exchange]:
        """A page of what happened to transferred invoices."""
        raise CannotTell(f"not built: {company} {since_cursor} {page}")

    def balances(self, company: str, invoice_nos: Sequence[str]) -> tuple[InvoiceBalance, ...]:
        """How invoices stand."""
        raise CannotTell(f"not built: {company} {invoice_nos}")

    def _register(
        self, references: Sequence[str], body: bytes, private: frozenset[str]
    ) -> tuple[tuple[DeliveryAnswer, ...], Exchange]:
        try:
            raw = self._wire.post(body, _headers(mapping.REGISTER))
        except BrokenCallError as broken:
            exchange = redacted(mapping.REGISTER, broken.status, body, broken.partial, private)
            return tuple(verdicts.of_broken_call(reference, broken) for reference in references), exchange
        exchange = redacted(mapping.REGISTER, raw.status_code, body, raw.content, private)
        return verdicts.of_answer(references, raw), exchange

    def _ask(self, operation: str, fields: dict[str, object]) -> tuple[RawAnswer, etree._Element, Exchange]:
        """A question that changes nothing: the answer's element, proven by the XSD, or `Trouble`."""
        envelope = contract.envelope(operation, fields)
        body = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        if reason := contract.fault_of_schema(contract.content_of(envelope)):
            raise Trouble("Invalid", reason, redacted(operation, None, body, b"", NOTHING))
        try:
            raw = self._wire.post(body, _headers(operation))
        except BrokenCallError as broken:
            exchange = redacted(operation, broken.status, body, broken.partial, NOTHING)
            raise Trouble(broken.code, broken.note, exchange) from broken
        exchange = redacted(operation, raw.status_code, body, raw.content, NOTHING)
        return raw, _said(operation, raw, exchange), exchange


def _discreet(answer: DeliveryAnswer, private: frozenset[str]) -> DeliveryAnswer:
    """Visma's words may quote a KID or a person's number; the note is kept and shown."""
    return replace(answer, note=masked_numbers(answer.note, private)) if answer.note else answer


def _said(operation: str, raw: RawAnswer, exchange: Exchange) -> etree._Element:
    code, note = verdicts.suspicious(raw)
    if code:
        raise Trouble(code, note, exchange)
    try:
        content = contract.content_of(contract.parsed(raw.content))
        if etree.QName(content).localname == "Fault":
            said = contract.reply(operation, raw)
            if isinstance(said, contract.Fault):
                _, code, note = verdicts.of_fault(said)
                raise Trouble(code, note, exchange)
            raise Trouble("Fault", "a fault that can't be read", exchange)
    except contract.OffContractError as fault:
        raise Trouble("Garbage", str(fault), exchange) from fault
    if raw.status_code != 200 or content.tag != f"{{{mapping.NAMESPACE}}}{operation}Response":
        raise Trouble(
            "OffContract", f"HTTP {raw.status_code} with {etree.QName(content).localname}", exchange
        )
    if reason := contract.fault_of_schema(content):
        raise Trouble("OffContract", reason, exchange)
    return content


def _headers(operation: str) -> dict[str, str]:
    return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{contract.soap_action(operation)}"'}


def _basic(installation: Installation, secret: Callable[[str], str]) -> str:
    if not installation.username:
        return ""
    pair = f"{installation.username}:{secret(installation.password) if installation.password else ''}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _tls(installation: Installation) -> ssl.SSLContext:
    """Always verifying: with the installation's own CA file, if it has one, and then with no other."""
    context = ssl.create_default_context(cafile=installation.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if installation.client_certificate:
        context.load_cert_chain(installation.client_certificate.removeprefix("file:"))
    return context
