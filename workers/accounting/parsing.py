"""Bytes from outside as XML, and nothing more: no types, no entities, no network. Without zeep, which takes half a second."""

from typing import Final

from lxml import etree

MOST_TAGS: Final = 500_000
"""So many may stand in an answer; a page of 1,000 invoices has 40,000. Each costs ten times its bytes in memory."""
_MOST_CHILDREN: Final = 10_000
_CROWDED = etree.XPath(f"boolean(//*[*[{_MOST_CHILDREN + 1}]])")
"""Whether an element has more children than a check by an XSD bears: for each that is wrong it counts those before it."""


class OffContractError(Exception):
    """Bytes that are no XML, no SOAP, or not as the XSD wants them; the sentence says where."""


def parsed(raw: bytes) -> etree._Element:
    """Bytes from outside as XML. DTDs, entities, huge or crowded trees and the network are refused. Raises `OffContractError`."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    if raw.count(b"<") > MOST_TAGS:
        raise OffContractError(f"it has more than {MOST_TAGS} tags")
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise OffContractError(f"no XML: {fault}") from fault
    declared: object = root.getroottree().docinfo.internalDTD
    if declared is not None:
        raise OffContractError("it declares a document type, which is forbidden")
    if next(root.iter(etree.ProcessingInstruction), None) is not None:
        # It would split a text in two, and a reader that takes the first half takes a wrong voucher number.
        raise OffContractError("it holds a processing instruction, which is forbidden")
    if _CROWDED(root):
        raise OffContractError(f"an element has more than {_MOST_CHILDREN} elements in it")
    return root
