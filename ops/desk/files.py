"""Bank files: their list, and what an operator does with one that waits."""

from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, MayGiveReason, WithReason
from ops.desk.listing import Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.repairs import Done, Person, read_again, refuse_file, release_file

STATES = ("landed", "read", "held", "unreadable", "refused", "known")

FILES = Listing(
    name="files",
    title=N_("Files"),
    path="/files",
    source="bank_file f",
    columns=(
        Column("id", N_("File"), "f.id", Shape.CODE, link="/files/{id}", sorts=True),
        Column("name", N_("Name"), "f.name", Shape.CODE),
        Column("landed_at", N_("Came"), "f.landed_at", Shape.MOMENT),
        Column("state", N_("State"), "f.state", Shape.WORD),
        Column("format", N_("Format"), "f.format", Shape.CODE),
        Column("payments", N_("Payments"), "f.payments", Shape.NUMBER),
        Column("total", N_("Kroner"), "f.total", Shape.MONEY, total=True),
        Column(
            "waits",
            N_("Waits because"),
            "(SELECT min(w.note) FROM work w WHERE w.stage IN ('read', 'propose') AND w.state = 'parked' "
            "AND (w.body->>'file_id')::int = f.id)",
        ),
        Column("sha256", "sha256", "f.sha256", Shape.CODE, shown=False),
    ),
    facets=(Facet("state", N_("State"), "f.state", STATES),),
    search="f.name = :q OR f.id = :number OR f.total = :ore OR f.sha256 = :q",
    search_hint=N_("Name, sum, sha256 or file"),
    days="(f.landed_at AT TIME ZONE 'Europe/Oslo')::date",
    order="f.id DESC",
    empty=N_("No file is like that."),
    leads=("/files/add", N_("Add a file"), "add file"),
)


def _release(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return release_file(connection, _id(subject), person=person)


def _refuse(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    return refuse_file(connection, _id(subject), person=person)


def _read_again(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return read_again(connection, _id(subject), person=person)


def _id(subject: str) -> int:
    """A file's id; what is too great for one is that of no file."""
    return min(int(subject), 2**31 - 1)


LISTINGS = (FILES,)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "read again", "files", "read-again", N_("Read the file again"), MayGiveReason, _read_again,
        N_("For a file that could not be read before the setup or the program was changed. A file of which anything was taken in is never read again."),
    ),
    Act(
        "release file", "files", "release", N_("Let the file go on"), MayGiveReason, _release,
        N_("All its payments are matched and split: none of them came before."),
    ),
    Act(
        "refuse file", "files", "refuse", N_("Do not book the file"), WithReason, _refuse,
        N_("Not one of its payments is booked. An unreadable file is only taken off the list."), grave=True,
    ),
)  # fmt: skip
