"""An entry, which is one line of the bank statement, while its transactions are read."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple, Protocol

from pipeline.formats.camt054 import remittance, values
from pipeline.formats.camt054.notes import Code
from pipeline.formats.camt054.remittance import Part
from pipeline.formats.saying import Notes, shown
from schemas.bank import Payment
from schemas.money import Money, decimal_text, in_kroner
from schemas.wording import counted

_STATUSES = {
    "BOOK": "booked",
    "PDNG": "pending (PDNG)",
    "INFO": "for information (INFO)",
    "FUTR": "to come (FUTR)",
}
_BARE = 4
"""Digits up to which an entry's reference is taken for a number that begins anew in each notification."""


class Refuse(Protocol):
    """What says that something is wrong: the line, what is, what was expected, what was found."""

    def __call__(self, line: int, what: str, expected: str, found: str) -> None: ...


class Place(NamedTuple):
    """The values of an element that is complete, with their lines, the line of its start, and where to speak of it."""

    known: Mapping[str, Any]
    lines: Mapping[str, int]
    line: int
    refuse: Refuse
    notes: Notes

    def demanded(self, key: str) -> Any:
        """A value that must be there; None, and a fault unless one was said, where it is not."""
        if key not in self.known:
            self.refuse(self.line, key, "this", "none")
        return self.known.get(key)

    def money(self, *keys: str) -> Money | None:
        """The first of these amounts that is in our currency; None, and a fault, where all that are there are not."""
        there = [(key, self.known[key]) for key in keys if self.known.get(key) is not None]
        for _, amount in there:
            if amount.currency == values.OURS:
                ore: Money = amount.ore
                return ore
        if there:
            key, amount = there[0]
            self.refuse(self.lines[key], f"{key}/@Ccy", values.OURS, shown(amount.currency))
        return None


class Entry:
    """One entry (Ntry). `is_spoilt`: something in it could not be read, so that its sums say nothing."""

    def __init__(self, number: int, line: int) -> None:
        self.line = line
        self.is_spoilt = False
        self.has_begun = False
        self.transactions = 0
        self.way = 1
        self.booked_on: date | None = None
        self.is_booked = False
        self.said_status = ""
        self._number = number
        self._amount: Money = 0
        self._account = self._reference = self._kind = self._family = ""
        self._value_on: date | None = None
        self._is_reversal = False
        self._sum: Money = 0
        self._charges: Money = 0
        self._last: Money = 0
        self._without_amount = 0
        self._is_inside = False
        self._details = (0, 0)
        self._stated_number = 0
        self._parts: list[Part] = []

    @property
    def signed(self) -> Money:
        """The entry's amount as the money moves."""
        return self.way * self._amount

    @property
    def where(self) -> str:
        """The entry, and the transaction if one has begun, for a message."""
        return f" of Ntry {self._number}" + (f", TxDtls {self.transactions}" if self._is_inside else "")

    def begin(self, place: Place, account: str, notification: str) -> None:
        """Take what stands before the transactions."""
        self.has_begun = True
        known = place.known
        place.demanded("Amt")
        self._amount = place.money("Amt") or 0
        self.way = place.demanded("CdtDbtInd") or 1
        status = place.demanded("Sts")
        if status is not None and status not in _STATUSES:
            place.refuse(place.lines["Sts"], "Sts", ", ".join(_STATUSES), shown(status))
        self.is_booked = status == "BOOK"
        self.said_status = _STATUSES.get(status, "")
        self.booked_on = place.demanded("BookgDt") if self.is_booked else known.get("BookgDt")
        self._value_on = known.get("ValDt")
        self._account = account
        self._reference = _reference(known, notification, self._number)
        self._kind = known.get("BkTxCd/Prtry/Cd") or ""
        self._family = _family(known)
        self._is_reversal = bool(known.get("RvslInd"))

    def begin_details(self) -> None:
        """A group of transactions (NtryDtls) begins."""
        self._details = (self.transactions, self._sum)

    def end_details(self, place: Place) -> None:
        """Compare what the group says of its transactions with them."""
        number = self.transactions - self._details[0]
        total = abs(self._sum - self._details[1])
        stated = place.known.get("Btch/NbOfTxs")
        if stated is not None:
            self._stated_number += stated
        if self.is_spoilt or not number:
            return
        if stated is not None and stated != number:
            expected = f"{number}, as there are TxDtls"
            place.refuse(place.lines["Btch/NbOfTxs"], "Btch/NbOfTxs", expected, str(stated))
        stated_total = place.money("Btch/TtlAmt")
        if stated_total is not None and stated_total != total:
            expected = f"{decimal_text(total)}, the sum of its transactions"
            place.refuse(place.lines["Btch/TtlAmt"], "Btch/TtlAmt", expected, decimal_text(stated_total))

    def begin_transaction(self) -> None:
        """A transaction (TxDtls) begins."""
        self.transactions += 1
        self._is_inside = True
        self._parts = []

    def add_remittance(self, place: Place) -> None:
        """Take a structured remittance (Strd) of the transaction."""
        part = remittance.part(place.known)
        if part.odd is not None:
            place.notes.add(place.line, *part.odd)
        self._parts.append(part)

    def add_charge(self, place: Place) -> None:
        """Count a charge: what the bank took, or with CRDT gave back."""
        amount = place.known.get("Amt")
        if amount is not None and amount.currency == values.OURS:
            self._charges += amount.ore * (-1 if place.known.get("CdtDbtInd") == 1 else 1)

    def transaction(self, place: Place) -> Payment | None:
        """Take a transaction that is complete: its payment, None if it is no money or can't be read."""
        known = place.known
        way = known.get("CdtDbtInd") or self.way
        self._sum += way * self._amount_of(place)
        self._is_inside = False
        if self.is_spoilt or not self.is_booked:
            return None
        is_return = "ICDT/RRTN" in (self._family, _family(known)) and way < 0
        return self._payment(
            place,
            amount=way * self._last,
            kind=known.get("BkTxCd/Prtry/Cd") or self._kind,
            texts=known.get("RmtInf/Ustrd") or [],
            otherwise=known.get("AddtlTxInf"),
            is_reversal=self._is_reversal or is_return,
        )

    def _amount_of(self, place: Place) -> Money:
        """The transaction's own amount; the entry's where it has none and is alone."""
        self._last = place.money("Amt", "AmtDtls/TxAmt/Amt") or 0
        if not {"Amt", "AmtDtls/TxAmt/Amt"} & place.known.keys():
            self._last = self._amount
            self._without_amount = self._without_amount or place.line
        if self._without_amount and self.transactions == 2:
            expected = "an amount of each transaction, when there are several"
            place.refuse(self._without_amount, "TxDtls/Amt", expected, "none")
        return self._last

    def without_details(self, place: Place) -> Payment | None:
        """The one payment of an entry that has no transactions; None if it is no money or can't be read."""
        if self.is_spoilt or not self.is_booked:
            return None
        if self._stated_number > 1:
            text = (
                f"an entry of {self._stated_number} transactions without their details is read as one payment"
            )
            place.notes.add(place.line, Code.BATCH_WITHOUT_DETAILS, text)
        is_return = self._family == "ICDT/RRTN" and self.way < 0
        return self._payment(
            place,
            amount=self.signed,
            kind=self._kind,
            texts=[],
            otherwise=place.known.get("AddtlNtryInf"),
            is_reversal=self._is_reversal or is_return,
        )

    def end(self, place: Place) -> None:
        """Compare the entry with the sum of its transactions. Charges in the file may explain the difference."""
        if self.is_spoilt:
            return
        differs = bool(self.transactions) and self._sum != self.signed
        if differs and self._sum - self._charges != self.signed:
            expected = (
                f"{decimal_text(abs(self._sum))}, the sum of {counted(self.transactions, 'transaction')}"
            )
            place.refuse(place.lines["Amt"], "Amt", expected, decimal_text(self._amount))
        elif self._charges:
            text = f"the bank took charges of {in_kroner(self._charges)} kr"
            if differs:
                text += f": the entry is {in_kroner(self.signed)} kr, its payments {in_kroner(self._sum)} kr"
            place.notes.add(place.line, Code.CHARGES, text)

    def _payment(
        self,
        place: Place,
        *,
        amount: Money,
        kind: str,
        texts: list[str],
        otherwise: str | None,
        is_reversal: bool,
    ) -> Payment:
        assert self.booked_on is not None
        shares = remittance.shares(self._parts, amount)
        text = " ".join([part.text for part in self._parts if part.text] + texts) or otherwise
        self._note(place, amount, len(shares), has_text=bool(shares and texts), is_reversal=is_reversal)
        account = place.known.get("DbtrAcct")
        is_early = self._value_on is not None and self._value_on <= self.booked_on
        return Payment(
            line=place.line,
            account=self._account,
            type=kind,
            booked_on=self.booked_on,
            value_on=self._value_on if is_early else None,
            statement_ref=self._reference,
            form=None,
            amount=amount,
            kid=shares[0].kid if len(shares) == 1 else None,
            debit_account=None if account is None else values.payers_account(account),
            reference=place.known.get("Refs/AcctSvcrRef"),
            debtor=place.known.get("Dbtr"),
            text=text,
            is_reversal=is_reversal,
            kids=shares if len(shares) > 1 else (),
        )

    def _note(self, place: Place, amount: Money, kids: int, *, has_text: bool, is_reversal: bool) -> None:
        add, line = place.notes.add, place.line
        if not amount:
            add(line, Code.AMOUNT_ZERO, "the payment is of 0 øre")
        if is_reversal:
            add(line, Code.REVERSAL, f"a reversal of {in_kroner(amount)} kr")
        elif amount < 0:
            add(line, Code.DEBIT, f"{in_kroner(-amount)} kr went out, and it is no reversal")
        if kids > 1:
            add(line, Code.SEVERAL_KIDS, f"one payment for {kids} KIDs")
        if has_text:
            add(line, Code.TEXT_BESIDE_KID, "the payment has text beside its KID")


def _family(known: Mapping[str, Any]) -> str:
    return f"{known.get('BkTxCd/Domn/Fmly/Cd')}/{known.get('BkTxCd/Domn/Fmly/SubFmlyCd')}"


def _reference(known: Mapping[str, Any], notification: str, number: int) -> str:
    """What the entry is called on the bank statement: its reference; the bank's, where that is a bare number, which
    begins anew in each notification; else its place."""
    own: str | None = known.get("NtryRef")
    if own and not (own.isdigit() and len(own) <= _BARE):
        return own
    return known.get("AcctSvcrRef") or f"{notification}/{own or number}"
