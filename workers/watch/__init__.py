"""The intake: bank files from the inbox into the archive and the database. The sweep is the truth, watchdog a hint."""

from workers.watch.arrival import InboxGoneError, Refused, shown
from workers.watch.landing import Landed, SeenAgain, land
from workers.watch.lying import InInbox, copy_out, key_of, standing, take_away
from workers.watch.taking import Swept
from workers.watch.watcher import Watcher, watcher

__all__ = [
    "InInbox",
    "InboxGoneError",
    "Landed",
    "Refused",
    "SeenAgain",
    "Swept",
    "Watcher",
    "copy_out",
    "key_of",
    "land",
    "shown",
    "standing",
    "take_away",
    "watcher",
]
