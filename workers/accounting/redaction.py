"""What of a call may be kept in the attempt log: cut to size, secrets and personal data masked."""

import functools
import re

from schemas.transfer import Exchange

LARGEST = 16 * 1024  # bytes

_SECRETS = re.compile(r"(?i)((?:password|authorization|token)\W{1,3}(?:basic |bearer )?)[^\s<\"',;]+")
_AMOUNT = re.compile(r"\d+\.\d{2}")
# Between two groups stands a blank or a dot: if nothing could, a run of digits could be cut in groups in more ways than time has.
_LONG_NUMBERS = re.compile(r"(?<![\w.-])(?:\d+\.\d{2}(?![\w.])|\d{2,}(?:[ .]\d{2,})*-?(?!\w))")
_SHORTEST_PERSONAL = 9  # digits: organisation numbers have 9, account and birth numbers 11, most KIDs more


def redacted(
    operation: str,
    status: int | None,
    request: bytes,
    answer: bytes,
    *,
    elements: tuple[str, ...],
    private: frozenset[str],
) -> Exchange:
    """The call as it may be kept. `elements` are emptied; `private`: numbers of the request that the answer may echo."""
    return Exchange(operation, status, masked(request, elements, private), masked(answer, elements, private))


def masked(raw: bytes, elements: tuple[str, ...], private: frozenset[str]) -> str:
    """The first 16 kB as text: named elements emptied, secrets and long numbers (KIDs, accounts, persons) masked."""
    text = raw[:LARGEST].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    text = _texts_of(elements).sub(r"\1***", text)
    text = _SECRETS.sub(r"\1***", text)
    text = masked_numbers(text, private)
    return text if len(raw) <= LARGEST else f"{text}... ({len(raw)} bytes in all)"


def masked_numbers(text: str, private: frozenset[str]) -> str:
    """Long numbers, and those that are `private`, without all but their last three digits."""

    def mask(found: re.Match[str]) -> str:
        if _AMOUNT.fullmatch(found[0]):
            return found[0]
        digits = sum(character.isdigit() for character in found[0])
        return f"***{found[0][-3:]}" if digits >= _SHORTEST_PERSONAL or found[0] in private else found[0]

    return _LONG_NUMBERS.sub(mask, text)


@functools.cache
def _texts_of(elements: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(<(?:\w+:)?({'|'.join(elements)})(?:\s[^>]*)?>)[^<]*")
