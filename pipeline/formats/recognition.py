"""What a file is that is not an OCR giro file, said from its first bytes."""

import re

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MESSAGE = re.compile(rb"(?:camt|pain|pacs)\.\d{3}")
_NOTIFICATION = re.compile(
    rb"xmlns(?::[\w.-]+)?\s*=\s*[\"'][^\"'<]*camt\.054|<(?:[\w.-]+:)?BkToCstmrDbtCdtNtfctn[\s/>]"
)
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32 text (saved as Unicode)"),
    (b"\xff\xfe", "UTF-16 text (saved as Unicode)"),
    (b"\xfe\xff", "UTF-16 text (saved as Unicode)"),
    (b"N\x00Y\x00", "UTF-16 text (saved as Unicode)"),
    (b"\x00N\x00Y", "UTF-16 text (saved as Unicode)"),
    (b"PK\x03\x04", "a ZIP archive (or an Excel or Word file)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"-----BEGIN", "an encrypted or signed file (PEM)"),
    (b"01BGMAX", "a Swedish BgMax file"),
    (b"TK00", "a Swedish Total IN file"),
    (b"UNA", "an EDIFACT message"),
    (b"UNB", "an EDIFACT message"),
    (b"{1:", "a SWIFT message (MT940 or the like)"),
    (b":20:", "a SWIFT statement (MT940)"),
    (b"\xd5\xe8", "an EBCDIC file (NY in EBCDIC)"),
)


def recognise(head: bytes) -> str | None:
    """The name of a well-known kind of file that is not OCR giro, or None: it may be OCR giro, or anything else."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    text = head.removeprefix(_BYTE_ORDER_MARK).lstrip(b" \t\r\n")
    for mark, name in _MARKS:
        if text[:16].upper().startswith(mark):
            return name
    if text.startswith(b"<"):
        return _markup(text)
    return "JSON" if text[:1] in (b"{", b"[") else None


def is_xml(head: bytes) -> bool:
    """Whether a file that begins so is XML, or HTML, rather than records."""
    return head.removeprefix(_BYTE_ORDER_MARK).lstrip(b" \t\r\n").startswith(b"<")


def is_notification(head: bytes) -> bool:
    """Whether XML that begins so calls itself camt.054, by its name or by its elements'."""
    return _NOTIFICATION.search(head) is not None


def _markup(text: bytes) -> str:
    lowered = text[:2048].lower()
    if found := _MESSAGE.search(lowered):
        return f"an XML file ({found[0].decode('ascii')})"
    return "an HTML page" if b"<html" in lowered or lowered.startswith(b"<!doctype html") else "an XML file"
