"""What happened to customers' invoices in the simulated Visma: lines of vouchers, ours and those of its own people."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ops.simulator.disk import ALL, LARGEST_ID, Disk
from schemas.money import Money
from schemas.transfer import LedgerTransaction, ReadyInvoice, TransactionKind

_LAST = "(select coalesce(max(seq), 0) from txn)"
_POST = f"""insert into txn (seq, company, invoice_no, year, number, line, voucher_type, registrar, reference, day, amount,
    kind, text)
    select {_LAST} + 1, :company, :invoice_no, :year, :number, :line, :voucher_type, :registrar, :reference, :day,
    :amount, :kind, :text where exists (select 1 from invoice where company = :company and invoice_no = :invoice_no)"""
_ROW = """t.id, t.number, t.line, t.voucher_type, t.registrar, t.reference, t.day, t.amount, t.kind, t.invoice_no, t.text,
    t.seq"""


@dataclass(frozen=True, slots=True)
class Posting:
    """A voucher's line on a customer's invoice. `line` counts from 1; debit positive."""

    line: int
    invoice_no: str
    amount: Money
    kind: TransactionKind
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a voucher's postings have in common."""

    company: str
    year: int
    number: int
    voucher_type: str
    registrar: str
    reference: str
    day: date


class NoSuchTransactionError(LookupError):
    """No transaction that stands has this id."""


def post(connection: sqlite3.Connection, head: Head, postings: Iterable[Posting]) -> None:
    """Keep the postings of a voucher. One on an invoice that the sub-ledger does not have is left out."""
    connection.executemany(
        _POST,
        (
            {
                "company": head.company, "invoice_no": each.invoice_no, "year": head.year, "number": head.number,
                "line": each.line, "voucher_type": head.voucher_type, "registrar": head.registrar,
                "reference": head.reference, "day": head.day.isoformat(), "amount": each.amount,
                "kind": each.kind.value, "text": each.text[:30],
            }
            for each in postings
        ),
    )  # fmt: skip


def set_standing(connection: sqlite3.Connection, voucher: tuple[str, int, int], *, standing: bool) -> None:
    """A deleted voucher's transactions are gone; those of one that is put back are told again."""
    changed = connection.execute(
        "select id from txn where company = ? and year = ? and number = ? and standing <> ? order by seq",
        (*voucher, int(standing)),
    ).fetchall()
    connection.executemany(
        "update txn set standing = ? where id = ?", ((int(standing), row[0]) for row in changed)
    )
    tell_again(connection, [row[0] for row in changed])


def alter(
    connection: sqlite3.Connection, voucher: tuple[str, int, int], amounts: Mapping[int, Money]
) -> None:
    """Other amounts on a voucher's lines: the same ids are told again."""
    lines = json.dumps(list(amounts))
    changed = connection.execute(
        "select id, line from txn where company = ? and year = ? and number = ?"
        " and line in (select value from json_each(?)) order by seq",
        (*voucher, lines),
    ).fetchall()
    connection.executemany(
        "update txn set amount = ? where id = ?", ((amounts[line], row_id) for row_id, line in changed)
    )
    tell_again(connection, [row_id for row_id, _ in changed])


def tell_again(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Move transactions to the end of what is told, in this order."""
    connection.executemany(f"update txn set seq = {_LAST} + 1 where id = ?", ((row_id,) for row_id in ids))


class Transactions:
    """The transactions on disk."""

    def __init__(self, disk: Disk) -> None:
        """Read and write what stands in the ledger's file."""
        self._disk = disk

    def bring_forward(self, company: str, invoices: Iterable[ReadyInvoice]) -> None:
        """What was paid before this ledger began: vouchers that do not stand in it, numbered below its first."""
        with self._disk.transaction() as connection:
            for number, each in enumerate(invoices, start=1):
                head = Head(company, each.due_on.year, number, "IB", "KARI", "", each.due_on)
                paid = each.open_amount - each.original
                post(
                    connection,
                    head,
                    [Posting(1, each.invoice_no, paid, TransactionKind.PAYMENT, "Innbetalt")],
                )

    def told(
        self, company: str, after: int, size: int, *, history: bool
    ) -> tuple[list[tuple[int, LedgerTransaction]], bool]:
        """Up to `size` transactions on marked invoices behind a place, each with its place; and whether there are more.

        Without `history` those from before the mark are left out.
        """
        rows = self._disk.ask(
            f"select {_ROW} from txn t join invoice i on i.company = t.company and i.invoice_no = t.invoice_no"
            " where t.company = ? and t.seq > ? and t.standing = 1 and i.case_no <> ''"
            " and (? or t.id > i.marked_behind) order by t.seq limit ?",
            (company, after, int(history), size + 1),
        )
        return [(row[-1], _transaction(row)) for row in rows[:size]], len(rows) > size

    def newest(
        self, company: str, invoice_no: str, before: int = LARGEST_ID, size: int = ALL
    ) -> list[tuple[int, LedgerTransaction]]:
        """Up to `size` transactions that stand, the last told first: of an invoice, of a company, "" for all."""
        rows = self._disk.ask(
            f"select {_ROW} from txn t where (? = '' or t.company = ?) and (? = '' or t.invoice_no = ?) and t.seq < ?"
            " and t.standing = 1 order by t.seq desc limit ?",
            (company, company, invoice_no, invoice_no, before, size),
        )
        return [(row[-1], _transaction(row)) for row in rows]

    def of_voucher(self, company: str, year: int, number: int) -> list[LedgerTransaction]:
        """A voucher's transactions that stand, by line."""
        rows = self._disk.ask(
            f"select {_ROW} from txn t where company = ? and year = ? and number = ? and standing = 1 order by line, id",
            (company, year, number),
        )
        return [_transaction(row) for row in rows]

    def correct(self, company: str, transaction_id: str, amount: Money, *, new_id: bool) -> str:
        """Another amount, under the same id or as a replacement under a new one; the id. `NoSuchTransactionError`."""
        change = self._replace if new_id else self._change
        return change(company, transaction_id, amount)

    def _change(self, company: str, transaction_id: str, amount: Money) -> str:
        """The same id is told again."""
        with self._disk.transaction() as connection:
            row_id = _standing(connection, company, transaction_id)
            connection.execute("update txn set amount = ? where id = ?", (amount, row_id))
            tell_again(connection, [row_id])
        return transaction_id

    def _replace(self, company: str, transaction_id: str, amount: Money) -> str:
        """A new id, of the same voucher and line; the old one is gone."""
        with self._disk.transaction() as connection:
            row_id = _standing(connection, company, transaction_id)
            new = connection.execute(
                "insert into txn (seq, company, invoice_no, year, number, line, voucher_type, registrar, reference, day,"
                f" amount, kind, text) select {_LAST} + 1, company, invoice_no, year, number, line, voucher_type, registrar,"
                " reference, day, ?, kind, text from txn where id = ?",
                (amount, row_id),
            ).lastrowid
            connection.execute("delete from txn where id = ?", (row_id,))
        return _id(new or 0)


def _standing(connection: sqlite3.Connection, company: str, transaction_id: str) -> int:
    digits = transaction_id.removeprefix("T")
    row = connection.execute(
        "select id from txn where id = ? and company = ? and standing = 1",
        (int(digits) if digits.isdecimal() else 0, company),
    ).fetchone()
    if row is None:
        raise NoSuchTransactionError(f"company {company} has no transaction {transaction_id}")
    return int(row[0])


def _id(row_id: int) -> str:
    return f"T{row_id:08d}"


def _transaction(row: Sequence[object]) -> LedgerTransaction:
    row_id, number, line, voucher_type, registrar, reference, day, amount, kind, invoice_no, text, _ = row
    return LedgerTransaction(
        _id(row_id),  # type: ignore[arg-type] # SQLite gives what the columns above say
        str(number),
        line,  # type: ignore[arg-type]
        str(voucher_type),
        str(registrar),
        str(reference),
        date.fromisoformat(str(day)),
        amount,  # type: ignore[arg-type]
        TransactionKind(str(kind)),
        str(invoice_no),
        str(text),
    )
