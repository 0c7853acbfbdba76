"""Invoices as Visma has them: those that are ready for collection, what happened to transferred ones, how they stand."""

from lxml import etree

from schemas.transfer import InvoiceBalance, LedgerTransaction, ReadyInvoice, ReadyPage, TransactionPage
from workers.accounting.contract import Contract, text_at
from workers.accounting.parsing import OffContractError
from workers.accounting.reading import cells_of, count, day, money, needed, texts_of


def ready_page(said: etree._Element, contract: Contract) -> ReadyPage:
    """A page of ready invoices, in its order. Raises `OffContractError`."""
    table = contract.table.ready
    names = contract.fields(table.invoice)
    invoices = []
    for row in said.iterfind(contract.part(table.rows)):
        cells = cells_of(row)
        invoices.append(
            ReadyInvoice(
                proposal_no=needed(cells, names.proposal_no),
                invoice_no=needed(cells, names.invoice_no),
                customer_no=needed(cells, names.customer_no),
                name=cells.get(names.name, ""),
                address=texts_of(row, names.address),
                identity_no=cells.get(names.identity_no, ""),
                sub_ledger_type=needed(cells, names.sub_ledger_type),
                client=needed(cells, names.client),
                kid=cells.get(names.kid, ""),
                invoiced_on=day(needed(cells, names.invoiced_on)),
                due_on=day(needed(cells, names.due_on)),
                original=money(needed(cells, names.original)),
                open_amount=money(needed(cells, names.open_amount)),
                reminders=count(needed(cells, names.reminders)),
                fees=money(needed(cells, names.fees)),
            )
        )
    return ReadyPage(tuple(invoices), text_at(said, contract.part(table.next_page)))


def transaction_page(said: etree._Element, contract: Contract) -> TransactionPage:
    """A page of transactions, in its order. Raises `OffContractError`, also for a last page without a cursor."""
    table = contract.table.transactions
    names = contract.fields(table.transaction)
    found = []
    for row in said.iterfind(contract.part(table.rows)):
        cells = cells_of(row)
        kind = needed(cells, names.kind)
        if kind not in table.kinds:
            raise OffContractError(f"a transaction is {kind[:30]!r}, which is no kind that we know")
        found.append(
            LedgerTransaction(
                transaction_id=needed(cells, names.transaction_id),
                voucher_no=needed(cells, names.voucher_no),
                line=count(needed(cells, names.line)),
                voucher_type=cells.get(names.voucher_type, ""),
                registrar=cells.get(names.registrar, ""),
                reference=cells.get(names.reference, ""),
                day=day(needed(cells, names.day)),
                amount=money(needed(cells, names.amount)),
                kind=table.kinds[kind],
                invoice_no=needed(cells, names.invoice_no),
                text=cells.get(names.text, ""),
            )
        )
    following = text_at(said, contract.part(table.next_page))
    if following:
        return TransactionPage(tuple(found), following, "")
    cursor = text_at(said, contract.part(table.cursor))
    if not cursor:
        raise OffContractError("the last page has no cursor to ask from next time")
    return TransactionPage(tuple(found), "", cursor)


def balances(said: etree._Element, contract: Contract) -> tuple[InvoiceBalance, ...]:
    """How invoices stand, in the answer's order. Raises `OffContractError`."""
    table = contract.table.balances
    number, amount, mark, case_no = (
        contract.field(path)
        for path in (table.invoice_no, table.open_amount, table.collection_mark, table.case_no)
    )
    rows = (cells_of(row) for row in said.iterfind(contract.part(table.rows)))
    return tuple(
        InvoiceBalance(
            invoice_no=needed(cells, number),
            open_amount=money(needed(cells, amount)),
            collection_mark=cells.get(mark, "") in table.marks,
            case_no=cells.get(case_no, ""),
        )
        for cells in rows
    )
