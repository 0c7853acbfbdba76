"""What tells a reversal that a person made in Visma from one of ours: the lines and splits of ours that it mirrors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from schemas.money import Money
from schemas.transfer import LedgerTransaction, TransactionKind
from workers.store.bulk import rows

Signed: TypeAlias = frozenset[tuple[str, str, Money]]
"""Reference, invoice and amount of the lines of ours that stand under the references of told reversals."""

_COVERED = (
    "SELECT s.item_id, s.amount FROM split s JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
    "JOIN voucher v ON v.id = t.voucher_id AND v.state IN ('delivered', 'by_hand') "
    "WHERE s.case_id = ANY(%(cases)s) AND s.item_id = ANY(%(items)s) AND s.kind = 1"
)
_SIGNED = (
    "SELECT v.reference, l.invoice_no, l.amount FROM voucher v JOIN voucher_line l ON l.voucher_id = v.id "
    "WHERE v.company = %(company)s AND v.reference = ANY(%(references)s) AND l.invoice_no <> ''"
)


def covered(
    connection: Connection, told: Iterable[LedgerTransaction], claims: Mapping[str, Sequence[int]]
) -> set[tuple[int, Money]]:
    """Item and amount of the splits of delivered vouchers on what reversals name; `claims`: case and item by invoice."""
    back = [claims[each.invoice_no] for each in _reversals(told) if each.invoice_no in claims]
    if not back:
        return set()
    values = {"cases": [case_id for case_id, _ in back], "items": [item_id for _, item_id in back]}
    return {(row[0], row[1]) for row in rows(connection, _COVERED, values)}


def signed(connection: Connection, company: str, told: Iterable[LedgerTransaction]) -> Signed:
    """The lines of ours under the references that told reversals carry."""
    references = [each.reference for each in _reversals(told) if each.reference]
    if not references:
        return frozenset()
    found = rows(connection, _SIGNED, {"company": company, "references": references})
    return frozenset((row[0], row[1], row[2]) for row in found)


def is_copy(told: LedgerTransaction, lines: Signed) -> bool:
    """Whether it carries the reference of the voucher that it takes back: Visma may copy it from there to the mirror."""
    of = told.reference, told.invoice_no
    return (
        told.kind is TransactionKind.REVERSAL
        and (*of, -told.amount) in lines
        and (*of, told.amount) not in lines
    )


def _reversals(told: Iterable[LedgerTransaction]) -> list[LedgerTransaction]:
    return [each for each in told if each.kind is TransactionKind.REVERSAL]
