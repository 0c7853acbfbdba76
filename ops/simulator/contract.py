"""The contract on the simulator's side: XSD-checked messages in, envelopes and faults out. lxml only, for speed."""

import threading
from dataclasses import dataclass
from importlib.resources import files

from lxml import etree

NAMESPACE = "urn:kk2-visma:wsinkasso:1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

_LOCAL = threading.local()


class FaultyMessageError(ValueError):
    """The message is no XML, no SOAP, or not as the XSD wants it; the sentence says where."""


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row is refused. `line` counts from 1, 0 where no line is meant."""

    code: str
    line: int
    text: str


class BusinessFaultError(Exception):
    """The whole call is refused with one of the contract's faults. `fields` in the XSD's order."""

    def __init__(self, element: str, fields: tuple[tuple[str, str], ...]) -> None:
        """Keep the element of `detail` and what stands in it."""
        super().__init__(element)
        self.element = element
        self.fields = fields


def invalid(code: str, text: str) -> BusinessFaultError:
    """The contract's ValidationFault."""
    return BusinessFaultError("ValidationFault", (("code", code), ("text", text)))


def q(name: str) -> str:
    """A name of the contract's namespace as lxml wants it."""
    return f"{{{NAMESPACE}}}{name}"


def text_of(parent: etree._Element, name: str) -> str:
    """The text of a child without the blanks around it, "" for none."""
    return (parent.findtext(q(name)) or "").strip()


def open_envelope(body: bytes) -> etree._Element:
    """The operation's element, valid by the XSD. DTDs, entities and the network are refused. `FaultyMessageError`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise FaultyMessageError(f"no XML: {fault}") from fault
    if _declares_a_type(root):
        raise FaultyMessageError("a document type declaration is refused")
    inside = root.find(f"{{{SOAP}}}Body/*") if root.tag == f"{{{SOAP}}}Envelope" else None
    if inside is None:
        raise FaultyMessageError("no SOAP 1.1 envelope with a body")
    try:
        _schema().assertValid(inside)
    except etree.DocumentInvalid as fault:
        raise FaultyMessageError(str(fault).replace(f"{{{NAMESPACE}}}", "")) from fault
    return inside


def seal(answer: etree._Element) -> bytes:
    """An answer in its envelope."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP, "w": NAMESPACE})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(answer)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def seal_fault(code: str, text: str, detail: etree._Element | None) -> bytes:
    """A SOAP fault in its envelope; `code` is Client or Server."""
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"s": SOAP})
    etree.SubElement(fault, "faultcode").text = f"s:{code}"
    etree.SubElement(fault, "faultstring").text = text
    if detail is not None:
        etree.SubElement(fault, "detail").append(detail)
    return seal(fault)


def seal_business_fault(fault: BusinessFaultError) -> bytes:
    """One of the contract's faults in its envelope."""
    return seal_fault("Client", fault.element, element(fault.element, fault.fields))


def element(name: str, fields: tuple[tuple[str, str], ...]) -> etree._Element:
    """An element with its children in order."""
    made = etree.Element(q(name), nsmap={"w": NAMESPACE})
    for field, value in fields:
        etree.SubElement(made, q(field)).text = value
    return made


def _declares_a_type(root: etree._Element) -> bool:
    declared: object = root.getroottree().docinfo.internalDTD
    return declared is not None


def _schema() -> etree.XMLSchema:
    """One schema a thread: its error log belongs to whoever validates."""
    schema: etree.XMLSchema | None = getattr(_LOCAL, "schema", None)
    if schema is None:
        schema = etree.XMLSchema(etree.fromstring((files("schemas") / "xsd" / "wsinkasso.xsd").read_bytes()))
        _LOCAL.schema = schema
    return schema
