"""What the tests of the clock share: the tick of any moment, what was taken, and a beat to be killed."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine

from schemas.schedule import OSLO
from tests.site import Site, hands_on
from workers import clock

NAME = "rest 100"


def oslo(wall: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=OSLO, fold=fold).astimezone(UTC)


def at(here: Site, now: datetime, times: str = "05:00") -> int:
    """The tick of a moment, by a clock that has these times for the rest alone; gives how many slots it took."""
    never = {f"schedule_{name}": "never" for name in clock.CLOCKED}
    settings = here.hands.settings.model_copy(update={**never, "schedule_rest": times})
    with here.engine.begin() as connection:
        return len(clock.take_due(connection, settings, now))


def slots(here: Site) -> list[str]:
    """What was taken, as the clock in Norway shows it."""
    found = here.all("SELECT slot FROM schedule_slot ORDER BY slot")
    return [f"{row[0].astimezone(OSLO):%Y-%m-%d %H:%M %z}" for row in found]  # type: ignore[attr-defined]


def due(here: Site) -> int:
    return int(str(here.one("SELECT count(*) FROM journal WHERE event = 'RestDue'")[0]))


if __name__ == "__main__":
    clock.tick(hands_on(create_engine(sys.argv[1]), Path(sys.argv[2]), []))
