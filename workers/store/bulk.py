"""Bulk work: rows by COPY, updates by one unnest join. Never a statement per payment."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from psycopg import Connection as Driver
from sqlalchemy import Connection, text


def driver(connection: Connection) -> "Driver[tuple[object, ...]]":
    """Give the psycopg connection beneath, inside the same transaction."""
    under = connection.connection.driver_connection
    if not isinstance(under, Driver):
        raise TypeError("the store needs psycopg 3 beneath SQLAlchemy")
    return under


def by_keys(connection: Connection) -> None:
    """Say that this transaction asks by keys alone: a table that has just grown would else be read whole each time."""
    driver(connection).execute("SET LOCAL enable_seqscan = off")


def copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Copy rows into a table inside the transaction; gives their number. Values are plain Python, None is NULL."""
    number = 0
    with (
        closing(driver(connection).cursor()) as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as stream,
    ):
        write = stream.write_row
        for row in rows:
            write(row)
            number += 1
    return number


def take_ids(connection: Connection, table: str, number: int) -> Sequence[int]:
    """Reserve `number` ids of a table's own sequence, so that rows can name each other before they are copied."""
    if number == 0:
        return ()
    found = connection.execute(
        text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :number)"),
        {"table": table, "number": number},
    )
    return [row[0] for row in found]


def rows(connection: Connection, sql: str, values: Mapping[str, object]) -> "list[tuple[Any, ...]]":
    """Ask for many rows as plain tuples. `sql` has psycopg's placeholders, `%(name)s`; values are always bound."""
    return driver(connection).execute(sql, _bound(values)).fetchall()


def execute(connection: Connection, sql: str, values: Mapping[str, object]) -> int:
    """Run one statement over many rows; gives how many it touched."""
    return driver(connection).execute(sql, _bound(values)).rowcount


def _bound(values: Mapping[str, object]) -> dict[str, object]:
    """Lists of numbers as PostgreSQL writes them: the driver dumps a list item by item, at ten times the cost."""
    return {name: _array(value) if isinstance(value, list) else value for name, value in values.items()}


_NUMBERS = frozenset({int, type(None)})


def _array(values: list[Any]) -> object:
    if not _NUMBERS.issuperset(map(type, values)):
        return values
    return "{" + str(values)[1:-1].replace("None", "NULL") + "}"
