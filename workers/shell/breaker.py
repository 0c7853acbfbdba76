"""Whether a Visma is called at all: after calls in a row that got no answer one row at a time tries it, later and later.

Thousands of rows that each find out by themselves that a Visma is away would hold up its neighbours and fall upon it when it
is back. One installation's breaker says nothing of another's.
"""

import random

from sqlalchemy import Connection, text

from workers.shell.rows import NotYet

TRIES = 3
"""Calls in a row without an answer after which it is let alone: one that was lost proves nothing."""
FIRST, MOST = 2.0, 60.0
"""Seconds of the first pause, which doubles, and of the longest; chance takes off up to half."""


class Away(NotYet):
    """This Visma has not answered, and it is not yet time to try it, or another row does."""


def pass_by(connection: Connection, installation: str, lease: float) -> None:
    """Go on to a call; raises `Away`. Whoever comes first after a pause tries it; the others wait, a minute at most."""
    seconds = connection.execute(
        text(
            "SELECT extract(epoch FROM open_until - now())::float FROM breaker WHERE installation = :of AND failures >= :tries"
        ),
        {"of": installation, "tries": TRIES},
    ).scalar_one_or_none()
    if seconds is None:
        return
    tries_it = connection.execute(
        text(
            "UPDATE breaker SET open_until = now() + make_interval(secs => :lease) WHERE installation = :of "
            "AND (open_until <= now() OR failures < :tries)"
        ),
        {"of": installation, "tries": TRIES, "lease": lease},
    ).rowcount
    if not tries_it:
        wait = min(max(seconds, 1.0), MOST / 2) * (1 + random.random())  # noqa: S311 - only spreads them
        raise Away(wait, f"{installation} has not answered; it is tried again in a while")


def tell(connection: Connection, installation: str, *, answered: bool) -> None:
    """Keep how a call went. The first answer after a pause makes due what waited for it."""
    if not answered:
        connection.execute(
            text(
                "INSERT INTO breaker (installation, failures, open_until) VALUES (:of, 1, now()) ON CONFLICT (installation) "
                "DO UPDATE SET failures = breaker.failures + 1, open_until = now() + make_interval(secs => (0.5 + random() / 2) "
                "* least(:most, :first * power(2, least(breaker.failures + 1 - :tries, 10))))"
            ),
            {"of": installation, "tries": TRIES, "first": FIRST, "most": MOST},
        )
        return
    failures = connection.execute(
        text(
            "WITH was AS (SELECT failures FROM breaker WHERE installation = :of AND failures > 0 FOR UPDATE) "
            "UPDATE breaker SET failures = 0, open_until = now() FROM was WHERE installation = :of RETURNING was.failures"
        ),
        {"of": installation},
    ).scalar_one_or_none()
    if failures is not None and failures >= TRIES:
        # a row that a worker has is left alone: it holds what we would wait for, and waits for what we hold
        connection.execute(
            text(
                "UPDATE work SET due_at = now(), rung_at = NULL WHERE id IN (SELECT id FROM work WHERE state = 'due' "
                "AND stage = 'deliver' AND due_at > now() FOR UPDATE SKIP LOCKED)"
            )
        )
