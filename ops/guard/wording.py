"""What a message of alarms says: in the site's language, with the page and the command, and nobody's personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ops.console import sentences, words
from ops.desk.alarms import place_of

_NAMED = 20
"""So many alarms are told in one message; of more the number and the page."""
_HOUSE = "KK2–Visma"


@dataclass(frozen=True, slots=True)
class Told:
    """What of an alarm is told: that it began, or that it ended."""

    alarm: int
    ended: bool
    condition: str
    subject: str
    says: str
    began_at: datetime
    ended_at: datetime | None


def message(told: Sequence[Told], language: str, console: str) -> tuple[str, str]:
    """Give title and text. `console`: where the pages are reached, or empty."""
    say = words.words(language).gettext
    title = _title(told[0], language) if len(told) == 1 else f"{len(told)} {say('alarms begin or end')}"
    parts = [_part(each, language, console) for each in told[:_NAMED]]
    if len(told) > _NAMED:
        parts.append(f"{say('and more')}: {len(told) - _NAMED}. kk2 alarm list")
    # A title becomes a header of a mail: on one line, whatever a subject is called.
    return " ".join(f"{_HOUSE}: {title}".split()), "\n\n".join(parts)


def database(language: str, *, silent: bool) -> tuple[str, str]:
    """The one alarm that no table can keep: the database does not answer, or does again."""
    say = words.words(language).gettext
    told = say("the database does not answer") if silent else say("the database answers again")
    return f"{_HOUSE}: {told}", f"{told}.\nkk2 doctor"


def _title(each: Told, language: str) -> str:
    say = words.words(language).gettext
    name = say(each.condition.replace("_", " "))
    title = f"{name} ({say(each.subject.replace('_', ' '))})" if each.subject else name
    return f"{say('over')}: {title}" if each.ended else title


def _part(each: Told, language: str, console: str) -> str:
    say = words.words(language).gettext
    lines = [_title(each, language)]
    since = f"{say('since')} {words.moment(each.began_at, language)}"
    if each.ended:
        lines.append(f"{since}, {say('over')} {words.moment(each.ended_at, language)}")
    else:
        lines += [sentences.translate(each.says, language), since]
    path, command = place_of(each.condition)
    if console:
        lines.append(f"{console.rstrip('/')}/alarms/{each.alarm}")
    if not each.ended:
        lines += [f"{console.rstrip('/')}{path}"] if console and path != "/" else []
        lines.append(command)
    return "\n".join(lines)
