"""How people name a case: by its number, or by its id where several clients have the number."""

from sqlalchemy import Connection

from workers.store.cases import standing


def called(connection: Connection, name: str) -> tuple[tuple[int, str], ...]:
    """Give the cases that a person can mean by `name`, its number or `id:17`: id, and company/client where it is a number."""
    kind, _, number = name.partition(":")
    if kind == "id" and number.isdecimal():
        return ((int(number), ""),)
    return standing(connection, name)
