"""One payment, and what tells it from all others."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from schemas.kid import Kid
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class BankReference:
    """What tells one payment from another in any file of any day (bankreferanse).

    No number in an OCR file is unique across files, so all of this together must do; payments that are alike in all
    of it within one file are told apart by their order only.
    """

    account: str
    booked_on: date
    amount: Money
    kid: Kid | None
    debit_account: str | None
    reference: str | None
    form: str | None

    def identity(self) -> bytes:
        """The canonical bytes, from which the store makes its keyed fingerprint. The sign is in the amount."""
        day = self.booked_on.isoformat()
        return canonical(
            self.account, day, self.amount, self.kid, self.debit_account, self.reference, self.form
        )


def canonical(
    account: str,
    booked_on: str,
    amount: Money,
    kid: Kid | None,
    debit_account: str | None,
    reference: str | None,
    form: str | None,
) -> bytes:
    """The canonical bytes of what tells a payment from others; `booked_on` as an ISO date. See `BankReference`."""
    return f"{account}|{booked_on}|{amount}|{kid or ''}|{debit_account or ''}|{reference or ''}|{form or ''}".encode()


class KidShare(NamedTuple):
    """What of a payment for several KIDs is for one of them; None where the bank does not say how much."""

    kid: Kid
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One incoming payment (innbetaling), as `kk2 read --json` prints it.

    `amount` is the money as it moves: a credit note or a reversal is negative. `value_on` is the bank date if there
    is one no later than `booked_on`. A payment for several KIDs has no `kid`: what each has stands in `kids`, in the
    order of the file, and sums up to `amount` or is unknown of all. `type` is "" where the bank gives none.
    """

    line: int
    account: str
    type: str
    booked_on: date
    value_on: date | None
    statement_ref: str
    form: str | None
    amount: Money
    kid: Kid | None
    debit_account: str | None
    reference: str | None
    debtor: str | None
    text: str | None
    is_reversal: bool
    kids: tuple[KidShare, ...] = ()

    @property
    def bank_reference(self) -> BankReference:
        """What tells this payment from others."""
        return BankReference(
            self.account,
            self.booked_on,
            self.amount,
            self.kid or "+".join(share.kid for share in self.kids) or None,
            self.debit_account,
            self.reference,
            self.form,
        )
