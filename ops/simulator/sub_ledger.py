"""The simulated Visma's customers' ledger: dunning proposals, invoices, the collection mark and the case number."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ops.simulator import transactions
from ops.simulator.contract import RowError
from ops.simulator.disk import ALL, LARGEST_ID, Disk
from schemas.transfer import CaseNumber, ReadyInvoice

MARK = "Ekstern inkasso"

_OPEN = """i.original + coalesce((select sum(t.amount) from txn t
    where t.company = i.company and t.invoice_no = i.invoice_no and t.standing = 1), 0)"""
_ROW = f"""i.id, i.proposal_no, i.invoice_no, i.customer_no, i.name, i.address, i.identity_no, i.sub_ledger_type, i.client,
    i.kid, i.invoiced_on, i.due_on, i.original, {_OPEN}, i.reminders, i.fees, i.case_no, i.company"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A dunning proposal (purreforslag). `invoices`: how many; `marked`: how many of them carry the mark."""

    company: str
    number: str
    dunning_code: str
    approved: bool
    invoices: int
    marked: int


@dataclass(frozen=True, slots=True)
class Item:
    """An invoice in the ledger; `case_no` is "" where it carries no mark. `place` is its order."""

    company: str
    invoice: ReadyInvoice
    case_no: str
    place: int


class NoSuchProposalError(LookupError):
    """No dunning proposal has this company and number."""


class SubLedger:
    """Every public method is one transaction and may be called from any thread."""

    def __init__(self, disk: Disk) -> None:
        """Read and write what stands in the ledger's file."""
        self._disk = disk

    def propose(
        self,
        company: str,
        number: str,
        dunning_code: str,
        invoices: Iterable[ReadyInvoice],
        *,
        approved: bool,
    ) -> int:
        """Add a proposal with its invoices, or invoices to one that is there; their number.

        Raises `sqlite3.IntegrityError` for an invoice that the company has already.
        """
        with self._disk.transaction() as connection:
            connection.execute(
                "insert or ignore into proposal values (?, ?, ?, ?)",
                (company, number, dunning_code, int(approved)),
            )
            added = connection.executemany(
                "insert into invoice (company, proposal_no, invoice_no, customer_no, name, address, identity_no,"
                " sub_ledger_type, client, kid, invoiced_on, due_on, original, reminders, fees)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (company, number, each.invoice_no, each.customer_no, each.name, "\n".join(each.address),
                     each.identity_no, each.sub_ledger_type, each.client, each.kid, each.invoiced_on.isoformat(),
                     each.due_on.isoformat(), each.original, each.reminders, each.fees)
                    for each in invoices
                ),
            )  # fmt: skip
        return added.rowcount

    def approve(self, company: str, number: str, *, approved: bool) -> None:
        """Approve a proposal, or take that back. Raises `NoSuchProposalError`."""
        with self._disk.transaction() as connection:
            changed = connection.execute(
                "update proposal set approved = ? where company = ? and number = ?",
                (int(approved), company, number),
            ).rowcount
        if not changed:
            raise NoSuchProposalError(f"company {company} has no dunning proposal {number}")

    def proposals(self, company: str) -> list[Proposal]:
        """The proposals of a company, "" for all."""
        rows = self._disk.ask(
            "select p.company, p.number, p.dunning_code, p.approved, count(i.id), sum(coalesce(i.case_no, '') <> '')"
            " from proposal p left join invoice i on i.company = p.company and i.proposal_no = p.number"
            " where ? in ('', p.company) group by 1, 2 order by 1, 2",
            (company,),
        )
        return [
            Proposal(code, number, dunning, bool(yes), count, marked)
            for code, number, dunning, yes, count, marked in rows
        ]

    def ready(
        self, company: str, dunning_code: str, after: int, size: int, *, consumed: bool
    ) -> tuple[list[Item], bool]:
        """Up to `size` invoices of approved proposals behind a place, and whether there are more.

        `consumed`: those that carry the mark are left out.
        """
        unmarked = "and i.case_no = ''" if consumed else ""
        rows = self._disk.ask(
            f"select {_ROW} from invoice i cross join proposal p on p.company = i.company and p.number = i.proposal_no"
            f" where i.company = ? and p.dunning_code = ? and p.approved = 1 {unmarked} and i.id > ?"
            " order by i.id limit ?",
            (company, dunning_code, after, size + 1),
        )
        return [_item(row) for row in rows[:size]], len(rows) > size

    def of(self, company: str, invoice_nos: Sequence[str]) -> dict[str, Item]:
        """The invoices of these numbers, by number; those that are not there are left out."""
        rows = self._disk.ask(
            f"select {_ROW} from invoice i where i.company = ? and i.invoice_no in (select value from json_each(?))",
            (company, json.dumps(list(invoice_nos))),
        )
        return {item.invoice.invoice_no: item for item in map(_item, rows)}

    def newest(self, company: str, proposal_no: str, before: int = LARGEST_ID, size: int = ALL) -> list[Item]:
        """Up to `size` invoices with a place under `before`, last first: of a proposal, of a company, "" for all."""
        rows = self._disk.ask(
            f"select {_ROW} from invoice i where ? in ('', i.company) and ? in ('', i.proposal_no) and i.id < ?"
            " order by i.id desc limit ?",
            (company, proposal_no, before, size),
        )
        return [_item(row) for row in rows]

    def count(self, company: str) -> int:
        """How many invoices a company has."""
        ((number,),) = self._disk.ask("select count(*) from invoice where company = ?", (company,))
        return int(number)

    def mark(self, company: str, numbers: Sequence[CaseNumber]) -> list[RowError | None]:
        """Write the mark and the case number on each invoice, or say why not, in order.

        What has happened to a marked invoice is told from now on. The same number again changes nothing.
        """
        with self._disk.transaction() as connection:
            asked = json.dumps([each.invoice_no for each in numbers])
            standing = {
                invoice_no: (customer_no, case_no)
                for invoice_no, customer_no, case_no in connection.execute(
                    "select invoice_no, customer_no, case_no from invoice"
                    " where company = ? and invoice_no in (select value from json_each(?))",
                    (company, asked),
                )
            }
            answers: list[RowError | None] = []
            new: dict[str, CaseNumber] = {}
            for each in numbers:
                answers.append(refusal := _refusal(each, standing.get(each.invoice_no)))
                if refusal is None and not standing[each.invoice_no][1]:
                    new[each.invoice_no] = each
                    standing[each.invoice_no] = (each.customer_no, each.case_no)
            _write(connection, company, new)
        return answers

    def unmark(self, company: str, invoice_no: str) -> None:
        """Take mark and case number off an invoice, as a person does. KeyError where it carries none."""
        with self._disk.transaction() as connection:
            done = connection.execute(
                "update invoice set case_no = '' where company = ? and invoice_no = ? and case_no <> ''",
                (company, invoice_no),
            )
        if not done.rowcount:
            raise KeyError(f"invoice {invoice_no} of company {company} carries no mark")


def _refusal(number: CaseNumber, standing: tuple[str, str] | None) -> RowError | None:
    if standing is None:
        return RowError("UnknownInvoice", 0, f"invoice {number.invoice_no} does not exist")
    customer_no, case_no = standing
    if customer_no != number.customer_no:
        return RowError(
            "WrongCustomer", 0, f"invoice {number.invoice_no} is not one of customer {number.customer_no}"
        )
    if case_no not in ("", number.case_no):
        return RowError(
            "OtherCaseNumber", 0, f"invoice {number.invoice_no} is marked already, with case number {case_no}"
        )
    return None


def _write(connection: sqlite3.Connection, company: str, new: Mapping[str, CaseNumber]) -> None:
    connection.executemany(
        "update invoice set case_no = ?, numbered_on = ?, marked_behind = (select coalesce(max(id), 0) from txn)"
        " where company = ? and invoice_no = ?",
        ((each.case_no, each.day.isoformat(), company, each.invoice_no) for each in new.values()),
    )
    earlier = connection.execute(
        "select id from txn where company = ? and invoice_no in (select value from json_each(?)) order by seq",
        (company, json.dumps(list(new))),
    ).fetchall()
    transactions.tell_again(connection, [row[0] for row in earlier])


def _item(row: Sequence[Any]) -> Item:
    place, proposal_no, invoice_no, customer_no, name, address, identity_no, sub_ledger_type, client = row[:9]
    kid, invoiced_on, due_on, original, open_amount, reminders, fees, case_no, company = row[9:]
    invoice = ReadyInvoice(
        proposal_no, invoice_no, customer_no, name, tuple(address.split("\n")) if address else (), identity_no,
        sub_ledger_type, client, kid, date.fromisoformat(invoiced_on), date.fromisoformat(due_on), original,
        open_amount, reminders, fees,
    )  # fmt: skip
    return Item(company, invoice, case_no, place)
