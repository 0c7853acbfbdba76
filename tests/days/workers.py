"""The broker, the workers and the clock in random days: messages in any order, deaths, time that passes."""

import random
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from schemas.events import ControlDue, FetchDue, ImportDue, RestDue
from tests.days.people import DONE, NOTHING
from tests.site import Site
from workers import crash
from workers.store import epoch

MESSAGES = ("some", "some", "some", "relay", "all", "killed", "restart")
CLOCK = ("rest", "fetch", "control", "import_", "leases_end", "days_of_silence")


class Killed(BaseException):
    """The process ended here, and its open transaction is gone: nothing of ours catches this."""


def killed_at(passes: int, do: Callable[[], None]) -> bool:
    """Do something in a process that dies at its n-th pass of a crash point; says whether it came there."""
    left = [passes]

    def look_in(folder: Path, name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed(name)

    kept = crash._FOLDER, crash._look_in
    crash._FOLDER, crash._look_in = Path("/"), look_in
    try:
        do()
    except Killed:
        return True
    finally:
        crash._FOLDER, crash._look_in = kept
    return False


class Messages:
    """The broker's queue, and the workers who take from it."""

    def __init__(self, here: Site) -> None:
        self.here = here
        self.queue: list[tuple[int, str]] = []
        self.life = self._begin()

    def take_in(self) -> None:
        """What was rung lies in the queue."""
        self.queue += [(ring.work_id, ring.stage) for ring in self.here.rung]
        self.here.rung.clear()

    def some(self, chance: random.Random) -> str | None:
        """Some messages come: in any order, some twice, some never."""
        if not self.queue:
            self.relay(chance)
        taken = chance.sample(self.queue, min(len(self.queue), chance.randrange(1, 8)))
        if not taken:
            return NOTHING
        for message in taken:
            self.queue.remove(message)
        for message in taken:
            for _ in range(chance.choice((0, 1, 1, 1, 1, 2))):
                self.here.work(*message)
        return None

    def relay(self, _: random.Random) -> str | None:
        """The relay rings for all that is due, also for what is in the queue."""
        sql = "SELECT id, stage FROM work WHERE state = 'due' AND due_at <= now() ORDER BY id"
        due = [(int(str(work_id)), str(stage)) for work_id, stage in self.here.all(sql)]
        self.queue += due
        return None if due else NOTHING

    def all(self, chance: random.Random) -> str | None:
        self.queue.clear()
        return None if self.here.drain(chance.randrange(1_000)) else NOTHING

    def killed(self, chance: random.Random) -> str | None:
        """A worker dies somewhere in a piece of work."""
        due = self.here.due()
        if not due:
            return NOTHING
        died = killed_at(chance.randrange(1, 7), lambda: self.here.work(*chance.choice(due)))
        self.restart(chance)
        return DONE if died else "lived"

    def restart(self, _: random.Random) -> str | None:
        """All processes end, the broker forgets everything, and all start again."""
        if not self.queue and not self.here.due():
            return NOTHING
        self.here.engine.dispose()
        self.queue.clear()
        assert self._begin() == self.life
        return None

    def _begin(self) -> int:
        return epoch.look(self.here.engine, self.here.hands.settings.archive_folder)


class Clock:
    """What comes by the clock, and time that has passed."""

    def __init__(self, here: Site) -> None:
        self.here = here

    def rest(self, _: random.Random) -> None:
        self.here.happen(RestDue("100"))

    def fetch(self, _: random.Random) -> None:
        self.here.happen(FetchDue("100"))

    def control(self, _: random.Random) -> None:
        self.here.happen(ControlDue("100"))

    def import_(self, _: random.Random) -> None:
        self.here.happen(ImportDue("100"))

    def leases_end(self, _: random.Random) -> None:
        self.here.pass_leases()
        self._sql("UPDATE work SET due_at = now() WHERE state = 'due'")

    def days_of_silence(self, _: random.Random) -> None:
        """What has been in trouble has been so for days."""
        self._sql(
            "UPDATE work SET troubled_since = now() - interval '4 days' WHERE troubled_since IS NOT NULL"
        )

    def _sql(self, sql: str) -> None:
        with self.here.engine.begin() as connection:
            connection.execute(text(sql))
