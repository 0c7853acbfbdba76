"""Sentences of the rules and the repairs, in the visitor's language.

They are written in English where they are decided, and stand so in the database and on the command line. A template is such a
sentence with `{}` where its values were; the values of a found one are put into the translation, and translated themselves
where they are words. `{!}` in a translation is a value that is put in as it stands: a person's name, or what a person wrote.
What has no template is shown as it stands: a sentence in English is better than none.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from ops.console import words

_OF_A_SUBJECT = re.compile(r"((?:[a-z]+ )+[^ ]*[0-9][^ ]*) (?!at [0-9])([a-z(].*)", re.DOTALL)
"""`payment 17` and what is said of it."""
_OF_A_COMPANY = re.compile(r"(\w+: )([a-z].*)", re.DOTALL)
"""The number of a company or a client, and what is said of it."""
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
                value = r"(\S+)" if re.fullmatch(r"[a-z ]+ \{\}", message.id) else "(.*?)"
                pattern = value.join(re.escape(part) for part in message.id.split("{}"))
                pieces = re.split(PLACE, message.string)
                order = tuple(int(n) if n else at for at, n in enumerate(pieces[2::3]))
                names = frozenset(n for n, mark in zip(order, pieces[1::3], strict=True) if mark)
                found = re.compile(pattern, re.DOTALL)
                first = (_FAULT not in message.id, -len(message.id))
                made.append((first, _Template(found, tuple(pieces[::3]), order, names)))
    return tuple(template for _, template in sorted(made, key=lambda each: each[0]))


def moved(sentence: str, by: timedelta) -> str:
    """Give the sentence with its moments as a console shows them whose clock is moved."""
    return (
        _MOMENT.sub(
            lambda at: f"{datetime.fromisoformat(f'{at[1]}T{at[2]}') + by:%Y-%m-%d at %H:%M}", sentence
        )
        if by
        else sentence
    )


def translate(sentence: str, language: str, deep: int = _DEEP) -> str:
    """Give the sentence in the language, or as it stands."""
    if language == "en" or not sentence or _QUOTED.fullmatch(sentence):
        return sentence
    known = words.words(language).gettext(sentence)
    if known != sentence or not deep:
        return known
    for template in _templates(language):
        if found := template.found.fullmatch(sentence):
            return template.filled(
                tuple(
                    value if number in template.names else translate(value, language, deep - 1)
                    for number, value in enumerate(found.groups())
                )
            )
    if found := _OF_A_SUBJECT.fullmatch(sentence):
        subject, rest = (translate(part, language, deep - 1) for part in found.groups())
        return f"{subject} {rest}"
    if found := _OF_A_COMPANY.fullmatch(sentence):
        return found[1] + translate(found[2], language, deep - 1)
    return _DAY.sub(_written, sentence)


def _written(day: re.Match[str]) -> str:
    """A day, or a moment, as bokmål has it."""
    year, month, of_month, clock = day.groups()
    return f"{of_month}.{month}.{year}" + (f" kl. {clock}" if clock else "")
