"""The bytes of text fields: ISO-8859-1 with Windows-1252 in its gaps, the Norwegian 7-bit set, or what is asked for."""

import codecs

from pipeline.formats.ocr_giro.layout import WIDTH
from pipeline.formats.reading import ISO646_NO, LATIN


def _windows_1252(byte: int) -> str:
    """0x85 is an ellipsis in files made on Windows and a line end to Unicode; five bytes have no meaning there."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


_LATIN_TABLE = "".join(_windows_1252(byte) if 0x80 <= byte < 0xA0 else chr(byte) for byte in range(256))
_NORWEGIAN_7_BIT = str.maketrans("[\\]{|}", "ÆØÅæøå")
_CONTROLS = dict.fromkeys((*range(32), 127), " ")


def decoded(raw: bytes, encoding: str) -> str:
    """The characters of a field or record of 80 bytes; never an error."""
    if encoding == LATIN:
        return codecs.charmap_decode(raw, "strict", _LATIN_TABLE)[0]
    if encoding == ISO646_NO:
        return raw.decode("latin-1").translate(_NORWEGIAN_7_BIT)
    return raw.decode(encoding, "replace")


def record(raw: bytes) -> str | None:
    """A line that is longer in bytes than in characters, since someone saved it as UTF-8; None if it is not that."""
    if len(raw) <= WIDTH or raw.isascii():
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if len(text) == WIDTH else None


def without_controls(text: str) -> str:
    """`text` with blanks for control characters, which a database and a voucher cannot hold."""
    return text.translate(_CONTROLS)


def characters(raw: bytes) -> str:
    """The characters of a whole line, so that its columns can be counted: UTF-8 if that makes it a record."""
    return record(raw) or decoded(raw, LATIN)
