"""What a conversion would do: each row of a file compared with our cases and with Visma; nothing is written anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Engine

from pipeline.conversion import link
from schemas.conversion import ConversionRow, Outcome
from schemas.money import Money
from workers.accounting import MOST_ROWS, connect
from workers.facts import conversions as facts
from workers.secrets import resolve
from workers.store import setup as setup_store


@dataclass(frozen=True, slots=True)
class Compared:
    """A row as it would end. `open_amount`: what Visma has open of the invoice, None where nobody knows."""

    line: int
    case_no: str
    customer_no: str
    invoice_no: str
    amount: Money
    open_amount: Money | None
    outcome: Outcome
    note: str


def compare(
    engine: Engine, company: str, client: str, rows: Iterable[ConversionRow], *, accepts: bool
) -> Iterator[Compared]:
    """Compare rows, 1,000 at a time, as they come. Raises `workers.accounting.Trouble` where Visma does not answer."""
    with engine.connect() as connection:
        setup = setup_store.current(connection)
    installation = setup.installations[setup.companies[company].latest().value.installation].latest().value
    accounting = connect(installation, resolve)
    coming = iter(rows)
    while some := list(islice(coming, MOST_ROWS)):
        seen = facts.seen(accounting, company, some)
        with engine.connect() as connection:
            known = facts.known(connection, company, client, some)
        for row, cases in zip(some, known, strict=True):
            of_row = facts.of_row(row, cases, seen, accepts=accepts, written=False, by_us=False)
            found = link(of_row)
            yield Compared(
                row.line,
                row.case_no,
                row.customer_no,
                row.invoice_no,
                row.amount,
                of_row.seen.open_amount if of_row.seen else None,
                found.outcome,
                found.note,
            )
