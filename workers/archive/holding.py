"""The holding place: what a person has sent and looks at, by its sha256, until it is taken in or a day has gone."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from workers.archive.originals import ArchiveError, Kept, keep, path_of

A_DAY = 24 * 3600.0


def hold(folder: Path, source: BinaryIO) -> Kept:
    """Keep the rest of `source` for a day from now, and no longer what was sent before. Raises `ArchiveError`; OSError
    of the source passes through."""
    tidy_holding(folder, older_than=A_DAY)
    kept = keep(folder, source)
    with suppress(FileNotFoundError):  # the sweep was faster: it is sent once more
        os.utime(path_of(folder, kept.sha256))
    return kept


def let_go(folder: Path, sha256: str) -> None:
    """Remove what is held, if it is."""
    with suppress(OSError):  # the sweep removes it later
        path_of(folder, sha256).unlink(missing_ok=True)


def tidy_holding(folder: Path, *, older_than: float) -> int:
    """Remove what was sent more than `older_than` seconds ago and not taken in; gives how many."""
    limit, removed = time.time() - older_than, 0
    try:
        for each in folder.rglob("*") if folder.is_dir() else ():
            with suppress(FileNotFoundError):  # another process tidies too
                if each.is_file() and each.lstat().st_mtime < limit:
                    each.unlink()
                    removed += 1
    except OSError as error:
        raise ArchiveError(f"can't tidy what people sent: {error.strerror or error}") from error
    return removed
