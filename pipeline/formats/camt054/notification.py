"""A notification while it is read: whose account it is of, and the sums of its entries and payments."""

from datetime import date

from pipeline.formats.camt054 import totals
from pipeline.formats.camt054.entry import Entry
from schemas.bank import Payment
from schemas.money import Money


class Notification:
    """One notification (Ntfctn). `is_spoilt`: something in it could not be read, so that its sums say nothing."""

    def __init__(self) -> None:
        self.id = ""
        self.account = ""
        self.entries = 0
        self.is_spoilt = False
        self.all = totals.Tally()
        self.booked = totals.Tally()
        self.others: dict[str, tuple[int, Money]] = {}
        self.first_other = 0
        self.payments = 0
        self.total: Money = 0
        self.earliest: date | None = None
        self.latest: date | None = None
        self._references: dict[str, tuple[int, Money, date | None]] = {}

    def repeated(self, reference: str, line: int, entry: Entry) -> tuple[int, bool] | None:
        """Where an entry had the same reference before, and whether it was of the same money; None for a new one."""
        money = (entry.signed, entry.booked_on)
        if reference in self._references:
            before, *other = self._references[reference]
            return before, tuple(other) == money
        self._references[reference] = (line, *money)
        return None

    def add(self, entry: Entry) -> None:
        """Count an entry that has ended."""
        if entry.is_spoilt:
            return
        self.all.add(abs(entry.signed), entry.way)
        if entry.is_booked:
            self.booked.add(abs(entry.signed), entry.way)
            return
        number, net = self.others.get(entry.said_status, (0, 0))
        self.others[entry.said_status] = number + 1, net + entry.signed
        self.first_other = self.first_other or entry.line

    def pay(self, payment: Payment) -> None:
        """Count a payment."""
        self.payments += 1
        self.total += payment.amount
        self.earliest = min(self.earliest or payment.booked_on, payment.booked_on)
        self.latest = max(self.latest or payment.booked_on, payment.booked_on)
