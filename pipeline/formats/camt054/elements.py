"""The elements of a notification that are read, by their paths; all others are passed over.

Versions 02 to 13 differ only in where some of them stand, so one table holds all; an element has one meaning wherever
it stands.
"""

from enum import IntEnum
from typing import NamedTuple

DEEPEST = 40
"""Elements inside each other; the deepest path of camt.054 has some twenty."""

MONEY = frozenset({"BkToCstmrDbtCdtNtfctn", "Ntfctn", "Ntry", "NtryDtls", "TxDtls"})
"""Elements that have one place each: anywhere else they would be passed over, and money with them."""


class Level(IntEnum):
    """What a value belongs to. Each level begins anew with the element that opens it."""

    MESSAGE = 0
    NOTIFICATION = 1
    ENTRY = 2
    DETAILS = 3
    TRANSACTION = 4
    REMITTANCE = 5
    CHARGE = 6


class Form(IntEnum):
    """How the text of an element is read."""

    WORD = 1  # a code, a reference: at most 35 characters
    TEXT = 2  # free text
    TEXTS = 3  # free text, in several elements
    AMOUNT = 4  # with its currency in an attribute
    SUM = 5  # an amount without currency
    COUNT = 6
    DAY = 7  # a date, or the date of a moment as the bank wrote it
    FLAG = 8  # true or false
    WAY = 9  # CRDT or DBIT


class Node:
    """An element on the way of the reader: what may stand in it, and what its text means, if anything.

    `path` is for people, `key` is the name under which its value is kept. `opens`: the level that begins with it.
    """

    __slots__ = ("children", "form", "key", "level", "opens", "path")

    def __init__(self, path: str, level: Level) -> None:
        self.path = path
        self.level = level
        self.children: dict[str, Node] = {}
        self.form: Form | None = None
        self.key = ""
        self.opens: Level | None = None


class Element(NamedTuple):
    """A value: its path below the element that opens its level, its form, and the key where that is not the path."""

    path: str
    form: Form
    key: str = ""


_OPENING = {
    Level.MESSAGE: ("Document/BkToCstmrDbtCdtNtfctn",),
    Level.NOTIFICATION: ("Document/BkToCstmrDbtCdtNtfctn/Ntfctn",),
    Level.ENTRY: ("Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry",),
    Level.DETAILS: ("Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry/NtryDtls",),
    Level.TRANSACTION: ("Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry/NtryDtls/TxDtls",),
    Level.REMITTANCE: ("Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry/NtryDtls/TxDtls/RmtInf/Strd",),
    Level.CHARGE: tuple(
        f"Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry/{where}Chrgs{record}"
        for record in ("", "/Rcrd")
        for where in ("", "NtryDtls/TxDtls/")
    ),
}

_BANK_CODE = (
    Element("BkTxCd/Domn/Fmly/Cd", Form.WORD),
    Element("BkTxCd/Domn/Fmly/SubFmlyCd", Form.WORD),
    Element("BkTxCd/Prtry/Cd", Form.WORD),
)


def _totals(name: str) -> tuple[Element, ...]:
    return (
        Element(f"TxsSummry/{name}/NbOfNtries", Form.COUNT),
        Element(f"TxsSummry/{name}/Sum", Form.SUM),
    )


_READ: dict[Level, tuple[Element, ...]] = {
    Level.MESSAGE: (
        Element("GrpHdr/MsgId", Form.WORD),
        Element("GrpHdr/CreDtTm", Form.DAY),
        Element("GrpHdr/MsgPgntn/PgNb", Form.COUNT),
        Element("GrpHdr/MsgPgntn/LastPgInd", Form.FLAG),
    ),
    Level.NOTIFICATION: (
        Element("Id", Form.WORD),
        Element("NtfctnPgntn/PgNb", Form.COUNT),
        Element("NtfctnPgntn/LastPgInd", Form.FLAG),
        Element("CpyDplctInd", Form.WORD),
        Element("Acct/Id/IBAN", Form.WORD, "Acct/Id"),
        Element("Acct/Id/Othr/Id", Form.WORD, "Acct/Id"),
        Element("Acct/Ccy", Form.WORD),
        *_totals("TtlNtries"),
        *_totals("TtlCdtNtries"),
        *_totals("TtlDbtNtries"),
        Element("TxsSummry/TtlNtries/TtlNetNtryAmt", Form.SUM, "TtlNetNtry"),
        Element("TxsSummry/TtlNtries/CdtDbtInd", Form.WAY, "TtlNetNtry/CdtDbtInd"),
        Element("TxsSummry/TtlNtries/TtlNetNtry/Amt", Form.SUM, "TtlNetNtry"),
        Element("TxsSummry/TtlNtries/TtlNetNtry/CdtDbtInd", Form.WAY, "TtlNetNtry/CdtDbtInd"),
    ),
    Level.ENTRY: (
        Element("NtryRef", Form.WORD),
        Element("Amt", Form.AMOUNT),
        Element("CdtDbtInd", Form.WAY),
        Element("RvslInd", Form.FLAG),
        Element("Sts", Form.WORD),
        Element("Sts/Cd", Form.WORD, "Sts"),
        Element("BookgDt/Dt", Form.DAY, "BookgDt"),
        Element("BookgDt/DtTm", Form.DAY, "BookgDt"),
        Element("ValDt/Dt", Form.DAY, "ValDt"),
        Element("ValDt/DtTm", Form.DAY, "ValDt"),
        Element("AcctSvcrRef", Form.WORD),
        *_BANK_CODE,
        Element("AddtlNtryInf", Form.TEXT),
    ),
    Level.DETAILS: (
        Element("Btch/NbOfTxs", Form.COUNT),
        Element("Btch/TtlAmt", Form.AMOUNT),
    ),
    Level.TRANSACTION: (
        Element("Refs/AcctSvcrRef", Form.WORD),
        Element("Amt", Form.AMOUNT),
        Element("CdtDbtInd", Form.WAY),
        Element("AmtDtls/TxAmt/Amt", Form.AMOUNT),
        *_BANK_CODE,
        Element("RltdPties/Dbtr/Nm", Form.TEXT, "Dbtr"),
        Element("RltdPties/Dbtr/Pty/Nm", Form.TEXT, "Dbtr"),
        Element("RltdPties/DbtrAcct/Id/IBAN", Form.WORD, "DbtrAcct"),
        Element("RltdPties/DbtrAcct/Id/Othr/Id", Form.WORD, "DbtrAcct"),
        Element("RmtInf/Ustrd", Form.TEXTS),
        Element("AddtlTxInf", Form.TEXT),
    ),
    Level.REMITTANCE: (
        Element("CdtrRefInf/Tp/CdOrPrtry/Cd", Form.WORD),
        Element("CdtrRefInf/Tp/Issr", Form.WORD),
        Element("CdtrRefInf/Ref", Form.WORD),
        Element("RfrdDocAmt/RmtdAmt", Form.AMOUNT),
        Element("RfrdDocAmt/CdtNoteAmt", Form.AMOUNT),
        Element("AddtlRmtInf", Form.TEXTS),
    ),
    Level.CHARGE: (
        Element("Amt", Form.AMOUNT),
        Element("CdtDbtInd", Form.WAY),
    ),
}


def tree(namespace: str) -> Node:
    """The node above the document element; names are `namespace name`, as the parser says them."""
    root = Node("", Level.MESSAGE)
    prefix = f"{namespace} " if namespace else ""
    for level, openings in _OPENING.items():
        for opening in openings:
            node = _at(root, opening, prefix, Level.MESSAGE)
            node.opens = node.level = level
    for level, openings in _OPENING.items():
        for opening in openings:
            for element in _READ[level]:
                node = _at(root, f"{opening}/{element.path}", prefix, level)
                node.form = element.form
                node.key = element.key or element.path
                node.path = f"Ntfctn/{element.path}" if level is Level.NOTIFICATION else element.path
    return root


def _at(root: Node, path: str, prefix: str, level: Level) -> Node:
    """The node at a path, made where it is not there, with those on the way."""
    node, names = root, path.split("/")
    for place, name in enumerate(names):
        if prefix + name not in node.children:
            node.children[prefix + name] = Node("/".join(names[2 : place + 1]) or name, level)
        node = node.children[prefix + name]
    return node
