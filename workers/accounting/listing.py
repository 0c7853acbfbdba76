"""Vouchers as the ledger has them, out of an answer that the XSD has proven."""

from collections.abc import Iterator

from lxml import etree

from schemas.transfer import LedgerVoucher
from workers.accounting.contract import Contract
from workers.accounting.parsing import OffContractError
from workers.accounting.reading import cells_of, count, day, money, needed


def ledger_vouchers(said: etree._Element, rows: str, contract: Contract) -> Iterator[LedgerVoucher]:
    """The vouchers of an answer to a search or a list, in its order. Raises `OffContractError`."""
    names, states = contract.fields(contract.table.voucher), contract.table.states
    for row in said.iterfind(contract.part(rows)):
        cells = cells_of(row)
        total, lines = cells.get(names.total), cells.get(names.lines)
        state = needed(cells, names.state)
        if state not in states:
            raise OffContractError(f"a voucher is {state!r}, which is no state that we know")
        yield LedgerVoucher(
            reference=cells.get(names.reference, ""),
            voucher_no=needed(cells, names.number),
            state=states[state],
            voucher_date=day(needed(cells, names.voucher_date)),
            total=money(total) if total else None,
            lines=count(lines) if lines else None,
        )
