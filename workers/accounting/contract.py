"""The written contract in memory: WSDL through zeep, XSD through lxml, both out of the package, never the network."""

import dataclasses
import functools
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError

from workers.accounting.names import (
    CompanyNames,
    ErrorNames,
    InvoiceNames,
    ResultNames,
    TransactionNames,
    VoucherNames,
)
from workers.accounting.parsing import OffContractError
from workers.accounting.soap import Style
from workers.accounting.tables import Mapping

N = TypeVar("N", CompanyNames, ErrorNames, InvoiceNames, ResultNames, TransactionNames, VoucherNames)
_STEPS = re.compile(r"(?:\{[^}]*\})?[^/{}]+")


class NetworkForbiddenError(Exception):
    """A schema pointed to the network. Everything it may need is in the package."""


class _NoNetwork(zeep.Transport):
    """Lets zeep read files of the package and nothing else. Messages do not go through it but through `wire`."""

    def _load_remote_data(self, url: str) -> bytes:
        raise NetworkForbiddenError(f"{url} is outside the package")


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault. `code` is "" without a fault code; `detail` the local name of a fault of the contract, or ""."""

    code: str
    text: str
    detail: str
    detail_code: str
    detail_text: str


class Contract:
    """One table of names with its WSDL and XSD, read when they are first needed: after the fork of a worker."""

    def __init__(self, table: Mapping) -> None:
        """Nothing is read yet."""
        self.table = table
        self._threads = threading.local()
        self._envelope = f"{{{table.soap.namespace}}}Envelope"
        self._body = f"{{{table.soap.namespace}}}Body"
        self._wrapper = f"{{{table.namespace}}}"
        self._field = f"{{{table.field_namespace}}}" if table.field_namespace else ""

    @functools.cached_property
    def client(self) -> Any:  # a zeep.Client: zeep has no types worth the name
        """The WSDL (50 ms)."""
        settings = zeep.Settings(
            strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False
        )
        return zeep.Client(str(self.table.wsdl), transport=_NoNetwork(), settings=settings)  # type: ignore[no-untyped-call]

    @property
    def schema(self) -> etree.XMLSchema:
        """The XSD, one a thread: its list of errors belongs to whoever validates."""
        schema: etree.XMLSchema | None = getattr(self._threads, "schema", None)
        if schema is None:
            schema = self._threads.schema = etree.XMLSchema(etree.parse(str(self.table.xsd)))
        return schema

    def wrapper(self, name: str) -> str:
        """The tag of an operation's element."""
        return self._wrapper + name

    def part_steps(self, path: str) -> list[str]:
        """The tags of a path below an operation's element."""
        first, *inner = _STEPS.findall(path)
        is_bare = first.startswith("{") or self.table.style is Style.RPC
        return [first if is_bare else self._field + first, *map(self._qualified, inner)]

    def field_steps(self, path: str) -> list[str]:
        """The tags of a path below a row."""
        return [self._qualified(step) for step in _STEPS.findall(path)]

    def part(self, path: str) -> str:
        """A path below an operation's element, as lxml finds it."""
        return "/".join(self.part_steps(path))

    def field(self, path: str) -> str:
        """A path below a row, as lxml finds it."""
        return "/".join(self.field_steps(path))

    def fields(self, names: N) -> N:
        """The names of a row, each as lxml finds it."""
        found: Any = {each.name: self.field(getattr(names, each.name)) for each in dataclasses.fields(names)}
        return dataclasses.replace(names, **found)

    def bare(self, text: str) -> str:
        """A sentence about elements, without their namespaces."""
        return text.replace(self._wrapper, "").replace(self._field, "")

    def code(self, theirs: str) -> str:
        """A code of the far side as we call it."""
        return self.table.codes.get(theirs, theirs)

    def headers(self, operation: str) -> dict[str, str]:
        """What a call says of itself over HTTP: kind of content and SOAP action, as the WSDL wants it."""
        soap = self.table.soap
        action = str(self.client.wsdl.bindings[self.table.binding].get(operation).soapaction)
        said = {"Content-Type": soap.content_type.replace("{action}", action)}
        return said | ({"SOAPAction": f'"{action}"'} if soap.action_header else {})

    def question(self, operation: str, fields: Sequence[tuple[str, object]]) -> etree._Element:
        """A small question in its envelope, built by zeep; a field that is None is left out.

        Raises `OffContractError` for a value that the WSDL does not let be sent.
        """
        asked: dict[str, Any] = {}
        for path, value in fields:
            *outer, last = _STEPS.findall(path)
            within = asked
            for step in outer:
                within = within.setdefault(step, {})
            if value is not None:
                within[last] = value
            elif self.table.style is Style.RPC and not outer:
                within[last] = ""  # a part of an rpc message is always there
        service = self.client.create_service(self.table.binding, "http://unused.invalid/")
        try:
            made: etree._Element = self.client.create_message(service, operation, **asked)
        except (ZeepError, ValueError) as fault:
            raise OffContractError(f"{operation} can't be asked so: {fault}") from fault
        return made

    def wrapped(self, content: etree._Element) -> etree._Element:
        """An envelope around an operation's element that was built here."""
        made = etree.Element(self._envelope, nsmap={"soap-env": self.table.soap.namespace})
        etree.SubElement(made, self._body).append(content)
        return made

    def content_of(self, root: etree._Element) -> etree._Element:
        """The element inside a SOAP body. Raises `OffContractError`."""
        body = root.find(self._body) if root.tag == self._envelope else None
        if body is None or len(body) != 1:
            raise OffContractError(f"no SOAP {self.table.soap.version} envelope with one element in its body")
        return body[0]

    def is_fault(self, content: etree._Element) -> bool:
        """Whether what stands in a body is a SOAP fault."""
        return content.tag == f"{{{self.table.soap.namespace}}}Fault"

    def reason_against(self, element: etree._Element) -> str:
        """Why an element is not valid by the XSD, "" if it is."""
        try:
            self.schema.assertValid(element)
        except etree.DocumentInvalid as fault:
            return self.bare(str(fault))
        return ""

    def fault_in(self, content: etree._Element) -> Fault:
        """The fault that stands in a body. Read here and not by zeep, which raises what it likes for an odd one."""
        soap, names = self.table.soap, self.table.error
        code, text = (text_at(content, path) for path in (soap.fault_code, soap.fault_text))
        child = next(iter(content.iterfind(f"{soap.fault_detail}/*")), None)
        if child is None or etree.QName(child).namespace != self.table.namespace:
            return Fault(code, text, "", "", "")
        return Fault(
            code=code,
            text=text,
            detail=etree.QName(child).localname,
            detail_code=self.code(text_at(child, self.field(names.code))),
            detail_text=text_at(child, self.field(names.text)),
        )

    def _qualified(self, step: str) -> str:
        return step if step.startswith("{") else self._field + step


def text_at(element: etree._Element, path: str) -> str:
    """The text at a path without the blanks around it, "" for none."""
    return (element.findtext(path) or "").strip()


@functools.cache
def contract_of(table: Mapping) -> Contract:
    """The contract of a table, one a process."""
    return Contract(table)
