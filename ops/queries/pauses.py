"""Delivery that is stopped: by whom, why, until when, and what waits for it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from schemas.money import Money
from workers.facts.deliveries import ALL, STANDS, of_installation
from workers.store import setup as setup_store


@dataclass(frozen=True, slots=True)
class Pause:
    """A stop that holds now. `until`: None until it is started. `vouchers` and `total`: what is approved and waits."""

    scope: str
    actor: str
    since: datetime
    until: datetime | None
    reason: str
    vouchers: int
    total: Money


def standing(connection: Connection) -> tuple[Pause, ...]:
    """The stops that hold now; those of all first."""
    rows = connection.execute(
        text(
            "SELECT b.scope, b.actor, b.since, b.until, b.reason, count(v.id), coalesce(sum(v.total), 0)::bigint "
            "FROM brake b LEFT JOIN voucher v ON v.state = 'approved' AND b.scope IN (:all, v.company, :of || v.installation) "
            f"WHERE {STANDS} GROUP BY b.scope ORDER BY b.scope = :all DESC, b.scope"
        ),
        {"all": ALL, "of": of_installation("")},
    )
    return tuple(Pause(*row) for row in rows)


def scopes(connection: Connection) -> tuple[str, ...]:
    """All that can be stopped by itself: everything, each installation, each company."""
    setup = setup_store.current(connection)
    return (ALL, *map(of_installation, sorted(setup.installations)), *sorted(setup.companies))
