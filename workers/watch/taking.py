"""The desk where claimed files are dealt with: into the archive, into the database, out of the inbox, or set aside."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from workers.archive import ArchiveError, Kept, keep, set_aside
from workers.log import logger
from workers.relay import Ringer
from workers.store.engine import is_trouble, transaction
from workers.watch.arrival import Claimed, Inbox, Lying, Refused, Stamp, ends_with_end_record, shown
from workers.watch.landing import Arrival, Landed, SeenAgain, register

_LOG = logger(__name__)
_COPIERS = (
    8  # threads: a copy is mostly waiting for the disk, and waits of several at once are one to most disks
)


@dataclass(slots=True)
class Swept:
    """One sweep: files landed, copies and refused files set aside, and those that wait to be whole or can't be moved."""

    landed: int = 0
    seen_again: int = 0
    refused: int = 0
    waiting: int = 0
    stuck: int = 0

    def __str__(self) -> str:
        return (
            f"{self.landed} landed, {self.seen_again} seen again, {self.refused} refused, "
            f"{self.waiting} waiting, {self.stuck} stuck"
        )


@dataclass(frozen=True, slots=True)
class _Copying:
    """A claimed file on its way into the archive, and what it looked like when it was opened."""

    claimed: Claimed
    stamp: Stamp
    ended: bool
    kept: Future[Kept]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A claimed file whose original is in the archive, and what it looked like when it was copied."""

    claimed: Claimed
    stamp: Stamp
    ended: bool
    arrival: Arrival


@dataclass(slots=True)
class Desk:
    """Receives files one by one and finishes them in batches, one transaction each."""

    archive: Path
    quarantine: Path
    engine: Engine
    ringer: Ringer
    limit: int
    linger: float
    """Seconds for which a file that has no end record is still watched after it has landed."""
    clock: Callable[[], float]
    changing: set[str] = field(default_factory=set)
    """Claimed names whose file changed while it was copied: they must be quiet before they are tried again."""
    _batch: list[_Copying] = field(default_factory=list)
    _copiers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_COPIERS, "copier"))
    _lingering: dict[str, tuple[Stamp, float]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _said: set[tuple[str, str]] = field(default_factory=set)

    def begin(self) -> None:
        """Forget what a failed sweep left half received: the claims are found again in the inbox."""
        self._batch.clear()

    def lingers(self, inbox: Inbox, claimed: Lying) -> bool:
        """Say whether a landed file is still watched; its time over, it is removed.

        A file without an end record was taken because it was quiet. Its writer may only have stalled, and what it would
        write into a removed file would be lost. When it does go on, the file is another one and lands once more, whole.
        """
        stamp, until = self._lingering.get(claimed.entry, (None, 0.0))
        if stamp is None:
            return False
        if stamp != claimed.stamp:
            del self._lingering[claimed.entry]
            self.changing.add(claimed.entry)
            return False
        if self.clock() >= until:
            del self._lingering[claimed.entry]
            inbox.remove(Inbox.adopt(claimed))
        return True

    def claim(self, inbox: Inbox, lying: Lying, swept: Swept) -> Claimed | None:
        """Make a file ours; None if it is gone, or can't be moved (said once, and it stays where it is)."""
        try:
            return inbox.claim(lying)
        except OSError as error:
            self._stuck(lying.entry, "can't be moved", error, swept)
            return None

    def receive(self, inbox: Inbox, claimed: Claimed, swept: Swept) -> int:
        """Begin to bring a claimed file into the archive, or set it aside; gives its bytes."""
        try:
            opened = inbox.open(claimed, self.limit)
            if opened is None:
                return 0
            if isinstance(opened, Refused):
                self._set_aside(inbox, claimed, opened.reason)
                swept.refused += 1
                _LOG.warning("file refused", name=opened.name, reason=opened.reason)
                return 0
        except OSError as error:
            self._stuck(claimed.name, "can't be read or moved", error, swept)
            return 0
        stream, stamp = opened
        ended = ends_with_end_record(stream)
        stream.seek(0)
        self._batch.append(_Copying(claimed, stamp, ended, self._copiers.submit(_copy, self.archive, stream)))
        return stamp.size

    def finish(self, inbox: Inbox, swept: Swept) -> None:
        """Commit what was received, ring, and empty the inbox of it.

        Raises `ArchiveError` when some could not be kept (the others have landed), or a database error when the world
        has trouble. A file that the database refuses for another reason keeps none of the others back.
        """
        batch, self._batch = self._batch, []
        try:
            waiting, trouble = self._kept(inbox, batch, swept)
            try:
                self._land(inbox, waiting, swept)
            except DBAPIError as error:
                if is_trouble(error):
                    raise
                self._land_one_by_one(inbox, waiting, swept)
            if trouble is not None:
                raise trouble
        finally:
            inbox.release()

    def _kept(
        self, inbox: Inbox, batch: list[_Copying], swept: Swept
    ) -> tuple[list[_Waiting], ArchiveError | None]:
        """Wait for the copies; apart from them the first trouble of the archive."""
        waiting: list[_Waiting] = []
        trouble: ArchiveError | None = None
        for each in batch:
            try:
                kept = each.kept.result()
            except ArchiveError as error:
                trouble = trouble or error
            except OSError as error:
                self._stuck(each.claimed.name, "can't be read", error, swept)
            else:
                if kept.size == each.stamp.size and inbox.still(each.claimed, each.stamp):
                    self.changing.discard(each.claimed.entry)
                    arrival = Arrival(shown(each.claimed.name), kept, each.claimed.token)
                    waiting.append(_Waiting(each.claimed, each.stamp, each.ended, arrival))
                else:
                    self.changing.add(each.claimed.entry)
                    swept.waiting += 1
        return waiting, trouble

    def _land_one_by_one(self, inbox: Inbox, batch: list[_Waiting], swept: Swept) -> None:
        for each in batch:
            try:
                self._land(inbox, [each], swept)
            except DBAPIError as error:
                if is_trouble(error):
                    raise
                self._stuck(each.claimed.name, "refused by the database", error, swept)

    def _land(self, inbox: Inbox, batch: list[_Waiting], swept: Swept) -> None:
        if not batch:
            return
        inbox.sync()  # before the row: after a power cut too, the file's new name says which drop it was
        with transaction(self.engine, "watch.land") as connection:
            taken, rings = register(connection, [each.arrival for each in batch], told=frozenset(self._told))
        self.ringer.ring(rings)
        for each, outcome in zip(batch, taken, strict=True):
            try:
                self._clear(inbox, each, outcome, swept)
            except OSError as error:
                self._stuck(each.claimed.name, "can't be moved out of the inbox", error, swept)

    def _clear(self, inbox: Inbox, waiting: _Waiting, outcome: Landed | SeenAgain, swept: Swept) -> None:
        if isinstance(outcome, SeenAgain):
            self._told.add(waiting.claimed.token)
            self._set_aside(inbox, waiting.claimed, outcome.reason)
            self._told.discard(waiting.claimed.token)
            swept.seen_again += 1
            _LOG.warning("file seen again", name=outcome.name, file=outcome.file_id)
            return
        swept.landed += outcome.now
        _LOG.info("file landed", file=outcome.file_id, name=outcome.name, bytes=outcome.size, now=outcome.now)
        entry = waiting.claimed.entry
        if not inbox.still(waiting.claimed, waiting.stamp):
            self.changing.add(entry)  # written to after it was copied: now it is another file
        elif waiting.ended or not self.linger:
            inbox.remove(waiting.claimed)
        else:
            self._lingering[entry] = (waiting.stamp, self.clock() + self.linger)

    def _set_aside(self, inbox: Inbox, claimed: Claimed, reason: str) -> None:
        try:
            set_aside(
                self.quarantine, claimed.entry, folder=inbox.handle, name=shown(claimed.name), reason=reason
            )
        except FileNotFoundError:
            return

    def _stuck(self, name: str, what: str, error: Exception, swept: Swept) -> None:
        """Count a file that stays where it is, and say it once."""
        swept.stuck += 1
        if (name, what) not in self._said:
            self._said.add((name, what))
            _LOG.error("file stuck in the inbox", name=shown(name), what=what, error=str(error))


def _copy(archive: Path, stream: BinaryIO) -> Kept:
    with stream:
        return keep(archive, stream)
