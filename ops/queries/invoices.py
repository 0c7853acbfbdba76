"""Invoices from Visma: those that have no case yet, and where the case numbers of the others stand."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ops.queries.asking import MOST, ask
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class ReadyRow:
    """An invoice without a case. `reason` and `note` say why a person is asked; None while nobody is."""

    id: int
    company: str
    client: str
    invoice_no: str
    customer_no: str
    proposal_no: str
    original: Money
    state: str
    told_at: datetime
    reason: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class NumberRow:
    """The case number of an invoice on its way to Visma: waiting, written, or refused with Visma's words."""

    invoice_id: int
    company: str
    client: str
    invoice_no: str
    case_id: int
    case_no: str
    state: str
    code: str
    note: str
    at: datetime | None

    @property
    def says(self) -> str:
        """The state, with Visma's words where it has some."""
        return f"{self.state}: {self.note} ({self.code})" if self.code else self.state


def ready(
    connection: Connection,
    *,
    company: str | None,
    client: str | None,
    state: str | None,
    most: int = MOST,
) -> tuple[ReadyRow, ...]:
    """Invoices that have no case, the oldest first."""
    rows = ask(
        connection,
        "SELECT i.id, i.company, i.client, i.invoice_no, i.customer_no, i.proposal_no, i.original, i.state, i.came_at, "
        "w.reason, w.note FROM invoice i LEFT JOIN work w ON w.invoice_id = i.id AND w.stage = 'import' AND w.state = 'parked'",
        [
            ("i.state IN ('ready', 'parked') = :open", "open", True),
            ("i.company = :company", "company", company),
            ("i.client = :client", "client", client),
            ("i.state = :state", "state", state),
        ],
        "i.id",
        most,
    )
    return tuple(ReadyRow(*row) for row in rows)


def numbers(
    connection: Connection,
    *,
    company: str | None,
    client: str | None,
    state: str | None,
    case_id: int | None,
    most: int = MOST,
) -> tuple[NumberRow, ...]:
    """Where case numbers stand, the oldest first."""
    rows = ask(
        connection,
        "SELECT i.id, i.company, c.client, i.invoice_no, c.id, c.case_no, i.number_state, i.number_code, i.number_note, "
        "i.number_at FROM invoice i JOIN kk2_case c ON c.id = i.case_id",
        [
            ("i.company = :company", "company", company),
            ("c.client = :client", "client", client),
            ("i.number_state = :state", "state", state),
            ("c.id = :case", "case", case_id),
        ],
        "i.id",
        most,
    )
    return tuple(NumberRow(*row) for row in rows)
