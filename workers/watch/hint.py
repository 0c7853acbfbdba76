"""The hint: watchdog says that something came. Nothing depends on it; it only shortens the wait until the next sweep."""

import os
import threading
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyObserver
from watchdog.observers.polling import PollingObserver

from workers.log import logger
from workers.watch.arrival import is_temporary

_LOG = logger(__name__)
_STOP_WAIT = 5.0


class Hint(FileSystemEventHandler):
    """An observer on one folder that is started again when it, its emitter or the folder dies.

    watchdog's own threads call `on_any_event`; all else belongs to the sweeping thread.
    """

    def __init__(self, folder: Path, *, polling: bool, poll_every: float) -> None:
        self._folder = folder
        self._polling = polling
        self._poll_every = poll_every
        self._observer: BaseObserver | None = None
        self._inode = (0, 0)
        self._trouble = ""
        self._finished: set[str] = set()
        self.came = threading.Event()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note a file that its writer has finished (closed, or renamed in), and wake the sweep.

        Nothing else, and nothing that can raise: an exception here would end watchdog's thread without a word.
        """
        path = event.dest_path or event.src_path
        name = os.path.basename(os.fsdecode(path))  # noqa: PTH119 - no path is touched, and nothing can raise
        if (isinstance(event, FileMovedEvent) and not event.dest_path) or is_temporary(name):
            return
        if isinstance(event, FileClosedEvent | FileMovedEvent):
            self._finished.add(name)
        self.came.set()

    def take(self) -> frozenset[str]:
        """Give the names that were finished since the last call; from now on `came` is about later ones."""
        self.came.clear()
        taken: set[str] = set()
        while self._finished:
            taken.add(self._finished.pop())
        return frozenset(taken)

    def keep_alive(self) -> None:
        """Start the observer, or start it again when it is dead or the folder is another one. Never raises for that:
        without a hint the sweep goes on, and the next call tries again."""
        try:
            status = self._folder.stat()
        except OSError:
            self.close()
            return
        inode = (status.st_dev, status.st_ino)
        if self._observer is not None and inode == self._inode and _alive(self._observer):
            return
        if self._observer is not None:
            _LOG.warning("observer died or the inbox was made again; it is started anew")
        self.close()
        try:
            self._observer = self._started()
        except (
            OSError,
            RuntimeError,
        ) as error:  # no inotify left, no more threads, the folder gone in between
            if str(error) != self._trouble:
                _LOG.warning("no observer, the sweep alone finds files", error=str(error))
            self._trouble = str(error)
            return
        self._trouble = ""
        self._inode = inode
        self.came.set()

    def close(self) -> None:
        """Stop the observer."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            if observer.is_alive():
                observer.join(_STOP_WAIT)

    def _started(self) -> BaseObserver:
        observer: BaseObserver
        if self._polling:
            observer = PollingObserver(timeout=self._poll_every)
            wanted: list[type[FileSystemEvent]] = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
        else:
            # "full": a file that is renamed in from another folder is told from one that is only being created
            observer = InotifyObserver(generate_full_events=True)
            wanted = [FileClosedEvent, FileMovedEvent]
        try:
            observer.schedule(self, str(self._folder), recursive=False, event_filter=wanted)
            observer.start()
        except BaseException:
            observer.stop()
            raise
        return observer


def _alive(observer: BaseObserver) -> bool:
    emitters = observer.emitters
    return observer.is_alive() and bool(emitters) and all(emitter.is_alive() for emitter in emitters)
