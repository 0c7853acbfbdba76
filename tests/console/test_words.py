"""Both languages are complete: every text of the pages, lists, acts and forms has its bokmål."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from ops.access import ACTS
from ops.console import words
from ops.desk import register
from ops.health.pulse import State
from pipeline.expecting import Expectation
from pipeline.matching import trying_out
from pipeline.shadowing import Likeness
from pipeline.stage import Reason
from schemas.case import CaseState
from schemas.control import ControlPart, DifferenceKind
from schemas.conversion import Outcome
from schemas.setup import OverpaymentPolicy
from schemas.transfer import NumberState, NumberVerdict, TransactionKind, Verdict
from schemas.voucher import Discarded, LedgerState, VoucherState

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
SHOWN = (
    Reason, CaseState, VoucherState, NumberState, Discarded, LedgerState, Verdict, NumberVerdict, TransactionKind,
    ControlPart, DifferenceKind, Outcome, trying_out.Outcome, Likeness, Expectation, State, OverpaymentPolicy,
)  # fmt: skip
"""What the pages show as a word, by the filter `word`."""


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


@pytest.mark.parametrize("shown", SHOWN, ids=lambda enum: f"{enum.__module__}.{enum.__name__}")
def test_every_word_of_a_state_has_its_bokmaal(shown: type[StrEnum]) -> None:
    known = {message.id for _, catalogue in words.catalogues("nb") for message in catalogue if message.string}

    assert {word.replace("_", " ") for word in shown} <= known
