"""The door to the bank's file formats: `read` proves a whole file and gives its payments in batches."""

from typing import BinaryIO

from pipeline.formats import camt054, ocr_giro
from pipeline.formats.reading import DEFAULT, Batch, Reading, ReadOptions, Refusal
from pipeline.formats.recognition import is_notification, is_xml, recognise
from schemas.bank import Fault

__all__ = ["DEFAULT", "Batch", "ReadOptions", "Reading", "Refusal", "is_xml", "read", "recognise"]

_HEAD = 65_536


def read(stream: BinaryIO, *, options: ReadOptions) -> Reading | Refusal:
    """Prove the whole file in `stream` (open, binary, seekable) and give it, or the faults for which it is refused.

    `Reading.batches()` reads the stream a second time. OSError of the stream passes through. `options` are for OCR giro:
    XML says its encoding and its years itself.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    if not is_xml(head):
        return ocr_giro.read(stream, options)
    if is_notification(head):
        return camt054.read(stream)
    line = head[: head.index(b"<")].count(b"\n") + 1
    expected = "NY (an OCR giro file) or camt.054"
    return Refusal((Fault(line, (1, 2), "format", expected, recognise(head) or "an XML file"),))
