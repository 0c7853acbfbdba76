"""The written contract in memory: WSDL through zeep, XSD through lxml, both out of the package, never the network."""

import functools
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError

from workers.accounting import mapping
from workers.accounting.wire import RawAnswer

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class OffContractError(Exception):
    """Bytes that are no XML, no SOAP, or not as the XSD wants them; the sentence says where."""


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


@functools.cache
def client() -> Any:  # a zeep.Client: zeep has no types worth the name
    """The WSDL, read once a process (50 ms), when it is first needed: after the fork of a worker, not before."""
    path = files("schemas").joinpath(*mapping.WSDL)
    settings = zeep.Settings(
        strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False
    )
    return zeep.Client(str(path), transport=_NoNetwork(), settings=settings)  # type: ignore[no-untyped-call]


@functools.cache
def schema() -> etree.XMLSchema:
    """The XSD, read once a process."""
    return etree.XMLSchema(etree.fromstring(files("schemas").joinpath(*mapping.XSD).read_bytes()))


def soap_action(operation: str) -> str:
    """What the WSDL wants in the header SOAPAction."""
    return str(client().wsdl.bindings[mapping.BINDING].get(operation).soapaction)


def envelope(operation: str, fields: dict[str, object]) -> etree._Element:
    """A small question, built by zeep."""
    service = client().create_service(mapping.BINDING, "http://unused.invalid/")
    made: etree._Element = client().create_message(service, operation, **fields)
    return made


def wrapped(content: etree._Element) -> etree._Element:
    """An envelope around an operation's element that was built here."""
    made = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap-env": SOAP})
    etree.SubElement(made, f"{{{SOAP}}}Body").append(content)
    return made


def content_of(root: etree._Element) -> etree._Element:
    """The element inside a SOAP body. Raises `OffContractError`."""
    body = root.find(f"{{{SOAP}}}Body") if root.tag == f"{{{SOAP}}}Envelope" else None
    if body is None or len(body) != 1:
        raise OffContractError("no SOAP 1.1 envelope with one element in its body")
    return body[0]


def fault_of_schema(element: etree._Element) -> str:
    """Why an element is not valid by the XSD, "" if it is."""
    try:
        schema().assertValid(element)
    except etree.DocumentInvalid as fault:
        return str(fault).replace(f"{{{mapping.NAMESPACE}}}", "")
    return ""


def parsed(raw: bytes) -> etree._Element:
    """Bytes from outside as XML. DTDs, entities, huge trees and the network are refused. Raises `OffContractError`."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise OffContractError(f"no XML: {fault}") from fault
    declared: object = root.getroottree().docinfo.internalDTD
    if declared is not None:
        raise OffContractError("the answer declares a document type, which SOAP forbids")
    if next(root.iter(etree.ProcessingInstruction), None) is not None:
        # It would split a text in two, and a reader that takes the first half takes a wrong voucher number.
        raise OffContractError("the answer holds a processing instruction, which SOAP forbids")
    return root


def reply(operation: str, raw: RawAnswer) -> object | Fault:
    """What an answer says, as zeep gives it, or the fault. `raw` was parsed before and its content is valid by the XSD.

    Raises `OffContractError` if zeep can't read it all the same.
    """
    binding = client().wsdl.bindings[mapping.BINDING]
    # Whatever the headers say, no multipart: zeep would take it apart.
    plain = RawAnswer(raw.status_code, {"Content-Type": "text/xml"}, raw.content)
    try:
        said: object = binding.process_reply(client(), binding.get(operation), plain)
    except zeep.exceptions.Fault as fault:
        return _fault(fault)
    except ZeepError as fault:
        raise OffContractError(f"{type(fault).__name__} from zeep") from fault
    return said


def _fault(fault: zeep.exceptions.Fault) -> Fault:
    child = next(iter(fault.detail), None) if isinstance(fault.detail, etree._Element) else None
    if child is None or etree.QName(child).namespace != mapping.NAMESPACE:
        return Fault(str(fault.code or ""), str(fault.message or ""), "", "", "")
    names = mapping.RESULT
    return Fault(
        code=str(fault.code or ""),
        text=str(fault.message or ""),
        detail=etree.QName(child).localname,
        detail_code=(child.findtext(f"{{{mapping.NAMESPACE}}}{names.error_code}") or "").strip(),
        detail_text=(child.findtext(f"{{{mapping.NAMESPACE}}}{names.error_text}") or "").strip(),
    )
