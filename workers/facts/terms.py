"""What a client's setup says of a payment, by the payment's interest date: looked up once for a batch."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from schemas.case import CoverOrder
from schemas.money import Money
from schemas.setup import NoSuchSetupError, OverpaymentPolicy, Setup


class ClientTerms(NamedTuple):
    """The row of the setup that was valid, and what it says. `holds`: an overpayment waits for a person."""

    row: int
    holds: bool
    order: CoverOrder
    threshold: Money


@dataclass(slots=True)
class Terms:
    """The terms of all clients, by day."""

    setup: Setup
    known: dict[tuple[str, str, date], ClientTerms] = field(default_factory=dict)

    def on(self, company: str, client: str, day: date) -> ClientTerms:
        """The client's terms on a day. Raises `NoSuchSetupError`."""
        terms = self.known.get((company, client, day))
        if terms is None:
            rows = self.setup.clients.get((company, client))
            if rows is None:
                raise NoSuchSetupError(f"the client {client} of company {company} is not set up")
            row = rows.on(day)
            holds = row.value.overpayment_policy is OverpaymentPolicy.HOLD
            terms = ClientTerms(row.id, holds, row.value.cover_order, row.value.closing_threshold)
            self.known[company, client, day] = terms
        return terms
