"""What stands in the inbox, for a person who looks: which files, a copy of one, and one taken away once it has landed."""

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workers.archive import Kept, hold
from workers.watch.arrival import Inbox, InboxGoneError, Lying, Refused, fault, shown


@dataclass(frozen=True, slots=True)
class InInbox:
    """A file that stands in the inbox: `key` names it whatever letters it has, `name` is for people, `size` in bytes."""

    key: str
    name: str
    size: int
    changed_at: datetime
    whole: bool


def standing(folder: Path, most: int) -> list[InInbox]:
    """The files that stand in the inbox and that nobody has claimed, the oldest first. Raises `InboxGoneError`."""
    with Inbox.opened(folder) as inbox:
        lying, _ = inbox.listing()
        return [_shown(inbox, each) for each in lying if stat.S_ISREG(each.mode)][:most]


def copy_out(folder: Path, key: str, holding: Path, limit: int) -> tuple[str, Kept] | Refused:
    """Bring a copy of a file in the inbox into the holding place, with its name. Raises `InboxGoneError`, `ArchiveError`."""
    with Inbox.opened(folder) as inbox:
        found = _find(inbox, key)
        if found is None:
            return Refused(
                "", "It stands in the inbox no more: the watcher has taken it, or somebody moved it."
            )
        name = shown(found.entry)
        if (why := fault(found.mode, found.stamp.size, limit)) is not None:
            return Refused(name, why)
        try:
            with inbox.open_lying(found) as stream:
                return name, hold(holding, stream)
        except OSError as error:
            return Refused(name, f"It can't be read: {error.strerror or error}.")


def take_away(folder: Path, key: str, sha256: str) -> bool:
    """Take a file out of the inbox whose bytes have landed; False where it is gone, or is another one by now.

    It is claimed before it is looked at, as a watcher does: what is dropped under its name meanwhile is not touched. One
    with other bytes stays claimed, and the watcher takes it up.
    """
    try:
        with Inbox.opened(folder) as inbox:
            found = _find(inbox, key)
            claimed = inbox.claim(found) if found is not None else None
            opened = (
                inbox.open(claimed, found.stamp.size) if found is not None and claimed is not None else None
            )
            if claimed is None or opened is None or isinstance(opened, Refused):
                return False
            with opened[0] as stream:
                same = hashlib.file_digest(stream, "sha256").hexdigest() == sha256  # type: ignore[arg-type]
            if same and inbox.still(claimed, opened[1]):
                inbox.remove(claimed)
            return same
    except (InboxGoneError, OSError):
        return False


def key_of(path: Path) -> str:
    """The key of a file by its path in the inbox."""
    return os.fsencode(path.name).hex()


def _find(inbox: Inbox, key: str) -> Lying | None:
    return next((each for each in inbox.listing()[0] if os.fsencode(each.entry).hex() == key), None)


def _shown(inbox: Inbox, lying: Lying) -> InInbox:
    return InInbox(
        os.fsencode(lying.entry).hex(),
        shown(lying.entry),
        lying.stamp.size,
        datetime.fromtimestamp(lying.stamp.mtime_ns / 1e9, UTC),
        inbox.is_whole(lying),
    )
