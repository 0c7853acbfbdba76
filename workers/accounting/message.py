"""Vouchers as the message that registers them, built with lxml and proven against the XSD before it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from schemas.voucher import Voucher, VoucherLine
from workers.accounting import mapping
from workers.accounting.contract import fault_of_schema, wrapped

_NAMES = f"{{{mapping.NAMESPACE}}}"
_PREFIXES = {"w": mapping.NAMESPACE}


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes to send, b"" if no voucher is left, and why each unfit voucher (by its place) was left out."""

    body: bytes
    unfit: dict[int, str]


def build(vouchers: Sequence[Voucher]) -> Message:
    """Build and prove the message. lxml and not zeep's own serialiser: a year's vouchers have 1,500 lines each.

    A voucher that the XSD refuses (a field too long, a KID that is none) is left out and the others are sent.
    """
    built: dict[int, etree._Element] = {}
    unfit: dict[int, str] = {}
    for place, voucher in enumerate(vouchers):
        try:
            built[place] = _voucher(voucher)
        except ValueError as fault:  # too many dimensions, or a control character in a text
            unfit[place] = f"voucher {voucher.reference}: {fault}"
    content = _content(built)
    if fault_of_schema(content):
        for place, element in list(built.items()):
            if reason := fault_of_schema(_content({place: element})):
                unfit[place] = f"voucher {vouchers[place].reference}: {reason}"
                del built[place]
        content = _content(built)
    return Message(
        etree.tostring(wrapped(content), xml_declaration=True, encoding="UTF-8") if built else b"", unfit
    )


def _content(built: dict[int, etree._Element]) -> etree._Element:
    content = etree.Element(_NAMES + mapping.REGISTER, nsmap=_PREFIXES)
    content.extend(built.values())
    return content


def _voucher(voucher: Voucher) -> etree._Element:
    made = etree.Element(_NAMES + mapping.VOUCHER, nsmap=_PREFIXES)
    for name, value_of in _HEAD:
        if value := value_of(voucher):
            etree.SubElement(made, name).text = value
    etree.SubElement(made, _NAMES + mapping.HEAD_TEXT).text = voucher.text
    for line in voucher.lines:
        _line(made, line)
    return made


def _line(parent: etree._Element, line: VoucherLine) -> None:
    if len(line.dimensions) > len(_DIMENSIONS):
        raise ValueError(f"a line has {len(line.dimensions)} dimensions, Visma takes {len(_DIMENSIONS)}")
    made = etree.SubElement(parent, _LINE)
    for name, value_of in _LINE_FIELDS:
        value = value_of(line)
        if value or name == _LINE_TEXT:
            etree.SubElement(made, name).text = value
    for name, dimension in zip(_DIMENSIONS, line.dimensions, strict=False):
        if dimension:
            etree.SubElement(made, name).text = dimension
    for name, value_of in _CLOSING_LINE_FIELDS:
        if value := value_of(line):
            etree.SubElement(made, name).text = value


_HEAD = [(_NAMES + name, value_of) for name, value_of in mapping.HEAD_FIELDS]
_LINE = _NAMES + mapping.LINE
_LINE_TEXT = _NAMES + mapping.LINE_TEXT
_LINE_FIELDS = [(_NAMES + name, value_of) for name, value_of in mapping.LINE_FIELDS]
_DIMENSIONS = [_NAMES + name for name in mapping.DIMENSIONS]
_CLOSING_LINE_FIELDS = [(_NAMES + name, value_of) for name, value_of in mapping.CLOSING_LINE_FIELDS]
