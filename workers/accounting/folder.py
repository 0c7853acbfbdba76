"""Visma's folder of voucher files, and our own below it, in which a file is written before it is put down there.

All names are looked up under the folder's own handle, and no link is followed. Our own folder `kk2` is made once, by a
person: where it is missing, the share is not mounted, and what stands or does not stand there tells nothing.
"""

import errno
import os
import secrets
import stat
from types import TracebackType
from typing import Final, Self

from workers.crash import outside

OWN: Final = "kk2"
LARGEST = 16 * 1024 * 1024  # bytes


class NoFolderError(OSError):
    """The folder, or our own below it, is not there or can't be opened: nothing was read or written."""


class Folder:
    """The folder, open; a context manager. Everything raises OSError, which an answer may not hide."""

    def __init__(self, path: str) -> None:
        """Open it. Raises `NoFolderError`."""
        flags = os.O_RDONLY | os.O_DIRECTORY
        try:
            self._there = os.open(path, flags)
        except OSError as error:
            raise NoFolderError(error.errno, f"the folder {path} can't be opened: {error.strerror}") from None
        try:
            self._own = os.open(OWN, flags | os.O_NOFOLLOW, dir_fd=self._there)
        except OSError as error:
            os.close(self._there)
            once = f"is the share mounted? It must have a folder {OWN}, which a person makes once"
            raise NoFolderError(
                error.errno, f"{path}/{OWN} can't be opened: {error.strerror}; {once}"
            ) from None

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._own)
        os.close(self._there)

    def content(self, name: str) -> bytes | None:
        """The bytes of a file there, None where there is none. OSError too for what is no file, or is too large."""
        try:
            # a pipe must not hold us: not to wait is part of opening
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._there)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "no file", name)
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST} bytes", name)
        return raw

    def unfinished(self, reference: str) -> list[str]:
        """The names of files of a reference that were written and never put down."""
        with os.scandir(self._own) as names:
            return [each.name for each in names if each.name.startswith(f"{reference}.")]

    def write(self, reference: str, content: bytes) -> str:
        """Write a file in our own folder and bring it to the disk; gives its name, which no other attempt has."""
        name = f"{reference}.{secrets.token_hex(8)}"
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660, dir_fd=self._own)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        return name

    def take_away(self, unfinished: str) -> bool:
        """Take away what was never put down, so that no dead call can put it down late; False if it can't be done."""
        try:
            os.unlink(unfinished, dir_fd=self._own)
        except OSError:
            return False
        return True

    def put_down(self, unfinished: str, name: str) -> None:
        """Rename a finished file to the name under which Visma reads it."""
        with outside("file.put_down"):
            os.rename(unfinished, name, src_dir_fd=self._own, dst_dir_fd=self._there)

    def keep(self, name: str) -> None:
        """Put a file of theirs away in our own folder, if it stands."""
        try:
            with outside("file.keep"):
                os.rename(name, name, src_dir_fd=self._there, dst_dir_fd=self._own)
        except FileNotFoundError:
            return

    def sync(self) -> None:
        """Bring the names to the disk."""
        os.fsync(self._there)
        os.fsync(self._own)
