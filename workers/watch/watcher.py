"""The watcher, `kk2 watch`: sweeps the inbox at start, on a timer and on a hint, and takes in what is whole.

One file's way: renamed so that it is ours, copied to the archive and hashed, safe on the disk, one commit for its row and
its event, the ring, and only then removed from the inbox. Wherever the process dies, the next sweep goes on from there.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from workers.archive import ArchiveError, tidy, tidy_holding, tidy_quarantine
from workers.log import logger
from workers.relay import Ringer, beat
from workers.settings import Settings
from workers.store.engine import transaction
from workers.watch.arrival import Claimed, Inbox, InboxGoneError, Lying
from workers.watch.hint import Hint
from workers.watch.patience import Patience
from workers.watch.taking import Desk, Swept

_LOG = logger(__name__)
_AT_ONCE = 100  # files in one transaction
_BYTES_AT_ONCE = 32 * 1024 * 1024
_LOOK_AT_STOP = 0.5  # seconds
_BREATH = 0.05  # seconds between sweeps, so that a flood of hints is one sweep and not thousands
_LINGER = 12  # quiet times
_SHARE_QUIET_TIME = 30.0  # seconds, where a site did not choose: a share shows sizes and times late
_A_DAY = 86_400.0


@dataclass(slots=True)
class Watcher:
    """Sweeps one inbox. Any number of them may watch one folder, on any number of machines."""

    inbox: Path
    archive: Path
    quarantine: Path
    engine: Engine
    ringer: Ringer
    polling: bool
    quiet_time: float
    scan_interval: float
    file_limit: int
    clock: Callable[[], float] = time.monotonic
    _trouble: str = field(init=False, default="")
    _hint: Hint = field(init=False)
    _patience: Patience = field(init=False)
    _desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self._hint = Hint(self.inbox, polling=self.polling, poll_every=min(2.0, self.scan_interval))
        self._patience = Patience(self.clock)
        linger = _LINGER * self.quiet_time
        self._desk = Desk(
            self.archive, self.quarantine, self.engine, self.ringer, self.file_limit, linger, self.clock
        )

    def run(self, stop: Callable[[float], bool]) -> None:
        """Sweep until `stop(seconds)` says so (it waits at most that long; give `threading.Event().wait`).

        Outermost loop: trouble is logged and the next sweep tries again; the files are where they were.
        """
        try:
            while True:
                wait = self.scan_interval
                try:
                    self._hint.keep_alive()
                    wait = self._next_look(self.sweep(self._hint.take(), stop))
                except InboxGoneError as error:  # no beat: an inbox that is gone must be seen
                    _LOG.warning(str(error))
                except ArchiveError as error:
                    _LOG.error(str(error))
                # the watcher outlives every fault of the world; the next sweep sees the same files
                except Exception:
                    _LOG.exception("sweep failed")
                if stop(_BREATH) or self._waited(wait, stop):
                    return
        finally:
            self._hint.close()

    def sweep(
        self, finished: frozenset[str] = frozenset(), stop: Callable[[float], bool] = lambda _: False
    ) -> Swept:
        """Look at the inbox once and take in what is whole. `finished`: names that their writers have closed or renamed in.

        `stop` is asked between transactions: of ten thousand files the rest may wait for the next start.
        Raises `InboxGoneError`, `ArchiveError` (its text is in the pulse's note too) or a database error; what had landed
        by then has landed, and the rest is found again.
        """
        swept = Swept()
        self._desk.begin()
        with Inbox.opened(self.inbox) as inbox:
            lying, claimed = inbox.listing()
            self._patience.forget_all_but({each.entry for each in (*lying, *claimed)})
            claimed = [each for each in claimed if not self._desk.lingers(inbox, each)]
            left = [Inbox.adopt(each) for each in claimed if self._may_adopt(each)]
            whole = [each for each in lying if self._is_whole(inbox, each, finished)]
            swept.waiting = len(lying) - len(whole) + len(claimed) - len(left)
            if not (left or whole):
                self._trouble = ""
            self._say(swept)
            if left or whole:
                self._take(inbox, left, whole, swept, stop)
                self._say(swept)
        return swept

    def _take(
        self,
        inbox: Inbox,
        left: list[Claimed],
        whole: list[Lying],
        swept: Swept,
        stop: Callable[[float], bool],
    ) -> None:
        found: list[Claimed | Lying] = [*left, *whole]
        size = count = 0
        try:
            for each in found:
                claimed = each if isinstance(each, Claimed) else self._desk.claim(inbox, each, swept)
                if claimed is not None:
                    size += self._desk.receive(inbox, claimed, swept)
                    count += 1
                if count >= _AT_ONCE or size >= _BYTES_AT_ONCE:
                    self._desk.finish(inbox, swept)
                    self._say(swept)
                    size = count = 0
                    if stop(0):
                        return
            self._desk.finish(inbox, swept)
        except ArchiveError as error:
            self._trouble = f"; {error}"
            self._say(swept)
            raise
        self._trouble = ""

    def _is_whole(self, inbox: Inbox, lying: Lying, finished: frozenset[str]) -> bool:
        """A file is whole when its writer has finished it and its last record says so, or else when it is quiet."""
        quiet = self._patience.unchanged_for(lying) >= self.quiet_time
        return quiet or (lying.entry in finished and inbox.is_whole(lying))

    def _may_adopt(self, claimed: Lying) -> bool:
        """A claim left by a crash is taken up at once; one that was seen to change must be quiet like any file."""
        unchanged_for = self._patience.unchanged_for(claimed)
        return claimed.entry not in self._desk.changing or unchanged_for >= self.quiet_time

    def _next_look(self, swept: Swept) -> float:
        if swept.waiting:
            return min(self.scan_interval, max(self.quiet_time / 4, 0.05))
        return self.scan_interval

    def _waited(self, seconds: float, stop: Callable[[float], bool]) -> bool:
        """Wait for the time or a hint; True to stop."""
        until = self.clock() + seconds
        while (rest := until - self.clock()) > 0 and not self._hint.came.wait(min(rest, _LOOK_AT_STOP)):
            if stop(0):
                return True
        return stop(0)

    def _say(self, swept: Swept) -> None:
        """Beat the pulse, which also says whether the database is there before a file is touched."""
        with transaction(self.engine, "watch.pulse") as connection:
            beat(connection, "watch", f"{swept}{self._trouble}")


def watcher(site: Settings, engine: Engine, ringer: Ringer) -> Watcher:
    """Make the watcher of a site, with its folders.

    An inbox that the site chose is not made: it may be a share that is not mounted, and an empty folder in its place
    would look healthy for ever.
    """
    for folder in (
        site.archive_folder,
        site.quarantine_folder,
        *(() if site.inbox else (site.inbox_folder,)),
    ):
        folder.mkdir(parents=True, exist_ok=True)
    removed = tidy(site.archive_folder, older_than=_A_DAY)
    tidy_holding(site.uploads_folder, older_than=_A_DAY)
    if removed := removed + tidy_quarantine(site.quarantine_folder, older_than=_A_DAY):
        _LOG.info("half copies of earlier crashes removed", files=removed)
    own_choice = "quiet_time" in site.model_fields_set
    return Watcher(
        inbox=site.inbox_folder,
        archive=site.archive_folder,
        quarantine=site.quarantine_folder,
        engine=engine,
        ringer=ringer,
        polling=site.polling,
        quiet_time=_SHARE_QUIET_TIME if site.polling and not own_choice else site.quiet_time,
        scan_interval=site.scan_interval,
        file_limit=site.file_limit,
    )
