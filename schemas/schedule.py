"""When something runs by itself: at times of the clock in Norway, or every so many seconds."""

import re
from dataclasses import dataclass
from datetime import time
from typing import TypeAlias
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
"""The clock of the bank, of Visma and of everybody who reads ours, wherever the server stands."""

NEVER = "never"
_FORMS = "06:30, or 06:30, 12:00 bank days (Oslo time), or every 300 s, or never"
_DAILY = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d(?:, ?(?:[01]\d|2[0-3]):[0-5]\d)*)( bank days)?")
_EVERY = re.compile(r"every ([1-9]\d{0,4}) s")


@dataclass(frozen=True, slots=True)
class Daily:
    """At these times of the clock in Norway, in their order, on each day or each bank day. No times: never."""

    at: tuple[time, ...]
    bank_days_only: bool


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many seconds, counted from the beginning of 1970 in UTC: a change of clock does not move it."""

    seconds: int


Times: TypeAlias = Daily | Every


def read_times(text: str) -> Times:
    """Read the times as people set them; raises ValueError with the forms that are understood."""
    if text == NEVER:
        return Daily((), bank_days_only=False)
    if every := _EVERY.fullmatch(text):
        return Every(int(every[1]))
    if daily := _DAILY.fullmatch(text):
        at = sorted({time.fromisoformat(each.strip()) for each in daily[1].split(",")})
        return Daily(tuple(at), bank_days_only=daily[2] is not None)
    raise ValueError(f"expected {_FORMS}; found {text!r}")
