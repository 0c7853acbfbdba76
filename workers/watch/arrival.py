"""What lies in the inbox: which names count, when a file is whole, and how one watcher makes a file its own."""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from workers.crash import outside

_OWN = ".kk2-"  # a claimed file: the mark, 32 hexadecimal digits, a hyphen, its name
_CLAIMED = re.compile(r"\.kk2-([0-9a-f]{32})-(.+)", re.DOTALL)
_TEMPORARY = (".part", ".tmp", ".filepart", ".crdownload")
_END = b"NY000089"
_XML_END = re.compile(rb"</(?:[\w.-]+:)?Document\s*>")
_RECORD = 80
_TAIL = 4096  # how much of a file's end is read: its last record, line ends and blanks after it
_NAME_LIMIT = 255  # bytes


class InboxGoneError(Exception):
    """The inbox is not there or can't be opened: removed, or a share that is not mounted."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is compared to say that a file is unchanged: bytes, nanoseconds, inode."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """Take it from a file's status."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class Lying:
    """A name in the inbox and what lies there; nothing was opened or followed."""

    entry: str
    mode: int
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that this watcher made its own: its `entry` in the inbox now, the `token` of this drop, its true `name`."""

    entry: str
    token: str
    name: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not taken, and why: a sentence for the person who will look."""

    name: str
    reason: str


def is_temporary(entry: str) -> bool:
    """Say whether a name is that of a file still being brought: dot-files, `~…`, `.part`, `.tmp` and the like."""
    return entry.startswith((".", "~")) or entry.lower().endswith(_TEMPORARY)


def shown(entry: str) -> str:
    """Give a name that can be stored and printed: what is no UTF-8 or a control character is replaced."""
    text = os.fsencode(entry).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def ends_with_end_record(stream: BinaryIO) -> bool:
    """Say whether the last record is a whole `NY000089` of 80 characters, or `</Document>` in XML; line ends and blanks
    may follow it."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _TAIL))
    last = stream.read(_TAIL).rstrip(b" \t\r\n\x00\x1a")[-_RECORD:]
    if (tag := last.rfind(b"</")) >= 0 and _XML_END.fullmatch(last[tag:]):
        return True
    return len(last) == _RECORD and last.startswith(_END) and b"\n" not in last and b"\r" not in last


def fault(mode: int, size: int, limit: int) -> str | None:
    """Say why something in the inbox is not taken, from its status alone; None for a file of a bank's size."""
    if stat.S_ISLNK(mode):
        return "It is a symbolic link, and links are not followed: put the file itself into the folder."
    if not stat.S_ISREG(mode):
        return "It is not an ordinary file (a pipe, socket or device)."
    if size == 0:
        return "It is empty: get it again from the bank."
    if size > limit:
        return f"It has {size} bytes, more than the limit of {limit} (KK2_FILE_LIMIT)."
    return None


@dataclass(slots=True)
class Inbox:
    """The inbox, open for one round: all is done by name inside this one folder, so no path can lead out of it."""

    handle: int
    _locks: list[int] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator["Inbox"]:
        """Open it; raises `InboxGoneError`. Closing lets go of every claim's lock."""
        try:
            inbox = cls(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as error:
            raise InboxGoneError(f"the inbox {folder} can't be opened: {error.strerror}") from error
        try:
            yield inbox
        finally:
            inbox.release()
            os.close(inbox.handle)

    def release(self) -> None:
        """Let go of the locks on claimed files."""
        while self._locks:
            os.close(self._locks.pop())

    def listing(self) -> tuple[list[Lying], list[Lying]]:
        """Give what lies in the inbox, oldest first, and apart from it what was claimed. Sub-folders are passed over."""
        lying: list[Lying] = []
        claimed: list[Lying] = []
        with os.scandir(self.handle) as entries:
            for entry in entries:
                own = entry.name.startswith(_OWN)
                if is_temporary(entry.name) and not own:
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not stat.S_ISDIR(status.st_mode):
                    (claimed if own else lying).append(Lying(entry.name, status.st_mode, Stamp.of(status)))
        for found in (lying, claimed):
            found.sort(key=lambda each: (each.stamp.mtime_ns, each.entry))
        return lying, claimed

    def is_whole(self, lying: Lying) -> bool:
        """Say whether a file ends with an end record. False as well when it can't be opened: time will tell."""
        if not stat.S_ISREG(lying.mode):
            return False
        try:
            with self.open_lying(lying) as stream:
                return ends_with_end_record(stream)
        except OSError:
            return False

    def open_lying(self, lying: Lying) -> BinaryIO:
        """Open what lies there, to look at it; links are not followed. Raises OSError."""
        return self._open(lying.entry)

    def claim(self, lying: Lying) -> Claimed | None:
        """Rename a file so that no other watcher takes it; None when it is gone. OSError: it can't be moved.

        Whatever is dropped under the old name from now on is another file.
        """
        token = uuid4().hex
        entry = _fitting(f"{_OWN}{token}-{lying.entry}")
        try:
            with outside("watch.claim"):
                os.rename(lying.entry, entry, src_dir_fd=self.handle, dst_dir_fd=self.handle)
        except FileNotFoundError:
            return None
        return Claimed(entry, token, lying.entry)

    @staticmethod
    def adopt(lying: Lying) -> Claimed:
        """Take up a claim that a crash or trouble left."""
        if found := _CLAIMED.fullmatch(lying.entry):
            return Claimed(lying.entry, found[1], found[2])
        return Claimed(lying.entry, uuid4().hex, lying.entry)

    def open(self, claimed: Claimed, limit: int) -> tuple[BinaryIO, Stamp] | Refused | None:
        """Open a claimed file for reading and lock it; None when it is gone or another process has it.

        The lock is kept until `release`: the kernel drops it when this process dies, so a claim never outlives its holder.
        OSError: it can't be read now.
        """
        name = shown(claimed.name)
        try:
            status = os.lstat(claimed.entry, dir_fd=self.handle)
            if (why := fault(status.st_mode, status.st_size, limit)) is not None:
                return Refused(name, why)
            stream = self._open(claimed.entry)
        except FileNotFoundError:
            return None
        except PermissionError:
            return Refused(name, "It can't be opened: the watcher's user has no permission to read it.")
        if not self._lock(stream) or not self.still(claimed, Stamp.of(os.fstat(stream.fileno()))):
            stream.close()
            return None
        return stream, Stamp.of(os.fstat(stream.fileno()))

    def still(self, claimed: Claimed, stamp: Stamp) -> bool:
        """Say whether the claimed file is there and unchanged."""
        try:
            return Stamp.of(os.lstat(claimed.entry, dir_fd=self.handle)) == stamp
        except FileNotFoundError:
            return False

    def remove(self, claimed: Claimed) -> None:
        """Remove a claimed file, which is in the archive by now; one that is gone is no error."""
        with suppress(FileNotFoundError), outside("watch.remove"):
            os.unlink(claimed.entry, dir_fd=self.handle)

    def sync(self) -> None:
        """Bring the names of claimed files to the disk, where the file system can."""
        with suppress(
            OSError
        ):  # some shares can't; then a power cut makes a landed file look like a copy, and harmless
            os.fsync(self.handle)

    def _open(self, entry: str) -> BinaryIO:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return os.fdopen(os.open(entry, flags, dir_fd=self.handle), "rb")

    def _lock(self, stream: BinaryIO) -> bool:
        held = os.dup(stream.fileno())
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return False
        except OSError:  # a share without locks: the unique sha256 is what keeps a file from landing twice
            pass
        self._locks.append(held)
        return True


def _fitting(entry: str) -> str:
    return os.fsdecode(os.fsencode(entry)[:_NAME_LIMIT])
