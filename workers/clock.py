"""What beat's tick does: ask which slots are due and not taken, and record their events. Two ticks at once are harmless."""

from datetime import UTC, datetime

from sqlalchemy import text

from schemas.events import RestDue
from workers.journal import Ring, record
from workers.relay import beat
from workers.shell import Hands
from workers.store import setup as setup_store


def tick(hands: Hands) -> None:
    """Take the slot of each company's rest proposal, once; a missed night is caught up by the next tick."""
    interval = hands.settings.rest_interval
    slot = datetime.fromtimestamp(datetime.now(UTC).timestamp() // interval * interval, UTC)
    rings: list[Ring] = []
    with hands.engine.begin() as connection:
        for company in setup_store.current(connection).companies:
            taken = connection.execute(
                text(
                    "INSERT INTO schedule_slot (name, slot) VALUES (:name, :slot) ON CONFLICT DO NOTHING RETURNING name"
                ),
                {"name": f"rest {company}", "slot": slot},
            ).one_or_none()
            if taken is not None:
                rings += record(connection, [RestDue(company)], actor="beat")
        beat(connection, "beat", f"slot {slot:%H:%M:%S}")
    hands.ringer.ring(rings)
