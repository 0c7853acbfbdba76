"""How the tests of repairs act: do it, see that the money still agrees, see who is named."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from ops import balance
from ops.access import ALL_ROLES
from ops.balance.asking import ask
from ops.repairs import Done, Person, Refusal
from tests.ops.ledger import Room, one
from workers import audit

Kk2 = Callable[..., tuple[int, str, str]]
"""A command line on a site: its exit status, what it printed and what it said."""

KARI = Person("kari", "KID skrevet feil", ALL_ROLES)
SILENT = Person("kari", "", ALL_ROLES)


def disagreements(connection: Connection) -> dict[str, list[str]]:
    """The promises that do not hold in the open transaction."""
    findings = [ask(connection, promise) for promise in balance.CHECKS]
    return {f.name: [f"{d.subject}: {d.cause}" for d in f.differences] for f in findings if not f.holds}


def act(room: Room, what: Callable[[Connection], Done]) -> Done:
    """Do it, and see that everything still agrees."""
    with room.begin() as connection:
        done = what(connection)
        assert disagreements(connection) == {}
        return done


def refused(room: Room, what: Callable[[Connection], Done]) -> str:
    """Try it; gives the sentence of the refusal, after seeing that nothing is left of it."""
    count = "SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM audit)"
    before = one(room.connection, count)
    with pytest.raises(Refusal) as refusal, room.begin() as connection:
        what(connection)
    assert one(room.connection, count) == before
    return str(refusal.value)


def last_act(room: Room, subject: str) -> tuple[str, str, str]:
    """Who did what with it last, and why; the chain of acts holds."""
    found = audit.latest(room.connection, subject)
    assert found is not None
    assert audit.verify(room.connection) is None
    return found.actor, found.act, found.reason
