"""Rows of ours as the message that sends them, built with lxml and proven against the XSD before it leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lxml import etree

from schemas.transfer import CaseNumber
from schemas.voucher import Voucher
from workers.accounting.contract import Contract
from workers.accounting.names import Field

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes to send, b"" if no row is left, and why each unfit row (by its place) was left out."""

    body: bytes
    unfit: dict[int, str]


def of_vouchers(vouchers: Sequence[Voucher], contract: Contract) -> Message:
    """Build and prove the message. lxml and not zeep's own serialiser: a year's vouchers have 1,500 lines each.

    A voucher that the XSD refuses (a field too long, a KID that is none) is left out and the others are sent.
    """
    names = contract.table.register
    head, lines, closing = (
        _tagged(fields, contract) for fields in (names.head, names.line_fields, names.closing)
    )
    line_tags = contract.field_steps(names.line)

    def fill(made: etree._Element, voucher: Voucher) -> None:
        _put(made, head, voucher)
        for line in voucher.lines:
            if len(line.dimensions) > names.most_dimensions:
                raise ValueError(
                    f"a line has {len(line.dimensions)} dimensions, Visma takes {names.most_dimensions}"
                )
            _put(_below(made, line_tags), lines, line)
        _put(made, closing, voucher)

    named = [f"voucher {voucher.reference}" for voucher in vouchers]
    return _proven(contract, names.name, (), names.voucher, vouchers, fill, named)


def of_case_numbers(company: str, rows: Sequence[CaseNumber], contract: Contract) -> Message:
    """Build and prove the message; a row that the XSD refuses (a case number too long) is left out."""
    names = contract.table.numbers
    fields = _tagged(names.row_fields, contract)
    named = [f"case number {row.case_no} on invoice {row.invoice_no}" for row in rows]
    return _proven(
        contract,
        names.name,
        ((names.company, company),),
        names.row,
        rows,
        lambda made, row: _put(made, fields, row),
        named,
    )


def _proven(
    contract: Contract,
    operation: str,
    head: Sequence[tuple[str, str]],
    row_path: str,
    rows: Sequence[T],
    fill: Callable[[etree._Element, T], None],
    named: Sequence[str],
) -> Message:
    tags = contract.part_steps(row_path)

    def content(places: Sequence[int]) -> etree._Element:
        made = etree.Element(contract.wrapper(operation), nsmap={"w": contract.table.namespace})
        for path, text in head:
            _below(made, contract.part_steps(path)).text = text
        for place in places:
            fill(_below(made, tags), rows[place])
        return made

    unfit: dict[int, str] = {}
    try:
        whole = content(range(len(rows)))
        reason = contract.reason_against(whole)
    except ValueError as fault:  # too many dimensions, or a control character in a text
        reason = str(fault)
    if reason:
        for place in range(len(rows)):
            try:
                reason = contract.reason_against(content([place]))
            except ValueError as fault:
                reason = str(fault)
            if reason:
                unfit[place] = f"{named[place]}: {reason}"
        whole = content([place for place in range(len(rows)) if place not in unfit])
    if len(unfit) == len(rows):
        return Message(b"", unfit)
    return Message(etree.tostring(contract.wrapped(whole), xml_declaration=True, encoding="UTF-8"), unfit)


_Tagged = list[tuple[list[str], Callable[[T], str], bool]]


def _tagged(fields: Sequence[Field[T]], contract: Contract) -> _Tagged[T]:
    return [(contract.field_steps(field.path), field.text_of, field.keep_empty) for field in fields]


def _put(parent: etree._Element, fields: _Tagged[T], value: T) -> None:
    for tags, text_of, keep_empty in fields:
        text = text_of(value)
        if text or keep_empty:
            _below(parent, tags).text = text


def _below(parent: etree._Element, tags: Sequence[str]) -> etree._Element:
    """A new element at the end of a path; what stands around it is used again if it was the last made."""
    for tag in tags[:-1]:
        last = parent[-1] if len(parent) else None
        parent = last if last is not None and last.tag == tag else etree.SubElement(parent, tag)
    return etree.SubElement(parent, tags[-1])
