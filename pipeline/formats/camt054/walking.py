"""XML as a stream of elements, made safe: no document type, no entities, nothing fetched, and bounds on everything.

The parser is expat of the standard library. It is fed piece by piece, and holds no more than a piece of what was read.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from pipeline.formats.camt054.elements import DEEPEST, MONEY, Form, Node, tree
from pipeline.formats.camt054.message import Message
from pipeline.formats.camt054.notes import Code
from pipeline.formats.recognition import recognise
from pipeline.formats.saying import FaultyFileError, Notes, shown

PIECE = 65_536
"""Bytes that are read at a time. A tag, a comment or a text that is longer is refused."""

_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_VERSION = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.054\.001\.(?:0[2-9]|1[0-3])")
_ENCODINGS = {"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
_END = "the end of the file"


def walk(stream: BinaryIO, message: Message, notes: Notes) -> Iterator[None]:
    """Read the whole stream into `message`, and stop after each piece. FaultyFileError when it can't be read on."""
    stream.seek(0)
    piece = stream.read(PIECE)
    _look_at_prolog(piece, message)
    if piece.startswith(b"\xef\xbb\xbf"):
        notes.add(1, Code.BYTE_ORDER_MARK, "a UTF-8 byte order mark stands in front")
    walker = _Walker(message, notes, piece)
    fed = 0
    while piece:
        walker.feed(piece, is_last=False)
        fed += len(piece)
        walker.look_at_lengths(fed)
        yield
        piece = stream.read(PIECE)
    walker.feed(b"", is_last=True)


def _look_at_prolog(piece: bytes, message: Message) -> None:
    """Refuse a document type before the parser sees it: entities are how a few lines of XML fill a machine."""
    found = _PROLOG.match(piece)
    assert found is not None
    end = found.end()
    line = piece.count(b"\n", 0, end) + 1
    if piece[end : end + 2] == b"<!":
        message.refuse(
            line,
            "document type",
            "none: a bank file declares no entities",
            shown(piece[end : end + 9].decode("latin-1")),
        )
        raise FaultyFileError


class _Walker:
    """The parser and where it is: the element that is open, and how deep in what is passed over."""

    def __init__(self, message: Message, notes: Notes, head: bytes) -> None:
        self._message = message
        self._notes = notes
        self._head = head
        self._node: Node | None = None
        self._above: list[Node] = []
        self._passed_over = 0
        self._namespace = ""
        self._currency: str | None = None
        self._pieces: list[str] = []
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._document_type
        parser.EntityDeclHandler = self._document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._pieces.append

    def feed(self, piece: bytes, *, is_last: bool) -> None:
        """Parse on. FaultyFileError for what is no well-formed XML."""
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            found = _END if is_last else text
            self._refuse(
                "XML", f"the end of {self._place()}" if is_last else "well-formed XML", found, error.lineno
            )

    def look_at_lengths(self, fed: int) -> None:
        """Refuse what would have to be held: a tag or comment that has not ended in a piece, or a text as long."""
        if fed - self._parser.CurrentByteIndex > 2 * PIECE or sum(map(len, self._pieces)) > PIECE:
            self._refuse(self._place(), f"no tag and no text of more than {PIECE} bytes", "a longer one")

    def _place(self) -> str:
        return self._node.path if self._node is not None and self._node.path else "Document"

    def _refuse(self, what: str, expected: str, found: str, line: int | None = None) -> None:
        """Say what is wrong, and stop."""
        self._message.refuse(line or self._parser.CurrentLineNumber, what, expected, found)
        raise FaultyFileError

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            self._refuse("encoding", "UTF-8", shown(encoding))

    def _document_type(self, *_: object) -> None:
        self._refuse("document type", "none: a bank file declares no entities", "one")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        pieces, node = self._pieces, self._node
        if self._passed_over:
            self._pass_over(name)
        elif node is None:
            self._begin(name)
        elif (child := node.children.get(name)) is None:
            if node.form is not None:
                self._refuse(node.path, "a value, and no element in it", shown(name.rpartition(" ")[2]))
            self._pass_over(name)
        else:
            if node.form is not None and "".join(pieces).strip():
                self._refuse(node.path, "a value or an element", "both")
            self._above.append(node)
            self._node = child
            if child.opens is not None:
                self._message.open(child.opens, self._parser.CurrentLineNumber)
            if child.form is Form.AMOUNT:
                self._currency = attributes.get("Ccy")
        pieces.clear()

    def _pass_over(self, name: str) -> None:
        namespace, _, local = name.rpartition(" ")
        if local in MONEY and namespace == self._namespace:
            self._refuse(self._place(), f"no {local} here: its money would be passed over", shown(local))
        self._passed_over += 1
        if self._passed_over > DEEPEST:
            self._refuse(self._place(), f"at most {DEEPEST} elements inside each other", "more")

    def _begin(self, name: str) -> None:
        """The document element says which message it is."""
        namespace, _, local = name.rpartition(" ")
        root = tree(namespace)
        if name not in root.children or not self._is_ours(namespace):
            known = recognise(self._head) or f"an XML file ({shown(local)})"
            self._refuse("format", "a camt.054 or OCR giro file", known)
        if _VERSION.fullmatch(namespace) is None:
            text = f"the namespace {shown(namespace)} is not of a version that this reader was written for"
            self._notes.add(self._parser.CurrentLineNumber, Code.NAMESPACE, text)
        self._namespace = namespace
        self._above.append(root)
        self._node = root.children[name]

    @staticmethod
    def _is_ours(namespace: str) -> bool:
        """No other message: one of ours, or with a namespace that says nothing."""
        return "camt.054" in namespace or not re.search(r"(?:camt|pain|pacs|head)\.\d{3}", namespace)

    def _end(self, _: str) -> None:
        if self._passed_over:
            self._passed_over -= 1
            self._pieces.clear()
            return
        node = self._node
        assert node is not None
        if node.form is not None:
            text = "".join(self._pieces)
            if text or not node.children:
                self._take(node, text)
        self._pieces.clear()
        self._node = self._above.pop()
        if node.opens is not None:
            self._message.close(node.opens, self._parser.CurrentLineNumber)

    def _take(self, node: Node, text: str) -> None:
        if node.children and not text.strip():
            return  # what is inside it says it
        self._message.take(node, text, self._currency, self._parser.CurrentLineNumber)
        self._currency = None
