"""Calls to one installation: sent over the wire, kept redacted, and read only as far as the contract proves them."""

import base64
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from lxml import etree

from schemas.setup import Installation
from schemas.transfer import Exchange
from workers.accounting import Trouble, verdicts
from workers.accounting.contract import Contract
from workers.accounting.parsing import OffContractError, parsed
from workers.accounting.redaction import masked_numbers, redacted
from workers.accounting.wire import BrokenCallError, RawAnswer, Wire
from workers.crash import outside

T = TypeVar("T")
NOTHING: frozenset[str] = frozenset()
"""Questions hold no KIDs."""


class Calls:
    """The way to one installation, in the words of its contract."""

    def __init__(self, installation: Installation, secret: Callable[[str], str], contract: Contract) -> None:
        """Read secrets and certificates; raises what `workers.accounting.connect` says."""
        self._contract = contract
        self._wire = Wire(
            installation.endpoint,
            connect_timeout=installation.connect_timeout,
            operation_timeout=installation.operation_timeout,
            tls=partial(_tls, installation),
            authorization=_basic(installation, secret),
        )

    def post(
        self, operation: str, body: bytes, private: frozenset[str]
    ) -> tuple[RawAnswer | BrokenCallError, Exchange]:
        """Send bytes; what came back, or how the call broke. Raises nothing that can happen on the wire."""
        headers = self._contract.headers(operation)
        masked = self._contract.table.masked
        elements = masked.get("", ()) + masked.get(operation, ())
        try:
            with outside(f"visma.{operation}"):
                raw = self._wire.post(body, headers)
        except BrokenCallError as broken:
            return broken, redacted(
                operation, broken.status, body, broken.partial, elements=elements, private=private
            )
        return raw, redacted(
            operation, raw.status_code, body, raw.content, elements=elements, private=private
        )

    def ask(
        self,
        operation: str,
        answer: str,
        fields: Sequence[tuple[str, object]],
        read: Callable[[etree._Element], T],
    ) -> tuple[T, Exchange]:
        """A question that changes nothing, and what `read` makes of its answer; or `Trouble`."""
        try:
            envelope = self._contract.question(operation, fields)
            reason = self._contract.reason_against(self._contract.content_of(envelope))
        except OffContractError as fault:
            reason = str(fault)
        if reason:
            raise Trouble("Invalid", reason, Exchange(operation, None, "", ""))
        body = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        return self.call(operation, answer, body, read)

    def call(
        self, operation: str, answer: str, body: bytes, read: Callable[[etree._Element], T]
    ) -> tuple[T, Exchange]:
        """Send what may be sent twice, and read the answer once the XSD has proven it; or `Trouble`."""
        raw, exchange = self.post(operation, body, NOTHING)
        if isinstance(raw, BrokenCallError):
            raise Trouble(raw.code, verdicts.short(raw.note), exchange) from raw
        try:
            return read(self._said(answer, raw)), exchange
        except _UnansweredError as fault:
            code, note = fault.code, fault.note
        except OffContractError as fault:
            code, note = "OffContract", str(fault)
        raise Trouble(code, masked_numbers(verdicts.short(note), NOTHING), exchange)

    def _said(self, answer: str, raw: RawAnswer) -> etree._Element:
        contract = self._contract
        code, note = verdicts.suspicious(raw, contract.table.soap.statuses)
        if code:
            raise _UnansweredError(code, note)
        try:
            content = contract.content_of(parsed(raw.content))
        except OffContractError as garbage:
            raise _UnansweredError("Garbage", str(garbage)) from garbage
        if contract.is_fault(content):
            _, code, note = verdicts.of_fault(contract.fault_in(content), contract)
            raise _UnansweredError(code, note)
        if raw.status_code != 200 or content.tag != contract.wrapper(answer):
            raise OffContractError(f"HTTP {raw.status_code} with {etree.QName(content).localname}")
        if reason := contract.reason_against(content):
            raise OffContractError(reason)
        return content


class _UnansweredError(Exception):
    """The far side gave no answer to what was asked: a fault, a proxy's page, bytes that are no XML."""

    def __init__(self, code: str, note: str) -> None:
        super().__init__(note)
        self.code = code
        self.note = note


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
