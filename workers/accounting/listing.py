"""Vouchers as the ledger has them, out of an answer that the XSD has proven.

Read with lxml and not through zeep, which takes 100 ms for a page of 1,000 rows: the control reads 200 pages.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from lxml import etree

from schemas.transfer import LedgerVoucher
from workers.accounting import mapping
from workers.accounting.verdicts import money_of

_NAMES = f"{{{mapping.NAMESPACE}}}"


def ledger_vouchers(said: etree._Element) -> Iterator[LedgerVoucher]:
    """The vouchers of an answer to FindVoucher or ListVouchers, in its order."""
    names = mapping.LEDGER
    for row in said.iterfind(_NAMES + mapping.VOUCHER):
        cells = {str(cell.tag).removeprefix(_NAMES): (cell.text or "").strip() for cell in row}
        total, lines = cells.get(names.total), cells.get(names.lines)
        yield LedgerVoucher(
            reference=cells.get(names.reference, ""),
            voucher_no=cells[names.number],
            state=mapping.STATES[cells[names.state]],
            voucher_date=date.fromisoformat(
                cells[names.voucher_date][:10]
            ),  # a time zone may follow, and means nothing
            total=None if total is None else money_of(Decimal(total)),
            lines=None if lines is None else int(lines),
        )


def next_page(said: etree._Element) -> str:
    """The token of the next page, "" on the last."""
    return (said.findtext(_NAMES + mapping.LEDGER.next_page) or "").strip()
