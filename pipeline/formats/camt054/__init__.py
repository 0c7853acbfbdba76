"""camt.054 of ISO 20022, the bank's notification of what was booked on an account, as Norwegian banks send it.

The way of a file: `walking` reads its elements, safely and piece by piece; `elements` says which of them are read and
`values` what their text means; `message` and `entry` make the payments and compare every sum, with `remittance` and
`totals`. A first pass proves the whole file and keeps of each payment its KID; the second gives the payments.
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from pipeline.formats.camt054.message import Message
from pipeline.formats.camt054.walking import walk
from pipeline.formats.reading import Kids, Reading, Refusal
from pipeline.formats.saying import FaultyFileError, Notes
from schemas.bank import BATCH_LIMIT, Fault, Payment, PaymentList
from schemas.kid import LONGEST

FORMAT = "camt.054"


def read(stream: BinaryIO) -> Reading | Refusal:
    """Prove a file, or say why not; see `pipeline.formats.read`."""
    notes = Notes()
    message = Message(notes)
    kids = bytearray()
    payments = total = 0
    try:
        for payment in _payments(stream, message, notes):
            kids += (payment.kid or "").rjust(LONGEST).encode("ascii")
            payments += 1
            total += payment.amount
    except FaultyFileError:
        pass
    if message.faults:
        return Refusal(tuple(sorted(message.faults, key=_line)))

    def open_batches() -> Iterator[PaymentList]:
        start = found = 0
        for batch in _batches(_payments(stream, Message(Notes()), Notes())):
            yield PaymentList(start, batch)
            start += len(batch)
            found += sum(payment.amount for payment in batch)
        if (start, found) != (payments, total):
            raise FaultyFileError("the file changed while it was read")

    return Reading(
        format=FORMAT,
        transmissions=tuple(message.transmissions),
        assignments=tuple(message.assignments),
        payments=payments,
        total=total,
        control_total=message.control_total,
        authorisations=0,
        other_records=(),
        notes=notes.all(),
        kids=_kids(bytes(kids)),
        open_batches=open_batches,
    )


def _line(fault: Fault) -> int:
    return fault.line


def _payments(stream: BinaryIO, message: Message, notes: Notes) -> Iterator[Payment]:
    """The payments as they are complete. FaultyFileError when the file can't be read on."""
    for _ in walk(stream, message, notes):
        yield from message.payments
        message.payments.clear()
    yield from message.payments


def _batches(payments: Iterator[Payment]) -> Iterator[tuple[Payment, ...]]:
    batch: list[Payment] = []
    for payment in payments:
        batch.append(payment)
        if len(batch) == BATCH_LIMIT:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


def _kids(kids: bytes) -> Kids:
    """Numbers that are equal exactly where the KIDs are; a KID of letters has no other."""
    _, ranks = np.unique(np.frombuffer(kids, f"S{LONGEST}"), return_inverse=True)
    return Kids(np.zeros(len(ranks), np.int32), ranks.astype(np.int64))
