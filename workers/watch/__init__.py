"""The intake: bank files from the inbox into the archive and the database. The sweep is the truth, watchdog a hint."""

from workers.watch.arrival import Refused
from workers.watch.landing import Landed, SeenAgain, land
from workers.watch.taking import Swept
from workers.watch.watcher import Watcher, watcher

__all__ = ["Landed", "Refused", "SeenAgain", "Swept", "Watcher", "land", "watcher"]
