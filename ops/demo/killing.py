"""Kill processes at seeded times, and take the time until each is back."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import psutil
import redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ops.demo.stack import Stack
from ops.supervisor import State

_SHORTEST, _LONGEST = 0.1, 3.0  # seconds from a file's arrival to a kill: most fall into the work on it
_PATIENCE = 8.0  # and where no file can come, so long after the last kill
_POOL = " (pool)"
_ANSWER_SECONDS = 0.5


@dataclass(slots=True)
class _Away:
    """A process that was killed and is not back yet."""

    target: str
    since: float
    is_back: Callable[[], bool]


@dataclass(slots=True)
class Killer:
    """SIGKILLs over all processes but the supervisor, after delays and on targets that the seed gives.

    Each target comes once in a round, in an order of its own. `recovered`: by target the seconds of each recovery:
    until the server answers again, or a new process stands. `busy`: how many kills fell into open work.
    """

    stack: Stack
    seed: int
    wanted: int
    killed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    recovered: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: int = 0
    _away: list[_Away] = field(default_factory=list)
    _round: list[str] = field(default_factory=list)
    _random: Random = field(init=False)
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)  # noqa: S311 - the same seed must give the same kills
        self._next = time.monotonic() + _PATIENCE

    @property
    def done(self) -> int:
        """How many kills there were so far."""
        return sum(self.killed.values())

    def arm(self) -> None:
        """A file has come: let the next kill fall into the work on it."""
        self._next = min(self._next, time.monotonic() + self._random.uniform(_SHORTEST, _LONGEST))

    def step(self, *, is_busy: bool) -> None:
        """Note who is back; kill, when it is time and kills are left. `is_busy`: work is open just now."""
        now = time.monotonic()
        for away in list(self._away):
            if away.is_back():
                self._away.remove(away)
                self.recovered[away.target].append(time.monotonic() - away.since)
        if self.done < self.wanted and now >= self._next:
            self._kill_one()
            self.busy += is_busy
            self._next = now + _PATIENCE

    def all_back(self) -> bool:
        """Whether every process that was killed is back."""
        return not self._away

    def _kill_one(self) -> None:
        """Kill the first of the round that is there to be killed."""
        status = {one.name: one for one in self.stack.supervisor.status().processes}
        if not self._round:
            self._round = [*status, *(name + _POOL for name in status if name.startswith("worker"))]
            self._random.shuffle(self._round)
        for target in self._round:
            one = status[target.removesuffix(_POOL)]
            if (
                one.state is not State.RUNNING
                or one.pid is None
                or any(a.target == target for a in self._away)
            ):
                continue
            pid = _a_child(one.pid, self._random) if target.endswith(_POOL) else one.pid
            if pid is None:
                continue
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self._round.remove(target)
                self.killed[target] += 1
                self._away.append(_Away(target, time.monotonic(), self._watch(target, one.pid, pid)))
                return

    def _watch(self, target: str, parent: int, killed: int) -> Callable[[], bool]:
        name = target.removesuffix(_POOL)

        def has_new_process() -> bool:
            now = self.stack.supervisor.status().of(name)
            if target.endswith(_POOL) and now.pid == parent:
                return any(child != killed for child in _children(parent))
            return now.state is State.RUNNING and now.pid != killed

        answers: Mapping[str, Callable[[], bool]] = {
            "postgres": self._database_answers,
            "broker": self._broker_answers,
            "visma": self.stack.answers,
        }
        if name in answers:
            return lambda: has_new_process() and answers[name]()
        return has_new_process

    def _database_answers(self) -> bool:
        with suppress(DBAPIError), self.stack.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            return True
        return False

    def _broker_answers(self) -> bool:
        with suppress(redis.RedisError), redis.Redis.from_url(
            self.stack.servers.broker_url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS
        ) as client:  # fmt: skip
            return bool(client.ping())
        return False


def _children(pid: int) -> list[int]:
    with suppress(psutil.Error):
        return [
            child.pid for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE
        ]
    return []


def _a_child(pid: int, random: Random) -> int | None:
    children = sorted(_children(pid))
    return random.choice(children) if children else None
