"""Payments as objects in a batch, for a format whose reading costs far more than an object for each payment."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.bank.columns import PaymentRow
from schemas.bank.payment import Payment


@dataclass(frozen=True, slots=True)
class PaymentList:
    """At most `BATCH_LIMIT` payments in file order; the first is number `start`, from 0, of its file.

    Read as a `PaymentBatch` is.
    """

    start: int
    listed: tuple[Payment, ...]

    def __len__(self) -> int:
        return len(self.listed)

    @property
    def ordinal(self) -> npt.NDArray[np.int64]:
        """Of each payment its 0-based place in the file."""
        return np.arange(self.start, self.start + len(self.listed))

    def rows(self) -> Iterator[PaymentRow]:
        """The payments as tuples in the order of `PaymentRow`, ready for COPY."""
        return map(_row, self.listed)

    def payments(self) -> Iterator[Payment]:
        """The payments as objects."""
        return iter(self.listed)

    def identities(self) -> list[bytes]:
        """Of each payment the canonical bytes that `BankReference.identity` gives."""
        return [payment.bank_reference.identity() for payment in self.listed]


def _row(payment: Payment) -> PaymentRow:
    return (
        payment.line,
        payment.account,
        payment.type,
        payment.booked_on,
        payment.value_on,
        payment.value_on or payment.booked_on,
        payment.statement_ref,
        payment.form,
        payment.amount,
        payment.kid,
        payment.debit_account,
        payment.reference,
        payment.text,
        payment.is_reversal,
        payment.debtor,
        json.dumps(payment.kids) if payment.kids else None,
    )
