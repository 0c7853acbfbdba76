"""The simulated Visma's file: one SQLite database that survives a kill -9, used by one thread at a time."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LARGEST_ID = 2**62
"""Above every id and every place."""

ALL = -1
"""A limit that SQLite takes for none."""

TABLES = """
create table if not exists voucher (
    id integer primary key, company text not null, year integer not null, number integer not null,
    reference text not null, voucher_type text not null, registrar text not null, voucher_date text not null,
    total integer not null, lines integer not null, state text not null, text text not null, by_hand integer not null,
    received_at text not null, body blob not null, unique (company, year, number)
);
create index if not exists voucher_reference on voucher (company, reference);
create index if not exists voucher_listed on voucher (company, voucher_type, registrar, voucher_date, id);
create table if not exists series (
    company text not null, year integer not null, last integer not null, primary key (company, year)
) without rowid;
create table if not exists call (
    company text not null, reference text not null, calls integer not null, primary key (company, reference)
) without rowid;
create table if not exists period (
    company text not null, year integer not null, period integer not null, open integer not null,
    primary key (company, year, period)
) without rowid;
create table if not exists proposal (
    company text not null, number text not null, dunning_code text not null, approved integer not null,
    primary key (company, number)
) without rowid;
create table if not exists invoice (
    id integer primary key, company text not null, invoice_no text not null, proposal_no text not null,
    customer_no text not null, name text not null, address text not null, identity_no text not null,
    sub_ledger_type text not null, client text not null, kid text not null, invoiced_on text not null,
    due_on text not null, original integer not null, reminders integer not null, fees integer not null,
    case_no text not null default '', numbered_on text not null default '', marked_behind integer not null default 0,
    unique (company, invoice_no)
);
create index if not exists invoice_proposed on invoice (company, proposal_no, id);
create index if not exists invoice_unmarked on invoice (company, id) where case_no = '';
create table if not exists txn (
    id integer primary key, seq integer not null unique, company text not null, invoice_no text not null,
    year integer not null, number integer not null, line integer not null, voucher_type text not null,
    registrar text not null, reference text not null, day text not null, amount integer not null,
    kind text not null, text text not null, standing integer not null default 1
);
create index if not exists txn_invoice on txn (company, invoice_no);
create index if not exists txn_voucher on txn (company, year, number);
create index if not exists txn_told on txn (company, seq);
"""
"""`txn`: a line on a customer's invoice; `seq` is its place in what is told, and moves to the end when it changes."""


class Disk:
    """One SQLite file. Every question and every transaction takes the lock: any thread may use it."""

    def __init__(self, folder: Path) -> None:
        """Open the file in `folder`, or begin one."""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            folder / "ledger.sqlite", check_same_thread=False, isolation_level=None
        )
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(TABLES)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def ask(self, question: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        with self._lock:
            return self._connection.execute(question, values).fetchall()

    def transaction(self) -> "Transaction":
        """A transaction as a context: committed at the end, rolled back on any error."""
        return Transaction(self._lock, self._connection)


class Transaction:
    """The lock and a transaction."""

    def __init__(self, lock: threading.Lock, connection: sqlite3.Connection) -> None:
        """Nothing is begun yet."""
        self._lock, self._connection = lock, connection

    def __enter__(self) -> sqlite3.Connection:
        """Begin, once nobody else writes or asks."""
        self._lock.acquire()
        self._connection.execute("begin immediate")
        return self._connection

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """End."""
        try:
            self._connection.execute("commit" if kind is None else "rollback")
        finally:
            self._lock.release()
