"""How a list is asked for: conditions where a person gave a value, the newest first, so many rows."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

MOST = 200
"""Rows of a list when nobody says otherwise."""


TODAY = "(now() AT TIME ZONE 'Europe/Oslo')::date"
"""The day in Norway in SQL, whatever clock the session goes by."""


def today(connection: Connection) -> date:
    """The day in Norway, by the database's clock."""
    found: date = connection.execute(text(f"SELECT {TODAY}")).scalar_one()
    return found


def ask(
    connection: Connection, select: str, conditions: Sequence[tuple[str, str, object]], order: str, most: int
) -> list[Any]:
    """Give the rows of `select` with those of the (condition, name, value) that have a value; conditions are ours, values are bound."""
    given = [(condition, name, value) for condition, name, value in conditions if value is not None]
    where = " AND ".join(condition for condition, _, _ in given) or "true"
    values = {name: value for _, name, value in given}
    return list(
        connection.execute(
            text(f"{select} WHERE {where} ORDER BY {order} LIMIT :most"), {**values, "most": most}
        )
    )
