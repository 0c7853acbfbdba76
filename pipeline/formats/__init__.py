"""The door to the bank's file formats: `read` proves a whole file and gives its payments in column batches."""

from typing import BinaryIO

from pipeline.formats import ocr_giro
from pipeline.formats.reading import DEFAULT, Reading, ReadOptions, Refusal
from pipeline.formats.recognition import recognise

__all__ = ["DEFAULT", "ReadOptions", "Reading", "Refusal", "read", "recognise"]


def read(stream: BinaryIO, *, options: ReadOptions) -> Reading | Refusal:
    """Prove the whole file in `stream` (open, binary, seekable) and give it, or the faults for which it is refused.

    `Reading.batches()` reads the stream a second time. OSError of the stream passes through.
    """
    return ocr_giro.read(stream, options)
