"""A bank file's page: what was in it, what became of it, and what it waits for."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops import file_record
from ops.console.looking import Look
from ops.desk.words import N_
from ops.queries import files
from workers.archive import ArchiveError

router = APIRouter()
_FITTING: dict[str, tuple[str, ...]] = {"held": ("release", "refuse"), "unreadable": ("read-again", "refuse")}


@router.get("/files/{file_id:int}")
def file(look: Look, file_id: int) -> Response:
    """Show the file."""
    with look.reading() as connection:
        found = files.shown(connection, file_id) if file_id < 2**31 else None
    if found is None:
        return look.missing(look._(N_("There is no such file.")))
    fitting = _FITTING.get(found.file.state, ()) if found.file.waits else ()
    if found.file.state == "unreadable" and not found.file.waits:
        fitting = ("read-again",)
    return look.page("file.html", found=found, forms=look.forms("files", file_id, fitting))


@router.get("/files/{file_id:int}/record")
def record(look: Look, file_id: int, page: int = 1, line: int = 0) -> Response:
    """Show the file's lines as they came."""
    with look.reading() as connection:
        found = files.shown(connection, file_id) if file_id < 2**31 else None
    if found is None:
        return look.missing(look._(N_("There is no such file.")))
    if look.desk.site is None:
        return look.missing(look._(N_("This console has no folder for files.")))
    asked = file_record.page_of(line) if line else page
    try:
        shown = file_record.record(look.desk.site.archive_folder, found, min(max(asked, 1), 1_000_000))
    except ArchiveError:
        return look.missing(look._(N_("The archive does not have this file, or cannot be reached.")))
    return look.page("file_record.html", found=found, shown=shown, line=line, page_of=file_record.page_of)
