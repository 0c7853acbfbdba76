"""The quarantine: what could not be taken, each with `NAME.reason.txt` beside it, for a person to look at."""

import errno
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from uuid import uuid4

from workers.archive.originals import open_original, sync_folder
from workers.crash import outside

_REASON = ".reason.txt"
_PART = re.compile(r"\.[0-9a-f]{32}")
_NAME_LIMIT = 255 - len(_REASON) - 40  # bytes: what Linux allows, less what is put after a name


def refuse(quarantine: Path, archive: Path, *, sha256: str, name: str, reason: str) -> Path:
    """Put a copy of an original that the reader refused into quarantine, its reason beside it; gives the copy's path.

    A copy and not a link: people correct such files by hand, and the archive must not change. Safe to repeat: the same
    original under the same name is put there once, and the reason is written anew. Raises `ArchiveError` or OSError.
    """
    quarantine.mkdir(parents=True, exist_ok=True)
    for candidate in _candidates(quarantine, name):
        if not os.path.lexists(candidate):
            if os.path.lexists(_reason_of(candidate)):
                continue
            with open_original(archive, sha256) as original:
                _put(candidate, original)
            break
        if _has(candidate, sha256):
            break
    _write_reason(candidate, reason)
    return candidate


def set_aside(quarantine: Path, source: str, *, folder: int, name: str, reason: str) -> Path:
    """Move `source` (a name in the open folder `folder`) into quarantine as `name`; gives its path there.

    The reason is written first: a file without its reason is never seen there. A link is moved, not followed.
    Raises OSError; then the file is where it was. FileNotFoundError: another process has moved it.
    """
    os.lstat(source, dir_fd=folder)  # before a reason is written for nothing
    quarantine.mkdir(parents=True, exist_ok=True)
    for candidate in _candidates(quarantine, name):
        beside = _reason_of(candidate)
        if not os.path.lexists(candidate) and (not os.path.lexists(beside) or _reads(beside, reason)):
            break
    _write_reason(candidate, reason)
    try:
        _move(source, folder, candidate)
    except OSError:
        if not os.path.lexists(candidate):  # else a rival has moved it there, and the reason is its
            beside.unlink(missing_ok=True)
        raise
    sync_folder(quarantine)
    return candidate


def tidy_quarantine(quarantine: Path, *, older_than: float) -> int:
    """Remove what crashes left half written more than `older_than` seconds ago; gives how many.

    It may hold a copy of a bank file, under a name that nobody would look for.
    """
    limit, removed = time.time() - older_than, 0
    for part in quarantine.iterdir() if quarantine.is_dir() else ():
        with suppress(FileNotFoundError):  # another watcher tidies too
            if _PART.fullmatch(part.name) and part.lstat().st_mtime < limit:
                part.unlink()
                removed += 1
    return removed


def _candidates(quarantine: Path, name: str) -> Iterator[Path]:
    base = PurePosixPath(name).name
    if base in {"", ".", ".."}:
        base = "unnamed"
    base = os.fsencode(base)[:_NAME_LIMIT].decode("utf-8", "ignore")
    yield quarantine / base
    number = 2
    while True:
        yield quarantine / f"{base}.{number}"
        number += 1


def _reason_of(path: Path) -> Path:
    return path.with_name(path.name + _REASON)


def _reads(path: Path, reason: str) -> bool:
    """Say whether a reason is there already, after a crash. A pipe of that name may lie there too: it is not opened."""
    return stat.S_ISREG(path.lstat().st_mode) and path.read_text("utf-8", "replace").strip() == reason.strip()


def _has(path: Path, sha256: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256


def _write_reason(beside: Path, reason: str) -> None:
    _put(_reason_of(beside), BytesIO(reason.rstrip().encode("utf-8", "replace") + b"\n"))


def _put(target: Path, source: BinaryIO) -> None:
    """Write a file whole or not at all, safe on the disk."""
    temporary = target.with_name(f".{uuid4().hex}")
    try:
        with temporary.open("xb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
        with outside("quarantine.put"):
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def _move(source: str, folder: int, target: Path) -> None:
    try:
        with outside("quarantine.move"):
            os.rename(source, target, src_dir_fd=folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _carry(source, folder, target)


def _carry(source: str, folder: int, target: Path) -> None:
    """Move across file systems: a file is copied, a link made again; anything else stays where it is (OSError)."""
    mode = os.lstat(source, dir_fd=folder).st_mode
    if stat.S_ISLNK(mode):
        with outside("quarantine.link"):
            target.symlink_to(os.readlink(source, dir_fd=folder))
    elif stat.S_ISREG(mode):
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(handle, "rb") as stream:
            _put(target, stream)
    else:
        raise OSError(errno.EXDEV, "not a file, and quarantine is on another file system")
    os.unlink(source, dir_fd=folder)
