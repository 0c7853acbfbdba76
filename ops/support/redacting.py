"""What may be said of a text that somebody wrote: no secret that the site knows, and of a log line only what is known to be plain.

Our own lines hold ids by design. This is the second wall: libraries and servers write what they like.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr
from sqlalchemy import Connection

from ops.support.settings import HIDDEN, without_user
from workers.secrets import NoSuchSecretError, resolve
from workers.settings import Settings
from workers.store import setup as setup_store

_SHORTEST = 4
"""A secret of fewer characters is in every text; those are kept out by what is left out as a whole."""
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9]{8,}|[0-9]{4}[. ][0-9]{2}[. ][0-9]{5}|[0-9]{6}[ -][0-9]{5})(?![0-9A-Za-z])"
)
"""KIDs, accounts, birth numbers; a hash is letters and digits, and stays."""
_ANY_NUMBER = re.compile(r"[0-9]{6,}|[0-9]{4}[. ][0-9]{2}[. ][0-9]{5}|[0-9]{6}[ -][0-9]{5}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|«[^»]*»|\([^()]*\)=\([^()]*\)")
_NAMES = re.compile(r"\b[A-ZÆØÅ][\w.'-]*(?:,? +[A-ZÆØÅ][\w.'-]*)+")
_VALUES = re.compile(r"\b(DETAIL|STATEMENT|CONTEXT|QUERY|HINT|LOCATION|parameters):", re.IGNORECASE)
"""Lines of PostgreSQL that hold the values of a row."""
_PLACE = re.compile(r'  File "[^"]+", line \d+, in \S+')
_KIND = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Timeout|Refused|Away))\b")
_KEPT = frozenset(
    {"timestamp", "level", "logger", "event", "work", "stage", "queue", "code", "file", "bytes", "rows", "files", "epoch",
     "seconds", "messages", "result", "company", "error_id", "why", "error", "fault", "trace", "exception"}
)  # fmt: skip
_PLAIN = frozenset(
    {"timestamp", "level", "logger", "stage", "queue", "code", "result", "company", "error_id"}
)
"""Words of ours and moments; all other texts are searched for what is of a person."""


class Redactor:
    """Takes out of texts what may not leave the house."""

    def __init__(self, secrets: Collection[str]) -> None:
        ways = {way for each in secrets for way in (each, quote(each, safe=""), unquote(each))}
        self._secrets = sorted((each for each in ways if len(each) >= _SHORTEST), key=len, reverse=True)

    def value(self, value: object) -> object:
        """A value for JSON, each text in it without secrets and long numbers."""
        match value:
            case str():
                return _NUMBER.sub(HIDDEN, self._open(value))
            case Mapping():
                return {str(name): self.value(each) for name, each in value.items()}
            case list() | tuple():
                return [self.value(each) for each in value]
            case _:
                return value

    def lines(self, log: str) -> Iterator[str]:
        """Give what may be told of a log, line by line."""
        for line in log.splitlines():
            if line.startswith("{"):
                yield self._entry(line)
            elif line.strip() and not line[0].isspace() and not _VALUES.search(line):
                yield self._scrubbed(line)

    def _entry(self, line: str) -> str:
        try:
            entry = json.loads(line)
        except ValueError:
            return HIDDEN
        kept = {name: self._field(name, value) for name, value in entry.items() if name in _KEPT}
        if left_out := sorted(entry.keys() - _KEPT):
            kept["left_out"] = [self._scrubbed(name) for name in left_out]
        return json.dumps(kept, ensure_ascii=False)

    def _field(self, name: str, value: object) -> object:
        match value:
            case str() if name == "exception":
                return list(_places(value))
            case str():
                return self._open(value) if name in _PLAIN else self._scrubbed(value)
            case list():
                return [self._scrubbed(str(each)) for each in value]
            case int() | float() | None:
                return value
            case _:
                return HIDDEN

    def _scrubbed(self, written: str) -> str:
        without = _QUOTED.sub(HIDDEN, self._open(written))
        return _NAMES.sub(HIDDEN, _ANY_NUMBER.sub(HIDDEN, without))

    def _open(self, written: str) -> str:
        for secret in self._secrets:
            written = written.replace(secret, HIDDEN)
        return without_user(written)


def known(connection: Connection, site: Settings) -> set[str]:
    """Every secret that the site has, whole and in its parts."""
    given = [getattr(site, name) for name in type(site).model_fields]
    found = {
        part for value in given if isinstance(value, SecretStr) for part in _parts(value.get_secret_value())
    }
    key = site.archive_folder / "fingerprint.key"
    if key.is_file():
        found.add(key.read_text("ascii", errors="replace"))
    try:
        installations = setup_store.load(connection).installations.values()
    except setup_store.UnreadableSetupError:
        installations = ()  # type: ignore[assignment]
    for each in installations:
        for row in each.rows:
            try:
                found.add(resolve(row.value.password))
            except NoSuchSecretError:
                continue
    return {each for each in found if each}


def _parts(secret: str) -> Iterator[str]:
    """A secret, each of its lines and words, and of an address its password."""
    yield secret
    for word in secret.split():
        yield word
        try:
            address = urlsplit(word)
        except ValueError:
            continue
        if address.password:
            yield address.password
            yield unquote(address.password)
    for each in secret.split(","):
        yield each.partition(":")[2] if "//" not in each else ""


def _places(exception: str) -> Iterator[str]:
    """The places in the code and the kinds of errors: their messages may hold values of people."""
    for line in exception.splitlines():
        if place := _PLACE.match(line):
            yield place.group().strip()
        elif kind := _KIND.match(line):
            yield kind.group(1)
