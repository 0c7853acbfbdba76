"""A file lands: its original is in the archive, and one commit gives it its row and its event."""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from schemas.events import FileLanded, FileSeenAgain
from workers.archive import Kept, keep
from workers.journal import Ring, record
from workers.relay import Ringer
from workers.store.engine import transaction
from workers.watch.arrival import Refused, fault, shown

_CHANGED = "It changed while it was read."


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file whose original is in the archive. `token` names the drop, so that a crash is told from a copy."""

    name: str
    kept: Kept
    token: str


@dataclass(frozen=True, slots=True)
class Landed:
    """The file has a row and will be read. `now` is False when a run before this one did it and crashed after."""

    file_id: int
    name: str
    sha256: str
    size: int
    now: bool


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """The same bytes came before, as file `file_id`; nothing is done with them again."""

    file_id: int
    name: str
    sha256: str
    first_name: str
    first_at: datetime

    @property
    def reason(self) -> str:
        """Say it to the person who finds the copy."""
        return (
            f"It is a copy of file {self.file_id}, which came as {self.first_name} on "
            f"{self.first_at:%Y-%m-%d at %H:%M:%S}: the same bytes. Nothing was booked from the copy."
        )


def land(
    path: Path,
    *,
    engine: Engine,
    ringer: Ringer,
    archive: Path,
    limit: int,
    name: str = "",
    sha256: str = "",
    also: Callable[[Connection, Landed], Sequence[Ring]] | None = None,
) -> Landed | SeenAgain | Refused:
    """Take in one file from anywhere; the file itself stays where it is.

    `limit` in bytes. `name`: what it is called, if not as its path says; `sha256`: what its bytes must have; `also`: what
    is written in the same commit, once it has landed. Raises `ArchiveError`, a database error, or OSError of the file.
    """
    name = shown(name or path.name)
    kept = _kept(path, archive, limit)
    if isinstance(kept, str):
        return Refused(name, kept)
    if sha256 and kept.sha256 != sha256:
        return Refused(name, "Its bytes are not those that were shown: look at it again.")
    with transaction(engine, "add") as connection:
        (taken,), rings = register(connection, [Arrival(name, kept, uuid4().hex)])
        if also is not None and isinstance(taken, Landed):
            rings = [*rings, *also(connection, taken)]
    ringer.ring(rings)
    return taken


def _kept(path: Path, archive: Path, limit: int) -> Kept | str:
    """Bring the bytes into the archive, or say why not."""
    status = path.lstat()
    if (why := fault(status.st_mode, status.st_size, limit)) is not None:
        return why
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        return "It can't be opened: you have no permission to read it."
    with os.fdopen(handle, "rb") as stream:
        opened = os.fstat(handle)
        if not stat.S_ISREG(opened.st_mode) or (opened.st_ino, opened.st_size) != (
            status.st_ino,
            status.st_size,
        ):
            return _CHANGED
        kept = keep(archive, stream)
    return kept if kept.size == status.st_size else _CHANGED


def register(
    connection: Connection, arrivals: Sequence[Arrival], *, told: frozenset[str] = frozenset()
) -> tuple[list[Landed | SeenAgain], list[Ring]]:
    """Give each arrival its row and its event, in the caller's transaction; the rings are for after the commit.

    The sha256 is unique: of any number of watchers one lands a file, and for the others it is a copy or, with the same
    token, the rest of a drop whose watcher died. `told` are tokens of copies that have had their event.
    """
    fresh = {
        row[0]
        for row in connection.execute(
            text(
                "INSERT INTO bank_file (sha256, name, size, state, arrival) "
                "SELECT s, n, z, 'landed', a FROM unnest(CAST(:shas AS text[]), CAST(:names AS text[]), "
                "CAST(:sizes AS bigint[]), CAST(:tokens AS text[])) WITH ORDINALITY AS t(s, n, z, a, o) ORDER BY o "
                "ON CONFLICT (sha256) DO NOTHING RETURNING arrival"
            ),
            {
                "shas": [each.kept.sha256 for each in arrivals],
                "names": [each.name for each in arrivals],
                "sizes": [each.kept.size for each in arrivals],
                "tokens": [each.token for each in arrivals],
            },
        )
    }
    known = {
        row.sha256: row
        for row in connection.execute(
            text(
                "SELECT id, sha256, name, size, arrival, landed_at FROM bank_file WHERE sha256 = ANY(:shas)"
            ),
            {"shas": [each.kept.sha256 for each in arrivals]},
        )
    }
    taken: list[Landed | SeenAgain] = []
    happened: list[object] = []
    for each in arrivals:
        row = known[each.kept.sha256]
        if row.arrival == each.token:
            taken.append(Landed(row.id, each.name, row.sha256, row.size, each.token in fresh))
            if each.token in fresh:
                happened.append(FileLanded(row.id))
        else:
            taken.append(SeenAgain(row.id, each.name, row.sha256, row.name, row.landed_at))
            if each.token not in told:
                happened.append(FileSeenAgain(row.id, each.name))
    rings = record(connection, happened)
    return taken, rings
