"""What a file is that is not an OCR giro file, said from its first bytes."""

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
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    for mark, name in _MARKS:
        if text[:16].upper().startswith(mark):
            return name
    if text.startswith(b"<"):
        return _markup(text)
    return "JSON" if text[:1] in (b"{", b"[") else None


def _markup(text: bytes) -> str:
    lowered = text[:2048].lower()
    if b"camt.05" in lowered:
        return "an XML file (camt)"
    return "an HTML page" if b"<html" in lowered or lowered.startswith(b"<!doctype html") else "an XML file"
