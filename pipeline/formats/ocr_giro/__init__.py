"""OCR giro, the Norwegian bank payment file: 80 columns, three records a payment, control totals at two levels.

The way of a file: `lines` cuts it into blocks of records, `items` tells the payments of a block from the records around
them, `checks` looks at all payments of a block at once, `ledger` follows the records around them, `proof` runs these
over the whole file. If anything is wrong, and only then, `exact` reads the file again, line by line, and says what.
`batches` is the second pass over a proven file.
"""

from collections.abc import Iterator
from typing import BinaryIO

from pipeline.formats.ocr_giro.batches import batches
from pipeline.formats.ocr_giro.exact import faults
from pipeline.formats.ocr_giro.proof import Proof
from pipeline.formats.reading import Reading, ReadOptions, Refusal
from pipeline.formats.saying import FaultyFileError
from schemas.bank import Fault, PaymentBatch

FORMAT = "ocr-giro"

_DISAGREEMENT = Fault(0, None, "file", "a right file", "a fault that could not be placed; please report this")
"""The proof refused what the exact pass found right: a fault of ours, and the safe answer to it is no."""


def read(stream: BinaryIO, options: ReadOptions) -> Reading | Refusal:
    """Prove a file, or say why not; see `pipeline.formats.read`."""
    try:
        proof = Proof(stream, options)
    except FaultyFileError:
        return Refusal(faults(stream, options) or (_DISAGREEMENT,))

    def open_batches() -> Iterator[PaymentBatch]:
        found = 0
        for batch in batches(stream, options):
            found += len(batch)
            yield batch
        if found != payments:
            raise FaultyFileError("the file changed while it was read")

    ledger = proof.ledger
    payments = sum(assignment.payments for assignment in ledger.assignments)
    return Reading(
        format=FORMAT,
        transmissions=tuple(ledger.transmissions),
        assignments=tuple(ledger.assignments),
        payments=payments,
        total=sum(assignment.total for assignment in ledger.assignments),
        control_total=sum(assignment.control_total for assignment in ledger.assignments),
        authorisations=ledger.authorisations,
        other_records=tuple(sorted(ledger.others.items())),
        notes=proof.notes.all(),
        kids=proof.kids(),
        open_batches=open_batches,
    )
