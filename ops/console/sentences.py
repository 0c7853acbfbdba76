"""Sentences of the rules and the repairs, in the visitor's language.

They are written in English where they are decided, and stand so in the database and on the command line. A template is such a
sentence with `{}` where its values were; the values of a found one are put into the translation, and translated themselves
where they are words. `{!}` in a translation is a value that is put in as it stands: a person's name, or what a person wrote.
What has no template is shown as it stands: a sentence in English is better than none.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from ops.console import words
from schemas.schedule import OSLO

_OF_A_SUBJECT = re.compile(
    r"((?:[a-z]+ )+[^ ]*[0-9][^ ]*(?:, file [0-9]+)?|user \S+|day \S+ \S+) (?!at [0-9])([a-z(].*)", re.DOTALL
)
"""`payment 17` and what is said of it."""
_NAMED = re.compile(r"[a-z ]+ \{\}(: \{\}| \(\{\}\))?")
"""A template of a thing with its number, which is one word."""
_COUNTED = re.compile(r"\{\} (?!is |has )[a-z]+( [a-z]+)?")
"""A template of a number of things."""
_OF_A_NUMBER = re.compile(r"([0-9]\w*: )(?!expected )([a-z].*)", re.DOTALL)
_OF_A_COMPANY = re.compile(r"(\w+: )([a-z].*)", re.DOTALL)
"""The number of a company or a client, or its name, and what is said of it."""
_WORD = re.compile("[a-z]{3}")
_STATE = re.compile(r"[a-z]+(_[a-z]+)+")
PLACE = r"\{(!?)(\d*)\}"
"""Where a translation has a value: whether that stands as it is, and which it is (none: the next)."""
_FAULT = ": expected {}, found {}"
"""What a template of a fault has: its values are sentences, so it is looked for before those."""
_QUOTED = re.compile(r"'.*'|\".*\"|'.*…", re.DOTALL)
"""What stands so in a file."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) at (\d\d:\d\d)")
_DAY = re.compile(r"(?<![\w./-])(\d{4})-(\d\d)-(\d\d)(?: (?:at )?(\d\d:\d\d(?::\d\d)?))?(?![\w/-]|\.\w)")
"""A day, or a moment, as sentences have it."""
_DEEP = 5  # a value may be a sentence with values, and so on


@dataclass(frozen=True, slots=True)
class _Template:
    found: re.Pattern[str]
    parts: tuple[str, ...]
    order: tuple[int, ...]
    names: frozenset[int]
    length: int

    def filled(self, values: tuple[str, ...]) -> str:
        texts = [self.parts[0]]
        for number, part in zip(self.order, self.parts[1:], strict=True):
            texts += [values[number], part]
        return "".join(texts)


@cache
def _templates(language: str) -> tuple[_Template, ...]:
    """The templates with values, those with the most words of their own first."""
    made = []
    for _, catalogue in words.catalogues(language):
        for message in catalogue:
            if isinstance(message.id, str) and isinstance(message.string, str) and "{}" in message.id:
                parts = [re.escape(part) for part in message.id.split("{}")]
                value = r"(\S+)" if message.id.endswith(", file {}") else "(.*?)"
                pattern = parts[0] + _first(message.id) + value.join(parts[1:])
                pieces = re.split(PLACE, message.string)
                order = tuple(int(n) if n else at for at, n in enumerate(pieces[2::3]))
                names = frozenset(n for n, mark in zip(order, pieces[1::3], strict=True) if mark)
                found = re.compile(pattern, re.DOTALL)
                rank = (_FAULT not in message.id, -len(message.id))
                made.append((rank, _Template(found, tuple(pieces[::3]), order, names, len(message.id))))
    return tuple(template for _, template in sorted(made, key=lambda each: each[0]))


def _first(template: str) -> str:
    """What the first value of a template can be."""
    if _NAMED.fullmatch(template):
        return r"(\S+)"
    return r"([\d\s.,]+)" if _COUNTED.fullmatch(template) else "(.*?)"


def moved(sentence: str, by: timedelta) -> str:
    """Give the sentence with its moments as a console shows them whose clock is moved; both by the clock in Norway."""

    def later(at: re.Match[str]) -> str:
        moment = datetime.fromisoformat(f"{at[1]}T{at[2]}").replace(tzinfo=OSLO).astimezone(UTC) + by
        return f"{moment.astimezone(OSLO):%Y-%m-%d at %H:%M}"

    return _MOMENT.sub(later, sentence) if by else sentence


def translate(sentence: str, language: str, deep: int = _DEEP) -> str:
    """Give the sentence in the language, or as it stands."""
    if language == "en" or not sentence or _QUOTED.fullmatch(sentence):
        return sentence
    known = _known(sentence, language)
    if known != sentence or not deep:
        return known
    if found := _OF_A_NUMBER.fullmatch(sentence):
        rest = translate(found[2], language, deep - 1)
        if rest != found[2]:
            return found[1] + rest
    template = _fitting(sentence, language)
    if found := _OF_A_SUBJECT.fullmatch(sentence):
        of_rest = _fitting(found[2], language)
        is_known = _known(found[2], language) != found[2]
        if template is None or is_known or (of_rest is not None and of_rest.length > template.length):
            subject, rest = (translate(part, language, deep - 1) for part in found.groups())
            return f"{subject} {rest}"
    if template is not None and (found := template.found.fullmatch(sentence)):
        return template.filled(
            tuple(
                value if number in template.names else translate(value, language, deep - 1)
                for number, value in enumerate(found.groups())
            )
        )
    if found := _OF_A_COMPANY.fullmatch(sentence):
        return found[1] + translate(found[2], language, deep - 1)
    parts = (
        [(each, translate(each, language, deep - 1)) for each in sentence.split(", ")]
        if ", " in sentence
        else []
    )
    if parts and all(
        each != said or not _WORD.search(each) for each, said in parts
    ):  # a list, all of it known
        return ", ".join(said for _, said in parts)
    return _DAY.sub(_written, sentence)


def _known(text: str, language: str) -> str:
    """What stands in a catalogue, also as a state of the database is written; else the text itself."""
    spoken = words.words(language)
    known = spoken.gettext(text)
    if known != text or not _STATE.fullmatch(text):
        return known
    known = spoken.gettext(text.replace("_", " "))
    return text if known == text.replace("_", " ") else known


def _fitting(sentence: str, language: str) -> _Template | None:
    return next((each for each in _templates(language) if each.found.fullmatch(sentence)), None)


def _written(day: re.Match[str]) -> str:
    """A day, or a moment, as bokmål has it."""
    year, month, of_month, clock = day.groups()
    return f"{of_month}.{month}.{year}" + (f" kl. {clock}" if clock else "")
