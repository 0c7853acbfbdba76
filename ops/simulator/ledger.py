"""The simulated Visma's voucher registration on disk: vouchers, their numbers and what was called for."""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ops.simulator import transactions
from ops.simulator.disk import Disk
from ops.simulator.transactions import Head, Posting
from schemas.money import Money
from schemas.voucher import LedgerState

FIRST_NUMBER = 100_001

_COUNT = "insert into call values (?, ?, 1) on conflict (company, reference) do update set calls = calls + 1"

_ROW = """v.id, v.company, v.year, v.number, v.reference, v.voucher_type, v.registrar, v.voucher_date, v.total, v.lines,
    v.state, v.text, v.by_hand, v.received_at,
    coalesce((select calls from call c where c.company = v.company and c.reference = v.reference), 0)"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A voucher that is about to be booked. `total`: the sum of its debits; `body`: its XML.

    `postings`: its lines on customers' invoices.
    """

    company: str
    year: int
    reference: str
    voucher_type: str
    registrar: str
    voucher_date: date
    total: Money
    lines: int
    state: LedgerState
    text: str
    by_hand: bool
    body: bytes
    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True)
class Booked:
    """A voucher in the ledger. `calls` is how often RegisterVouchers named its reference, booked or not."""

    id: int
    company: str
    year: int
    number: int
    reference: str
    voucher_type: str
    registrar: str
    voucher_date: date
    total: Money
    lines: int
    state: LedgerState
    text: str
    by_hand: bool
    received_at: str
    calls: int


class NoSuchVoucherError(LookupError):
    """No voucher has this company, year and number."""


class Ledger:
    """Every public method is one transaction and may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        """Open the ledger in `folder`, or begin one."""
        self.disk = Disk(folder)

    def close(self) -> None:
        """Close the file."""
        self.disk.close()

    def count_calls(self, references: Sequence[tuple[str, str]]) -> None:
        """Remember that a call named these (company, reference)."""
        with self.disk.transaction() as connection:
            connection.executemany(_COUNT, references)

    def book(
        self, entries: Sequence[Entry], *, deduplicates: bool, calls: Sequence[tuple[str, str]] = ()
    ) -> list[Booked]:
        """Give each entry a number and keep it, or answer with the first of its reference if told to de-duplicate.

        `calls`: the (company, reference) of all that the call named, counted in the same transaction.
        """
        with self.disk.transaction() as connection:
            connection.executemany(_COUNT, calls)
            return [self._book(connection, entry, deduplicates=deduplicates) for entry in entries]

    def find(self, company: str, reference: str) -> list[Booked]:
        """All vouchers of a company with this reference, oldest first."""
        return self._select("where v.company = ? and v.reference = ? order by v.id", (company, reference))

    def page(
        self,
        company: str,
        voucher_type: str,
        registrar: str,
        span: tuple[date, date],
        *,
        after: str,
        size: int,
    ) -> tuple[list[Booked], str]:
        """Up to `size` vouchers in the order (voucher date, id), from behind the token `after`; and the next token."""
        day, _, row_id = after.partition(".")
        rows = self._select(
            "where v.company = ? and v.voucher_type = ? and v.registrar = ? and v.voucher_date between ? and ?"
            " and (v.voucher_date, v.id) > (?, ?) order by v.voucher_date, v.id limit ?",
            (company, voucher_type, registrar, max(span[0].isoformat(), day), span[1].isoformat(),
             day, int(row_id or 0), size + 1),
        )  # fmt: skip
        more = len(rows) > size
        return rows[:size], f"{rows[size - 1].voucher_date}.{rows[size - 1].id}" if more else ""

    def newest(self, company: str, before: int, size: int) -> list[Booked]:
        """Up to `size` vouchers of a company ("" for all), newest first, with an id under `before`."""
        return self._select(
            "where (? = '' or v.company = ?) and v.id < ? order by v.id desc limit ?",
            (company, company, before, size),
        )

    def all(self, company: str) -> Iterator[Booked]:
        """Every voucher of a company ("" for all), oldest first, read in slices so that the ledger is never held."""
        after = 0
        while rows := self._select(
            "where (? = '' or v.company = ?) and v.id > ? order by v.id limit 5000", (company, company, after)
        ):
            yield from rows
            after = rows[-1].id

    def sums(self) -> list[tuple[str, int, Money]]:
        """Number of vouchers and sum of debits per company, the deleted ones left out."""
        return self.disk.ask(
            "select company, count(*), sum(total) from voucher where state <> 'deleted' group by 1 order by 1"
        )

    def calls(self, reference: str) -> int:
        """How often RegisterVouchers named a reference."""
        ((calls,),) = self.disk.ask(
            "select coalesce(sum(calls), 0) from call where reference = ?", (reference,)
        )
        return int(calls)

    def voucher(self, company: str, year: int, number: int) -> tuple[Booked, bytes]:
        """One voucher and its XML. Raises `NoSuchVoucherError`."""
        found = self._select("where v.company = ? and v.year = ? and v.number = ?", (company, year, number))
        if not found:
            raise NoSuchVoucherError(f"company {company} has no voucher {number} in {year}")
        ((body,),) = self.disk.ask("select body from voucher where id = ?", (found[0].id,))
        return found[0], zlib.decompress(body)

    def set_state(self, company: str, year: int, number: int, state: LedgerState) -> None:
        """What a person in Visma does: approve, post or delete. Raises `NoSuchVoucherError`."""
        with self.disk.transaction() as connection:
            changed = connection.execute(
                "update voucher set state = ? where company = ? and year = ? and number = ?",
                (state.value, company, year, number),
            ).rowcount
            if not changed:
                raise NoSuchVoucherError(f"company {company} has no voucher {number} in {year}")
            standing = state is not LedgerState.DELETED
            transactions.set_standing(connection, (company, year, number), standing=standing)

    def alter(
        self, company: str, year: int, number: int, amounts: Mapping[int, Money], total: Money, body: bytes
    ) -> None:
        """What a person in Visma does to a voucher that is not posted: other amounts on lines, by number from 1."""
        with self.disk.transaction() as connection:
            connection.execute(
                "update voucher set total = ?, body = ? where company = ? and year = ? and number = ?",
                (total, zlib.compress(body, 1), company, year, number),
            )
            transactions.alter(connection, (company, year, number), amounts)

    def set_period(self, company: str, period: tuple[int, int], *, is_open: bool) -> None:
        """Open or close a period; it outlives a restart."""
        with self.disk.transaction() as connection:
            connection.execute(
                "insert or replace into period values (?, ?, ?, ?)", (company, *period, int(is_open))
            )

    def periods(self) -> dict[tuple[str, int, int], bool]:
        """What was opened and closed by hand: (company, year, period) to open."""
        rows = self.disk.ask("select company, year, period, open from period")
        return {(company, year, period): bool(is_open) for company, year, period, is_open in rows}

    def _book(self, connection: sqlite3.Connection, entry: Entry, *, deduplicates: bool) -> Booked:
        if deduplicates and (
            row := connection.execute(
                f"select {_ROW} from voucher v where v.company = ? and v.reference = ? order by v.id limit 1",
                (entry.company, entry.reference),
            ).fetchone()
        ):
            return _booked(row)
        (number,) = connection.execute(
            "insert into series values (?, ?, ?) on conflict (company, year) do update set last = last + 1 returning last",
            (entry.company, entry.year, FIRST_NUMBER),
        ).fetchone()
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        row_id = connection.execute(
            "insert into voucher values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (entry.company, entry.year, number, entry.reference, entry.voucher_type, entry.registrar,
             entry.voucher_date.isoformat(), entry.total, entry.lines, entry.state.value, entry.text,
             int(entry.by_hand), now, zlib.compress(entry.body, 1)),
        ).lastrowid  # fmt: skip
        head = Head(
            entry.company, entry.year, number, entry.voucher_type, entry.registrar, entry.reference, entry.voucher_date
        )  # fmt: skip
        transactions.post(connection, head, entry.postings)
        return _booked(
            connection.execute(f"select {_ROW} from voucher v where v.id = ?", (row_id,)).fetchone()
        )

    def _select(self, where: str, values: tuple[object, ...]) -> list[Booked]:
        return [_booked(row) for row in self.disk.ask(f"select {_ROW} from voucher v {where}", values)]


def _booked(row: tuple[object, ...]) -> Booked:
    values = list(row)
    values[7] = date.fromisoformat(str(values[7]))
    values[10] = LedgerState(str(values[10]))
    values[12] = bool(values[12])
    return Booked(*values)  # type: ignore[arg-type] # SQLite gives what the columns above say
