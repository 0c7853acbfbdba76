"""What of a call may be kept in the attempt log: cut to size, secrets and personal data masked."""

import re

from schemas.transfer import Exchange
from workers.accounting.mapping import MASKED

LARGEST = 16 * 1024  # bytes

_ELEMENTS = re.compile(rf"(<(?:\w+:)?({'|'.join(MASKED)})(?:\s[^>]*)?>)[^<]*")
_SECRETS = re.compile(r"(?i)((?:password|authorization|token)\W{1,3}(?:basic |bearer )?)[^\s<\"',;]+")
_LONG_NUMBERS = re.compile(r"(?<![\w.-])\d{2,}(?:[ .]?\d{2,})*(?![\w-]|\.\d)")
_SHORTEST_PERSONAL = 9  # digits: organisation numbers have 9, account and birth numbers 11, most KIDs more


def redacted(operation: str, status: int | None, request: bytes, answer: bytes) -> Exchange:
    """The call as it may be kept."""
    return Exchange(operation, status, masked(request), masked(answer))


def masked(raw: bytes) -> str:
    """The first 16 kB as text: named elements emptied, secrets and long numbers (KIDs, accounts, persons) masked."""
    text = raw[:LARGEST].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    text = _ELEMENTS.sub(r"\1***", text)
    text = _SECRETS.sub(r"\1***", text)
    text = _LONG_NUMBERS.sub(_mask_number, text)
    return text if len(raw) <= LARGEST else f"{text}... ({len(raw)} bytes in all)"


def _mask_number(found: re.Match[str]) -> str:
    digits = sum(character.isdigit() for character in found[0])
    return found[0] if digits < _SHORTEST_PERSONAL else f"***{found[0][-3:]}"
