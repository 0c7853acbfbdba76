"""A bank file that a person brings: its original first, then its row, its event and the person's name in one commit."""

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from ops.repairs.acts import Done, Person, Refusal, leave, need_role
from schemas.wording import counted
from workers.journal import Ring
from workers.relay import Ringer
from workers.settings import Settings
from workers.watch import Landed, Refused, SeenAgain, key_of, land, shown, take_away

_LONGEST = 200  # letters of a name


class CameBefore(Refusal):
    """The same bytes came before, as file `file_id`."""

    def __init__(self, seen: SeenAgain) -> None:
        super().__init__(f"{seen.name} is not taken. {seen.reason}")
        self.file_id = seen.file_id


@dataclass(frozen=True, slots=True)
class Added(Done):
    """A file that has landed."""

    landed: Landed | None = None


def add_file(
    engine: Engine,
    path: Path,
    *,
    site: Settings,
    person: Person,
    name: str = "",
    sha256: str = "",
    inbox: str = "",
) -> Added:
    """Take in one file as if it had been dropped into the inbox. Raises `CameBefore`, and what `workers.watch.land` raises.

    `name`: what it is called, if not as its path says. `sha256`: the bytes that the person has seen; others are refused.
    `inbox`: the key of the file of the inbox that these bytes are of; it is taken out of there once they have landed, and
    so is `path` if it stands there. A crash after the original is kept leaves it without a row: adding it again gives one.
    """
    need_role(person.actor, person.roles, "add file")  # asked before the file lands: it stands once it has
    rings: list[Ring] = []

    def note(connection: Connection, landed: Landed) -> tuple[Ring, ...]:
        return leave(connection, person, "add file", f"file {landed.file_id}", {"sha256": landed.sha256}, [])

    taken = land(
        path,
        engine=engine,
        ringer=Ringer(rings.append),
        archive=site.archive_folder,
        limit=site.file_limit,
        name=called(name or path.name),
        sha256=sha256,
        also=note,
    )
    if isinstance(taken, Refused):
        raise Refusal(f"{taken.name} is not taken. {taken.reason}")
    if isinstance(taken, SeenAgain):
        raise CameBefore(taken)
    if path.parent.resolve() == site.inbox_folder.resolve():
        inbox = key_of(path)
    if inbox:
        take_away(site.inbox_folder, inbox, taken.sha256)
    said = f"file {taken.file_id} ({taken.name}, {counted(taken.size, 'byte')}) is taken and will be read"
    return Added(tuple(rings), said, taken.file_id, taken)


def called(name: str) -> str:
    """What a file is called that came under this name: no folders, no control characters, nothing that turns the text."""
    last = re.split(r"[/\\]", name)[-1].encode("utf-8", "ignore").decode("utf-8")
    cleaned = "".join(letter for letter in shown(last) if letter != "\ufffd").strip(" .")
    return cleaned[:_LONGEST] or "file"
