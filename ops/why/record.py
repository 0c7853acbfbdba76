"""The bank's own record of a payment, as it stands in the file that is kept, cut at the bank's columns."""

from dataclasses import dataclass
from itertools import islice

from ops.why.answer import Origin
from pipeline.formats import is_xml
from pipeline.formats.ocr_giro.layout import fields_of
from workers import archive
from workers.settings import Settings

_HEAD = 1_024
_ITEMS = 3  # item 1, item 2, and for some types a text


@dataclass(frozen=True, slots=True)
class FieldOf:
    """A field of a record: its name, its first and last column counted from 1, and what stands there."""

    name: str
    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A line of the file, whole, and its fields."""

    number: int
    text: str
    fields: tuple[FieldOf, ...]


def record(site: Settings, origin: Origin) -> tuple[RecordLine, ...]:
    """Give the lines of an OCR payment; none for a camt.054, which has no columns. Raises `ArchiveError` if it is away."""
    with archive.open_original(site.archive_folder, origin.sha256) as stream:
        if is_xml(stream.read(_HEAD)):
            return ()  # and all of it may stand on one line
        stream.seek(0)
        lines = [
            line.decode("iso-8859-1").rstrip("\r\n")
            for line in islice(stream, origin.line - 1, origin.line - 1 + _ITEMS)
        ]
    found = []
    for number, line in enumerate(lines):
        fields = fields_of(line, item=number)
        if not fields:
            break
        found.append(
            RecordLine(
                origin.line + number,
                line,
                tuple(FieldOf(field.name, field.first, field.last, field.of(line)) for field in fields),
            )
        )
    return tuple(found)
