"""A row of the setup as the file would have it: to look at, and to write the next one from."""

import json
from collections.abc import Mapping
from datetime import date
from enum import Enum

from ops import setup_fields as read
from ops.setup_fields import Field
from ops.setup_tables import FIELDS
from schemas.case import Kind
from schemas.kid import KidAgreement
from schemas.money import decimal_text
from schemas.setup import PostingAccounts
from workers.store.setup import Noun

HIDDEN = "(a reference, not shown)"


def written(kind: str, value: Noun, valid_from: date, *, secrets: bool) -> str:
    """Give the row as TOML that `parse` reads to the same; without `secrets`, where they are kept is left out."""
    lines, tables = [f"[[{kind}]]", f"valid_from = {valid_from.isoformat()}"], list[str]()
    for name, field in FIELDS[kind].items():
        found = getattr(value, name)
        if isinstance(found, PostingAccounts):
            tables += [f"[{kind}.{name}]", *(f"{key} = {_toml(getattr(found, key))}" for key in _keys(found))]
        elif found is not None:
            hides = field.read is read.secret and found and not secrets
            lines.append(f"{name} = {json.dumps(HIDDEN) if hides else _of(field, found)}")
    return "\n".join([*lines, *tables]) + "\n"


def _keys(accounts: PostingAccounts) -> tuple[str, ...]:
    return tuple(accounts.__dataclass_fields__)


def _of(field: Field, found: object) -> str:
    return decimal_text(found) if field.read is read.kroner and isinstance(found, int) else _toml(found)


def _toml(found: object) -> str:
    match found:
        case bool():
            return "true" if found else "false"
        case Kind():
            return json.dumps(found.name.lower())
        case Enum():
            return json.dumps(found.value)
        case KidAgreement(length=length, modulus=modulus):
            return f'{{ length = {length}, modulus = "{modulus.value}" }}'
        case tuple() | list():
            return f"[{', '.join(_toml(each) for each in found)}]"
        case date():
            return found.isoformat()
        case Mapping():
            return f"{{ {', '.join(f'{key} = {_toml(each)}' for key, each in found.items())} }}"
        case float() | int():
            return str(found)
        case _:
            return json.dumps(str(found), ensure_ascii=False)
