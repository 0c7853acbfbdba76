"""A bank file that a person brings: sent or from the inbox, shown as it would go, and then taken in, byte for byte."""

from collections.abc import AsyncGenerator
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from ops.console.looking import Forged, Look, Looking, SignInFirst, is_theirs, known
from ops.desk.words import N_
from ops.file_trial import BusyError, Trial, try_file
from ops.queries import files
from ops.repairs import Person, Refusal
from ops.repairs.acts import NotAllowed, need_role
from ops.repairs.adding import CameBefore, add_file, called
from workers.archive import ArchiveError, Kept, hold, let_go, path_of
from workers.relay import Ringer
from workers.settings import Settings
from workers.shell import Hands
from workers.watch import InboxGoneError, Refused, copy_out, standing

router = APIRouter()
_AROUND = 16 * 1024  # bytes of a form beside its file
_LISTED = 100
_EMPTY = N_("The file is empty: get it again from the bank.")
_LARGE = N_("The file is larger than this site takes. Nothing of it was kept.")
_GONE = N_("This file is held no more: it was taken in, or a day has gone. Send it again.")
_FULL = N_("The file could not be kept: the disk is full or cannot be reached. Nothing was taken in.")


class TooLarge(MultiPartException):
    """More bytes come than this site takes."""


@router.get("/files/add")
def choose(look: Look) -> Response:
    """Show the form to send a file, and what stands in the inbox."""
    return _barred(look) or _choose(look)


@router.post("/files/add")
async def send(request: Request) -> Response:
    """Hold what is sent and show what would become of it. Who may not, or sends too much, is told before it is read."""
    visitor = await run_in_threadpool(known, request)
    if visitor is None:
        raise SignInFirst
    look = Looking(request, request.app.state.desk, visitor)
    if (no := await run_in_threadpool(_barred, look)) is not None:
        return no
    try:
        form = await _form(request, _site(look).file_limit + _AROUND)
    except TooLarge:
        return await run_in_threadpool(_choose, look, 413, _LARGE)
    except MultiPartException:
        return await run_in_threadpool(
            _choose, look, 422, N_("The form was not understood: choose the file again.")
        )
    try:
        if not is_theirs(visitor, form.get("secret")):
            raise Forged
        return await run_in_threadpool(_sent, look, form.get("file"))
    finally:
        await form.close()


@router.post("/files/add/inbox")
def from_inbox(look: Look, key: str = "") -> Response:
    """Hold a copy of a file of the inbox and show what would become of it."""
    if (no := _barred(look)) is not None:
        return no
    site = _site(look)
    try:
        found = copy_out(site.inbox_folder, key, site.uploads_folder, site.file_limit)
    except (InboxGoneError, ArchiveError):
        return _choose(look, 503, _FULL)
    if isinstance(found, Refused):
        return _choose(look, 409, found.reason)
    return _look_at(found[1], found[0], key)


@router.get("/files/held/{sha256}")
def held(look: Look, sha256: str, name: str = "", inbox: str = "") -> Response:
    """Show what would become of a file that is held."""
    return _barred(look) or _tried(look, sha256, name, inbox)


@router.post("/files/held/{sha256}/take")
async def take(request: Request, look: Look, sha256: str) -> Response:
    """Take in what was shown."""
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("name", "inbox", "reason")}
    return await run_in_threadpool(_take, look, sha256, given)


def _take(look: Looking, sha256: str, given: dict[str, str]) -> Response:
    if (no := _barred(look)) is not None:
        return no
    site = _site(look)
    try:
        done = add_file(
            look.desk.engine,
            path_of(site.uploads_folder, sha256),
            site=site,
            person=Person(look.visitor.name, given["reason"].replace("\0", "")[:500], look.visitor.roles),
            name=given["name"],
            sha256=sha256,
            inbox=given["inbox"],
        )
    except (CameBefore, FileNotFoundError, ValueError):
        return _tried(look, sha256, given["name"], given["inbox"], status=409)
    except Refusal as no:
        return look.page("refused.html", 409, sentence=str(no), back="/files/add")
    except ArchiveError:
        return look.page("refused.html", 503, sentence=look._(_FULL), back="/files/add")
    look.desk.ring(done.rings)
    let_go(site.uploads_folder, sha256)
    return look.after(done, f"/files/{done.made}")


def _barred(look: Looking) -> Response | None:
    """Say no to who may not add a file, and where there is nothing to add it to."""
    try:
        need_role(look.visitor.name, look.visitor.roles, "add file")
    except NotAllowed as no:
        return look.page("refused.html", 403, sentence=str(no), back="/files")
    if look.desk.site is None:
        return look.missing(look._(N_("This console has no folder for files.")))
    return None


def _site(look: Looking) -> Settings:
    assert look.desk.site is not None, "asked before"
    return look.desk.site


def _choose(look: Looking, status: int = 200, fault: str = "") -> Response:
    try:
        found = standing(_site(look).inbox_folder, _LISTED)
    except InboxGoneError:
        found = None
    return look.page("file_add.html", status, inbox=found, fault=fault, limit=_site(look).file_limit)


async def _form(request: Request, most: int) -> FormData:
    """Read the form, and no more bytes than that. Raises `TooLarge` before anything is read where the length is known."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most:
        raise TooLarge("too large")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise MultiPartException("not a form with a file")
    return await MultiPartParser(
        request.headers, _bounded(request.stream(), most), max_files=1, max_fields=4
    ).parse()


async def _bounded(stream: AsyncGenerator[bytes, None], most: int) -> AsyncGenerator[bytes, None]:
    async for piece in stream:
        most -= len(piece)
        if most < 0:
            raise TooLarge("too large")
        yield piece


def _sent(look: Looking, file: object) -> Response:
    if not isinstance(file, UploadFile) or not file.filename:
        return _choose(look, 422, N_("Choose a file first."))
    if not file.size:
        return _choose(look, 422, _EMPTY)
    site = _site(look)
    if file.size > site.file_limit:
        return _choose(look, 413, _LARGE)
    try:
        kept = hold(site.uploads_folder, file.file)
    except ArchiveError:
        return _choose(look, 503, _FULL)
    return _look_at(kept, file.filename)


def _look_at(kept: Kept, name: str, inbox: str = "") -> Response:
    asked = {"name": called(name), **({"inbox": inbox} if inbox else {})}
    return RedirectResponse(f"/files/held/{kept.sha256}?{urlencode(asked)}", 303)


def _tried(look: Looking, sha256: str, name: str, inbox: str, status: int = 200) -> Response:
    """Try what is held. Nothing of the trial is kept, and what it locked is let go before the page is made."""
    site = _site(look)
    try:
        path = path_of(site.uploads_folder, sha256)
    except ValueError:
        return look.missing(look._(N_("There is no such page.")))
    with look.reading() as connection:
        first = files.first_of(connection, sha256)
    hands = Hands(look.desk.engine, Ringer(lambda _: None), site)
    try:
        trial = Trial(sha256, seen="", seen_id=first[0]) if first else try_file(hands, path, called(name))
        size = None if first else path.stat().st_size
    except FileNotFoundError:
        return look.page("refused.html", 404, sentence=look._(_GONE), back="/files/add")
    except BusyError as busy:
        return look.page("refused.html", 503, sentence=str(busy), back=look.request.url.path)
    return look.page(
        "file_try.html", status, trial=trial, first=first, name=called(name), size=size, inbox=inbox
    )
