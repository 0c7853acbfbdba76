"""How a value of the setup's file is read: each reader says what it expected when it finds something else."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from schemas.kid import mod11
from schemas.money import Money, from_decimal_text

Reader: TypeAlias = Callable[[object], Any]
"""Gives what the noun's field holds; raises `Unfit`."""

_CODE = re.compile(r"[^\s/]+")
_FOLDER = re.compile(r"file:///(?!.*/\.\.?(/|$))(?!\.\.?(/|$))[^?#%\s][^?#%\n]*")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Unfit(ValueError):  # noqa: N818 - said of a value, not of the program
    """A value is of another kind than expected; the message is what was expected.

    Unfit
      UnfitSecret   what was found may be a secret, and is not shown
      UnfitTable    a table within the table; its own faults say what
    """


class UnfitSecret(Unfit):
    """What was found may be a secret, and is not shown."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file: in which table, at which key, what was expected there, what was found."""

    place: str
    key: str
    expected: str
    found: str

    def __str__(self) -> str:
        """`[[company]] 2 (200): limit_day: expected …, found …`."""
        return f"{self.place}: {self.key}: expected {self.expected}, found {self.found}"


class UnfitTable(Unfit):
    """A table within the table has faults of its own."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep them; the keys are those of the inner table."""
        super().__init__("a table without faults")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a table. A required one has no default: what decides about money is written, not left out."""

    read: Reader
    default: object = None
    required: bool = True


def read_fields(
    fields: Mapping[str, Field], table: Mapping[str, object], place: str, faults: list[Fault]
) -> dict[str, Any]:
    """Read all keys of one table; what is wrong is added to `faults`, and the key left out of the answer."""
    found: dict[str, Any] = {}
    faults += [
        Fault(place, key, f"one of the keys {', '.join(fields)}", "a key that is not known")
        for key in sorted(table.keys() - fields.keys())
    ]
    for key, field in fields.items():
        if key not in table:
            if field.required:
                faults.append(Fault(place, key, "a value", "nothing"))
            else:
                found[key] = field.default
            continue
        try:
            found[key] = field.read(table[key])
        except UnfitTable as unfit:
            faults += [
                Fault(place, f"{key}.{inner.key}", inner.expected, inner.found) for inner in unfit.faults
            ]
        except Unfit as unfit:
            found_there = "something else" if isinstance(unfit, UnfitSecret) else _shown(table[key])
            faults.append(Fault(place, key, str(unfit), found_there))
    return found


def _shown(value: object) -> str:
    """Show what was found as the file has it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return repr(value) if isinstance(value, str) else text


def code(longest: int, *, empty: bool = False) -> Reader:
    """A code of Visma's: no blanks, no slash (our keys are joined by it), at most so many characters."""

    def read(value: object) -> str:
        if empty and value == "":
            return ""
        if not isinstance(value, str) or not _CODE.fullmatch(value) or len(value) > longest:
            raise Unfit(f"a code of 1 to {longest} characters in quotes, without blanks and slashes")
        return value

    return read


def client_code(value: object) -> str:
    """Visma's code of a client: exactly three characters."""
    if not isinstance(value, str) or not _CODE.fullmatch(value) or len(value) != 3:
        raise Unfit('a client\'s code of 3 characters, as "KOM"')
    return value


def text(longest: int, *, empty: bool = False) -> Reader:
    """Words of one line."""

    def read(value: object) -> str:
        if (
            not isinstance(value, str)
            or len(value) > longest
            or "\n" in value
            or not (value.strip() or empty)
        ):
            raise Unfit(f"text of at most {longest} characters in quotes")
        return value

    return read


def whole(least: int, most: int) -> Reader:
    """A whole number."""

    def read(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Unfit(f"a whole number from {least} to {most}")
        return value

    return read


def seconds(value: object) -> float:
    """A time-out or pause, over 0 and at most a day."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= 86_400:
        raise Unfit("seconds, more than 0 and at most 86400")
    return float(value)


def yes_or_no(value: object) -> bool:
    """A decision."""
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def kroner(value: object) -> Money:
    """Kroner with two decimals, so that nobody's øre are taken for kroner."""
    written = str(value) if isinstance(value, Decimal | str) else ""
    if not re.fullmatch(r"[0-9]{1,12}\.[0-9]{2}", written):
        raise Unfit("kroner with two decimals, as 50000.00")
    return from_decimal_text(written)


def day(value: object) -> date:
    """A day; a moment is not one."""
    if type(value) is not date:
        raise Unfit("a day, as 2026-01-31, without quotes")
    return value


def one_of(enum: type[StrEnum]) -> Reader:
    """A word of an enumeration."""

    def read(value: object) -> StrEnum:
        if not isinstance(value, str) or value not in set(enum):
            raise Unfit("one of " + ", ".join(f'"{word}"' for word in enum))
        return enum(value)

    return read


def bank_account(value: object) -> str:
    """A Norwegian bank account (BBAN): eleven digits, the last of them the MOD11 control of the others."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{11}", value):
        raise Unfit("a bank account of 11 digits in quotes, without points")
    control = mod11(value[:10])
    if control != value[10]:
        raise Unfit(
            f"a bank account whose last digit is its MOD11 control{'' if control == '-' else f', here {control}'}"
        )
    return value


def account_or_none(value: object) -> str:
    """A bank account, or an empty text for none."""
    return "" if value == "" else bank_account(value)


def endpoint(value: object) -> str:
    """An https address; http only where nothing leaves the machine or its container network; or a folder of files."""
    address = urlsplit(value) if isinstance(value, str) else None
    if address is not None and address.scheme == "file":
        if not _FOLDER.fullmatch(str(value)):
            raise Unfit("a folder as file:///srv/visma/bilag, without .. and % in it")
        return str(value)
    if (
        address is None
        or address.scheme not in {"http", "https"}
        or not address.hostname
        or "@" in address.netloc
    ):
        raise UnfitSecret("an address https://HOST/PATH without a user's name or password in it")
    near = address.hostname in _LOOPBACK or "." not in address.hostname
    if address.scheme == "http" and not near:
        raise Unfit("https: http is for this machine and a container's network only")
    return str(value)


def secret(value: object) -> str:
    """Where a secret is kept, never the secret itself; empty is none."""
    if not isinstance(value, str) or (
        value and not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/\S.*", value)
    ):
        raise UnfitSecret('a reference to a secret, "env:NAME" or "file:/PATH", never the secret itself')
    return value


def dimensions(value: object) -> tuple[str, ...]:
    """Department, project and what else Visma counts by: up to ten, each of at most twelve characters."""
    if (
        not isinstance(value, list)
        or len(value) > 10
        or not all(isinstance(each, str) and len(each) <= 12 for each in value)
    ):
        raise Unfit("at most ten dimensions in quotes, each of at most 12 characters")
    return tuple(value)
