"""The guard's rounds, until it is asked to stop: look, tell, and have the money checked beside it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ops.guard import wording
from ops.guard.proving import due, prove
from ops.guard.raising import look
from ops.guard.telling import Receiver, tell
from workers.accounting import Accounting
from workers.log import logger
from workers.settings import Settings

_LOG = logger(__name__)
_BLIND = 60.0
"""The database may be silent for so many seconds, as when it is restarted."""


@dataclass(slots=True)
class Guard:
    """What the rounds stand on. `broker` says whether Redis answers, `reach` gives each Visma."""

    engine: Engine
    site: Settings
    receivers: tuple[Receiver, ...]
    broker: Callable[[], bool]
    reach: Callable[[], Mapping[str, Accounting]]
    clock: Callable[[], float] = time.monotonic
    blind_since: float | None = None
    told_blind: set[str] = field(default_factory=set)
    proving: threading.Thread | None = None

    def round(self) -> None:
        """Look and tell once; a database that does not answer for a minute is told of without it."""
        try:
            look(self.engine, self.site, self.broker, [each.name for each in self.receivers])
            for each in self.receivers:
                tell(self.engine, each, self.site)
            self._have_proven()
        except SQLAlchemyError as error:
            _LOG.warning("guard sees nothing", error=type(error).__name__)
            self._tell_blind()
        else:
            self._tell_seeing()

    def _have_proven(self) -> None:
        """The money check takes minutes on a large site: in a thread, so that the rounds go on."""
        if self.proving is not None and self.proving.is_alive():
            return
        if due(self.engine, self.site.schedule_balance) is not None:
            self.proving = threading.Thread(
                target=prove, args=(self.engine, self.reach, self.site), name="balance", daemon=True
            )
            self.proving.start()

    def _tell_blind(self) -> None:
        now = self.clock()
        self.blind_since = now if self.blind_since is None else self.blind_since
        if now - self.blind_since >= _BLIND:
            self._say(silent=True)

    def _tell_seeing(self) -> None:
        self.blind_since = None
        if self.told_blind:
            self._say(silent=False)

    def _say(self, *, silent: bool) -> None:
        for each in self.receivers:
            if (each.name in self.told_blind) is not silent:
                fault = each.send(*wording.database(self.site.alarm_language, silent=silent))
                if not fault:
                    (self.told_blind.add if silent else self.told_blind.discard)(each.name)


def run(guard: Guard, stop: Callable[[float], bool]) -> None:
    """Make rounds until `stop(seconds)` says so (it waits that long). Outermost loop: trouble is logged and tried again."""
    while True:
        try:
            guard.round()
        except Exception:  # the guard outlives every fault of the world; the next round sees the same
            _LOG.exception("guard's round failed")
        if stop(guard.site.guard_interval):
            return
