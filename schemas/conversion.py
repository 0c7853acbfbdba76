"""A conversion: cases that were transferred before the bridge, row by row, and what became of each row."""

from enum import StrEnum
from typing import NamedTuple

from schemas.money import Money


class ConversionRow(NamedTuple):
    """An invoice with its case, as the file names it. `line` counts from 1; `kid` may be "". `amount`: its principal."""

    line: int
    case_no: str
    customer_no: str
    invoice_no: str
    kid: str
    amount: Money


class Outcome(StrEnum):
    """What became of a row. The first two wait for us, DONE and ALREADY_DONE are as wished, the rest is a person's."""

    UNCHECKED = "unchecked"  # not compared with Visma yet
    WAITING = "waiting"  # as it should be; its case number is on its way to Visma
    DONE = "done"  # Visma has the mark and the number from us
    ALREADY_DONE = "already_done"  # Visma had the mark and this number before
    NOT_FOUND = "not_found"  # the case, the invoice on it, or the invoice in Visma
    DIFFERS = "differs"  # the amount is another than the case's, or than Visma's
    REFUSED = "refused"  # another customer, another case's KID or number, or Visma's no
