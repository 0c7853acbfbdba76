"""Originals by their sha256: written once, byte for byte, safe on the disk before anything is parsed."""

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from workers.crash import outside

_CHUNK = 1024 * 1024
_INCOMING = ".incoming"  # what is being copied; a crash leaves a part here, never under a sha256
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ArchiveError(Exception):
    """The archive could not be written or read: the world's trouble. Nothing was lost, and it is tried again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An original that is safe on the disk: its name in the archive and its size in bytes."""

    sha256: str
    size: int


def keep(folder: Path, source: BinaryIO) -> Kept:
    """Copy the rest of `source` into the archive while hashing it; returns when file and folder are on the disk.

    Bytes that are there already are not written again. Raises `ArchiveError` for trouble with the archive (disk full);
    OSError of the source passes through. Either leaves nothing behind.
    """
    temporary = folder / _INCOMING / uuid4().hex
    try:
        kept = _copy(source, temporary)
        with _trouble("write to"):
            _publish(folder, temporary, kept)
    except BaseException:
        with _trouble("write to"):
            temporary.unlink(missing_ok=True)
        raise
    return kept


def path_of(folder: Path, sha256: str) -> Path:
    """Where an original stands; raises ValueError for what is no sha256 in hexadecimal (so no path can be built)."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"not a sha256 in hexadecimal: {sha256!r}")
    return folder / sha256[:2] / sha256[2:4] / sha256


def open_original(folder: Path, sha256: str) -> BinaryIO:
    """Open an original for reading; the caller closes it. Raises `ArchiveError` when it is not there (not mounted?)."""
    with _trouble("read"):
        return path_of(folder, sha256).open("rb")


def prove(folder: Path, sha256: str) -> bool:
    """Read an original again: True if its bytes still have the sha256 that it is named by."""
    with _trouble("read"), path_of(folder, sha256).open("rb") as original:
        return hashlib.file_digest(original, "sha256").hexdigest() == sha256


def tidy(folder: Path, *, older_than: float) -> int:
    """Remove what crashes left half copied more than `older_than` seconds ago; gives how many.

    Other machines may be copying into the same archive, hence the age: choose a day.
    """
    limit, removed = time.time() - older_than, 0
    incoming = folder / _INCOMING
    with _trouble("write to"):
        for part in incoming.iterdir() if incoming.is_dir() else ():
            try:
                if part.stat().st_mtime < limit:
                    part.unlink()
                    removed += 1
            except FileNotFoundError:  # another watcher tidies too
                continue
    return removed


def _copy(source: BinaryIO, temporary: Path) -> Kept:
    digest, size = hashlib.sha256(), 0
    with _trouble("write to"):
        temporary.parent.mkdir(parents=True, exist_ok=True)
        target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o440)
    try:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            with _trouble("write to"):
                _write(target, chunk)
        with _trouble("write to"):
            os.fsync(target)
    finally:
        os.close(target)
    return Kept(digest.hexdigest(), size)


def _write(target: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(target, rest) :]


def _publish(folder: Path, temporary: Path, kept: Kept) -> None:
    """Give the copy its name. The rename is atomic, so under a sha256 there is always the whole original."""
    final = path_of(folder, kept.sha256)
    for step in (final.parent.parent, final.parent):
        if not step.is_dir():
            step.mkdir(parents=True, exist_ok=True)
            sync_folder(step.parent)
    if final.is_file() and final.stat().st_size == kept.size:
        temporary.unlink()
    else:
        with outside("archive.publish"):
            temporary.replace(final)
    # also when it was there: whoever wrote it may have died before this line
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk: without it a power cut may forget a file that is itself on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _trouble(act: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(f"can't {act} the archive: {error.strerror or error}") from error
