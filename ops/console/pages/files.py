"""A bank file's page: what was in it, what became of it, and what it waits for."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.words import N_
from ops.queries import files

router = APIRouter()
_FITTING = {"held": ("release", "refuse"), "unreadable": ("refuse",)}


@router.get("/files/{file_id:int}")
def file(look: Look, file_id: int) -> Response:
    """Show the file."""
    with look.reading() as connection:
        found = files.shown(connection, file_id) if file_id < 2**31 else None
    if found is None:
        return look.missing(look._(N_("There is no such file.")))
    fitting = _FITTING.get(found.file.state, ()) if found.file.waits else ()
    return look.page("file.html", found=found, forms=look.forms("files", file_id, fitting))
