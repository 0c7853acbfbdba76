"""Both languages are complete: every text of the pages, lists, acts and forms has its bokmål."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from ops.access import ACTS
from ops.console import words
from ops.desk import register

OPS = Path(__file__).resolve().parents[2] / "ops"
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS = {
    "**/templates/**.html": {
        "extensions": "jinja2.ext.i18n,jinja2.ext.do",
        "trim_blocks": "true",
        "silent": "false",
    }
}
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def _said() -> Iterator[tuple[str, tuple[str, ...]]]:
    for part in ("console", "desk"):
        for path, line, message, _, _ in extract_from_dir(OPS / part, _METHODS, _OPTIONS, _KEYWORDS):
            texts = (message,) if isinstance(message, str) else tuple(message)
            yield f"{part}/{path}:{line}", texts


def _words_of_lists() -> set[str]:
    return {
        word.replace("_", " ")
        for listing in register.LISTINGS.values()
        for facet in listing.facets
        for word in facet.words
    }


def test_every_text_has_its_bokmaal() -> None:
    known = {
        message.id if isinstance(message.id, str) else message.id[0]: message
        for _, catalogue in words.catalogues("nb")
        for message in catalogue
        if message.id
    }
    missing = {
        f"{where}: {texts[0]}"
        for where, texts in _said()
        if texts[0] not in known or not known[texts[0]].string
    }
    missing |= {f"an act: {act}" for act in ACTS if act not in known}
    missing |= {f"a word of a list: {word}" for word in _words_of_lists() if word not in known}

    assert not missing, "\n".join(sorted(missing))


def test_no_translation_is_left_over_or_loses_a_value() -> None:
    said = {text for _, texts in _said() for text in texts} | _words_of_lists()
    for path, catalogue in words.catalogues("nb"):
        for message in catalogue:
            if not message.id:
                continue
            first = message.id if isinstance(message.id, str) else message.id[0]
            assert not message.fuzzy, f"{path.name}: {first}"
            if path.name not in {"words.po", "acts.po"} and not path.name.startswith("sentences"):
                assert first in said, f"{path.name}: nothing says {first!r} any more"
            values = set(re.findall(r"%\(\w+\)s", first))
            for string in [message.string] if isinstance(message.string, str) else message.string or ():
                assert set(re.findall(r"%\(\w+\)s", string)) == values, f"{path.name}: {first}"


def test_no_text_is_translated_in_two_ways() -> None:
    seen: dict[object, tuple[str, object]] = {}
    for path, catalogue in words.catalogues("nb"):
        for message in catalogue:
            if message.id:
                before = seen.setdefault(str(message.id), (path.name, message.string))
                assert before[1] == message.string, f"{message.id}: {before[0]} and {path.name}"
