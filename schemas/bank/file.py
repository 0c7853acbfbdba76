"""A bank file around its payments: what is odd or wrong in it, and whose assignments it holds."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from schemas.money import Money

Columns: TypeAlias = tuple[int, int]
"""First and last column of a field, 1-based, both inclusive, as the bank's specification counts."""


@dataclass(frozen=True, slots=True)
class Note:
    """A legal oddity: the file was read all the same. `code` is stable, `text` is for people, line 0 is no line."""

    line: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file is refused: where, what was expected there, what was found. Line 0 is the file as a whole."""

    line: int
    columns: Columns | None
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        """`LINE:FIRST-LAST: what: expected …, found …`; without columns `LINE: what: …`."""
        place = f"{self.line}" if self.columns is None else f"{self.line}:{self.columns[0]}-{self.columns[1]}"
        return f"{place}: {self.what}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Transmission:
    """What one sender put into the file (forsendelse). `made_on` is None where the end record has no date."""

    line: int
    transmitter: str
    number: str
    recipient: str
    made_on: date | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The payments to one account (oppdrag). `total` is the money as it moves, `control_total` as the file says it.

    `line` and `last_line` are those of its start and its end; `earliest` and `latest` are the booked dates of its
    payments, None when there are none.
    """

    line: int
    last_line: int
    account: str
    agreement: str
    number: str
    payments: int
    total: Money
    control_total: Money
    earliest: date | None
    latest: date | None


def passes_account_control(account: str) -> bool:
    """Whether `account`, 11 digits, ends with its MOD11 control (weights 5432765432); zeros alone are no account."""
    weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
    total = sum(weight * int(digit) for weight, digit in zip(weights, account, strict=True))
    return total % 11 == 0 and total > 0
