"""Damage to true answers of Visma, and an independent reader that says what may be believed of what is left."""

import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tests.damaged_xml import BYTES, ELEMENT, TAG, a_byte, a_tag, an_element, cut

SPACE = "urn:kk2-visma:wsinkasso:1"
TEXT = re.compile(rb">([^<>]+)<")
VALUES = [
    text.encode()
    for text in (
        "", " ", "0", "1e9", "NaN", "INF", "-1", "1.005", "1,00", "0x10", "1 000", "\u0663", "9" * 400, "1" * 40 + "x",
        "2026-02-30", "2026-11-02 23:00:00Z", "true", "K1-1-1", "K1-1-2", "F-17", "\u202egnp.exe", "&#x9b;31m", "&#13;&#10;",
        "&lt;voucherNo&gt;1&lt;/voucherNo&gt;", "&amp;", "&x;", "<![CDATA[9]]>", "90<!-- -->01", "90<?x?>01", "<b>9</b>", "9<b/>1",
    )
]  # fmt: skip
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {to} "{f"&{of};" * 10}">' for of, to in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip
DECLARED = [
    LAUGHS.encode(),
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    b"<?xml-stylesheet href='http://127.0.0.1:9/x.xsl'?>",
]
INSIDE = [
    b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
    b"<a>" * 300 + b"</a>" * 300,
    b'<error xmlns="">no</error>',
    b"&#x9b;&#x202e;",
]
ATTRIBUTES = [
    b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"',
    b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="i:other"',
    b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x http://127.0.0.1:9/x.xsd"',
    b' xmlns="urn:other"',
    b' a="1" a="2"',
]
FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:w="urn:kk2-visma:wsinkasso:1"><s:Body><s:Fault>'
    b"<faultcode>s:Client</faultcode><faultstring>no</faultstring><detail><w:ValidationFault><w:code>UnknownAccount</w:code>"
    b"<w:text>why</w:text></w:ValidationFault></detail></s:Fault></s:Body></s:Envelope>"
)
PAGES = [
    FAULT,
    FAULT.replace(b"UnknownAccount", b"1" * 90 + b"x\n"),
    b"<html><body>Service Unavailable</body></html>",
    b"<!DOCTYPE html><html><p>Proxy</html>",
    b"\x1f\x8b\x08\x00" + bytes(40),
    b'{"ok": true}',
    b"",
    b"<a>" * 100_000,
    b"<s>" + b"x" * 1_000_000 + b"</s>",
    b"<s>" + b"<a/>" * 600_000 + b"</s>",
]

Damage = Callable[[bytearray, random.Random], None]


def some_bytes(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    raw[at : at + chance.choice((0, 0, 1, 40))] = bytes(
        chance.choice(BYTES) for _ in range(chance.choice((0, 1, 2, 9)))
    )


def a_name(raw: bytearray, chance: random.Random) -> None:
    """An element has another name, or all of a name have."""
    names = [found[1] for found in ELEMENT.finditer(raw)]
    if names:
        one = chance.choice(names)
        other = chance.choice(
            [chance.choice(names), one.swapcase(), one + b"2", b"error", one.rpartition(b":")[2]]
        )
        raw[:] = re.sub(
            rb"(</?)" + re.escape(one) + rb"(?=[ >])", rb"\1" + other, bytes(raw), count=chance.choice((0, 2))
        )


def a_namespace(raw: bytearray, chance: random.Random) -> None:
    one, other = chance.choice(
        [(SPACE, "urn:other"), (SPACE, ""), ("/envelope/", "/envelope"), ("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope")]
    )  # fmt: skip
    raw[:] = raw.replace(one.encode(), other.encode())


def a_value(raw: bytearray, chance: random.Random) -> None:
    texts = list(TEXT.finditer(raw))
    if texts:
        one = chance.choice(texts)
        raw[one.start(1) : one.end(1)] = chance.choice([*VALUES, chance.choice(texts)[1]])


def an_attribute(raw: bytearray, chance: random.Random) -> None:
    tags = [tag for tag in TAG.finditer(raw) if not tag[0].startswith(b"</")]
    if tags:
        at = chance.choice(tags).end() - 1
        raw[at:at] = chance.choice(ATTRIBUTES)


def something_inside(raw: bytearray, chance: random.Random) -> None:
    tags = list(TAG.finditer(raw))
    if tags:
        at = chance.choice(tags).end()
        raw[at:at] = chance.choice(INSIDE)


def declared(raw: bytearray, chance: random.Random) -> None:
    end = raw.find(b"?>")
    at = end + 2 if end > 0 else 0
    raw[at:at] = chance.choice(DECLARED)


def encoded(raw: bytearray, chance: random.Random) -> None:
    code = chance.choice(("utf-16", "utf-8-sig", "cp500", "latin-1"))
    raw[:] = raw.decode("latin-1").encode(code)


DAMAGES: tuple[Damage, ...] = (
    a_byte, some_bytes, cut, an_element, an_element, an_element, a_tag, a_name, a_name, a_namespace,
    a_value, a_value, a_value, a_value, an_attribute, something_inside, declared, encoded,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says, by a reader that shares nothing with ours: rows by their local names, all elements of a name."""

    rows: tuple[ET.Element, ...]

    def of(self, name: str, text: str) -> list[ET.Element]:
        """The rows in which an element of a name has a text."""
        return [row for row in self.rows if text in self.texts(row, name)]

    def texts(self, row: ET.Element, name: str) -> list[str]:
        """The texts of the elements of a name, each whole."""
        return ["".join(cell.itertext()).strip() for cell in row if cell.tag.rpartition("}")[2] == name]

    def money(self, row: ET.Element, name: str) -> list[int]:
        """The amounts of a name, in øre, exact."""
        amounts = [Decimal(text) * 100 for text in self.texts(row, name)]
        assert all(amount == int(amount) for amount in amounts)
        return [int(amount) for amount in amounts]


def told(raw: bytes, rows: str) -> Told:
    """The rows of an answer, wherever they stand. Raises what the library raises: what is no XML is not to be believed."""
    root = ET.fromstring(_text(raw))
    return Told(tuple(each for each in root.iter() if each.tag.rpartition("}")[2] == rows))


def _text(raw: bytes) -> bytes | str:
    """What a mark at the beginning says of its encoding goes before what is declared, as the standard of XML says."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    return raw.decode("cp500") if raw[:1] == "<".encode("cp500") else raw
