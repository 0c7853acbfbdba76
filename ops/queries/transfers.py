"""What went between KK2 and Visma for each company, counted: invoices fetched, numbers written, transactions, conversions."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.queries import controls, schedules
from ops.queries.controls import RunRow
from ops.queries.schedules import ScheduleRow


@dataclass(frozen=True, slots=True)
class Counted:
    """So many rows of a state."""

    state: str
    rows: int


@dataclass(frozen=True, slots=True)
class Transfers:
    """A company and its Visma: what runs by the clock, and how its rows stand, by state."""

    company: str
    schedules: tuple[ScheduleRow, ...]
    invoices: tuple[Counted, ...]
    numbers: tuple[Counted, ...]
    transactions: tuple[Counted, ...]
    conversions: tuple[Counted, ...]
    control: RunRow | None
    differences: int


_COUNTS = {
    "invoices": "SELECT company, state, count(*) FROM invoice GROUP BY 1, 2 ORDER BY 1, 2",
    "numbers": "SELECT company, number_state, count(*) FROM invoice WHERE number_state <> '' GROUP BY 1, 2 ORDER BY 1, 2",
    "transactions": "SELECT company, state, count(*) FROM ledger_transaction GROUP BY 1, 2 ORDER BY 1, 2",
    "conversions": "SELECT company, state, sum(rows)::bigint FROM conversion GROUP BY 1, 2 ORDER BY 1, 2",
    "differences": "SELECT company, state, count(*) FROM difference WHERE state = 'open' GROUP BY 1, 2",
}


def standing(connection: Connection, companies: list[str]) -> tuple[Transfers, ...]:
    """Each of the companies, with what went between it and Visma."""
    known = schedules.listed(connection)
    counted = {what: _counted(connection, sql) for what, sql in _COUNTS.items()}
    return tuple(
        Transfers(
            company,
            tuple(each for each in known if each.name.partition(" ")[2] == company),
            counted["invoices"].get(company, ()),
            counted["numbers"].get(company, ()),
            counted["transactions"].get(company, ()),
            counted["conversions"].get(company, ()),
            controls.last_run(connection, company),
            sum(each.rows for each in counted["differences"].get(company, ())),
        )
        for company in companies
    )


def _counted(connection: Connection, sql: str) -> dict[str, tuple[Counted, ...]]:
    found: dict[str, tuple[Counted, ...]] = {}
    for company, state, rows in connection.execute(text(sql)):
        found[company] = (*found.get(company, ()), Counted(state, rows))
    return found
