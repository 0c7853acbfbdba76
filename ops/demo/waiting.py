"""How far the product has come, and whether it has come to rest."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ops.demo.stack import Stack

_LOOK_SECONDS = 0.1


class NotQuietError(Exception):
    """What was waited for did not come in time; the sentence says what was still open."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of the files that were dropped: how many are read, their payments and how many of these have their outcome.

    `vouchers` are all that stand, `delivered` those that Visma has; `due` is the open work of all stages.
    """

    files: int
    payments: int
    decided: int
    vouchers: int
    delivered: int
    due: int

    def is_quiet(self, files: int) -> bool:
        """Whether that many files have come all the way, and nothing is left to do without a person."""
        all_the_way = self.payments == self.decided and self.vouchers == self.delivered
        return self.files >= files and all_the_way and not self.due


def progress(stack: Stack) -> Progress:
    """Ask the database, in one moment."""
    with stack.engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM bank_file WHERE state IN ('read', 'held') AND open_slices = 0), "
                "(SELECT count(*) FROM payment), (SELECT count(*) FROM payment WHERE state <> 'waiting'), "
                "(SELECT count(*) FROM voucher), (SELECT count(*) FROM voucher WHERE state = 'delivered'), "
                "(SELECT count(*) FROM work WHERE state = 'due')"
            )
        ).one()
    return Progress(*row)


def until(stack: Stack, is_so: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Keep the processes running until it is so; gives the seconds that it took. Raises `NotQuietError`."""
    began = time.monotonic()
    while True:
        stack.supervisor.step()
        try:
            if is_so():
                return time.monotonic() - began
        except DBAPIError:
            pass  # the database was killed and comes back
        if time.monotonic() - began > seconds:
            raise NotQuietError(f"{what}: not within {seconds:.0f} s. {still_open(stack)}")
        time.sleep(_LOOK_SECONDS)


def still_open(stack: Stack) -> str:
    """What is due, and what parked as a fault of ours, in a sentence."""
    with stack.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT stage, state, coalesce(reason, ''), count(*), coalesce(max(note), '') FROM work "
                "WHERE state = 'due' OR (state = 'parked' AND payment_id IS NULL) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            )
        ).all()
    return "Open: " + (
        "; ".join(
            f"{n} {stage} {state} {reason} {note[-300:]}".strip() for stage, state, reason, n, note in rows
        )
        or "nothing"
    )
