"""The site's settings as they may be shown: what each is, where it comes from, and no secret."""

import json
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from workers.settings import Settings

HIDDEN = "***"
_USER = re.compile(r"://[^/\s]*@")


class Origin(StrEnum):
    """Where a setting comes from."""

    ENVIRONMENT = "environment"
    SECRET = "secret file"  # noqa: S105 - a place, not a secret
    GIVEN = "given"  # by who made the settings in a program
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting; `value` with what is secret hidden, empty where nothing is set."""

    name: str
    value: str
    origin: Origin
    says: str


def shown(site: Settings) -> tuple[Shown, ...]:
    """Each setting, in the order in which they are written down."""
    folder = os.environ.get("KK2_SECRETS", "")
    files = {path.name.upper() for path in Path(folder).glob("*")} if folder else set()
    given = {name.upper() for name in os.environ}
    made = []
    for field, about in Settings.model_fields.items():
        name = f"KK2_{field.upper()}"
        if field not in site.model_fields_set:
            origin = Origin.DEFAULT
        elif name in given:
            origin = Origin.ENVIRONMENT
        else:
            origin = Origin.SECRET if name in files else Origin.GIVEN
        made.append(Shown(name, _value(field, getattr(site, field)), origin, about.description or ""))
    return tuple(made)


def without_user(written: str) -> str:
    """A text whose addresses have no user and no password."""
    return _USER.sub(f"://{HIDDEN}@", written)


def _value(field: str, value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            secret = value.get_secret_value()
            return (
                _address(secret)
                if field in {"database_url", "owner_url", "broker_url"}
                else HIDDEN
                if secret
                else ""
            )
        case dict():
            return json.dumps(value, ensure_ascii=False) if value else ""
        case bool():
            return str(value).lower()
        case _:
            return without_user(str(value))


def _address(url: str) -> str:
    """Where a server is; its options may hold a password, and are left out."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{HIDDEN}@{parts.hostname or ''}{port}{parts.path}"
