"""A place among the calls that one Visma may have at a time, waited for a moment; and how long a call may take."""

import os
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine, text

from schemas.setup import Installation
from workers.facts import deliveries
from workers.shell import breaker
from workers.shell.rows import NotYet
from workers.store.engine import transaction

T = TypeVar("T")
_SLACK = 15.0  # seconds that a lease is longer than the calls may take
_WAIT = 10.0
_LOOK = 0.05
_AGAIN_SOON = 1.0


class SlotsTaken(NotYet):
    """As many calls as this Visma may have are under way."""


def take(connection: Connection, installation: Installation, lease: float) -> int:
    """Take a place by lease; raises `SlotsTaken`, and `Away` while this Visma does not answer."""
    breaker.pass_by(connection, installation.code, lease)
    slot = deliveries.take_slot(connection, installation, lease, holder())
    if slot is None:
        raise SlotsTaken(_AGAIN_SOON, "as many calls as this Visma may have are under way")
    return slot


def give_back(engine: Engine, installation: Installation, slot: int, *, answered: bool | None) -> None:
    """Give a place back, and keep whether Visma answered; None where the call was not made."""
    with transaction(engine, "slot.release") as connection:
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        deliveries.release_slot(connection, installation.code, slot, holder())
        if answered is not None:
            breaker.tell(connection, installation.code, answered=answered)


def when_free(begin: Callable[[], T]) -> T:
    """Begin; while as many calls as this Visma may have are under way, look again, for they end in a moment."""
    deadline = time.monotonic() + _WAIT
    while True:
        try:
            return begin()
        except SlotsTaken:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK)


def lease_for(installation: Installation, calls: int) -> float:
    """Seconds after which so many calls have ended, or their worker is dead."""
    return calls * (installation.connect_timeout + installation.operation_timeout) + _SLACK


def holder() -> str:
    """Name this process, so that it gives back its own place only."""
    return f"{socket.gethostname()}/{os.getpid()}"
