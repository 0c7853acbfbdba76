"""What is said when a page cannot be shown: in the visitor's language, and nothing of the inside on it."""

import secrets
import traceback
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from ops.console.looking import Forged, known, render
from ops.console.sessions import Visitor
from ops.desk.words import N_
from workers.log import logger
from workers.store.engine import is_trouble

_LOG = logger(__name__)
FORGED = N_("This form is from an earlier sign-in, or from another place. Open the page again.")
AWAY = N_("The database cannot be reached. Look whether what you did stands, and try again in a moment.")
_SENTENCES = {
    404: N_("There is no such page."),
    405: N_("This page is not asked in that way."),
    413: N_("What was sent is too large."),
    422: N_("The address or the form is not understood. Open the page again."),
}
_OTHER = N_("The page cannot be shown.")


def install(app: FastAPI) -> None:
    """Give the application its pages for what goes wrong."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_form)
    app.add_exception_handler(Forged, forged)


async def guarded(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Answer, whatever happens: an unknown error gets a number, which the log has with the place in the code."""
    try:
        return await call(request)
    except Exception as error:
        if is_trouble(error):
            _LOG.warning("the database cannot be reached", path=request.url.path, why=type(error).__name__)
            return _shown(request, None, 503, AWAY)
        number = secrets.token_hex(4)
        _LOG.error("a page failed", error_id=number, path=_route(request), trace=_places(error))
        return _shown(request, await _visitor(request), 500, "", number=number)


def _places(error: BaseException) -> list[str]:
    """The kinds of errors and the places in the code, without messages: those of a database hold values of people."""
    lines: list[str] = []
    now: BaseException | None = error
    while now is not None:
        lines.append(type(now).__qualname__)
        lines += [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(now.__traceback__)
        ]
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    return lines


def _route(request: Request) -> str:
    """The page's path as it is registered: an address can hold what was searched for."""
    return str(getattr(request.scope.get("route"), "path", ""))


async def _of_http(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 400)
    return _shown(
        request,
        await _visitor(request),
        status,
        _SENTENCES.get(status, _OTHER),
        headers=getattr(error, "headers", None),
    )


async def _of_form(request: Request, _: Exception) -> Response:
    return _shown(request, await _visitor(request), 422, _SENTENCES[422])


async def forged(request: Request, _: Exception) -> Response:
    """Say that a form did not come from a page of this session."""
    return _shown(request, await _visitor(request), 403, FORGED)


async def _visitor(request: Request) -> Visitor | None:
    try:
        return await run_in_threadpool(known, request)
    except SQLAlchemyError:
        return None


def _shown(
    request: Request,
    visitor: Visitor | None,
    status: int,
    sentence: str,
    *,
    number: str = "",
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    html = render(request, visitor, "error.html", {"status": status, "sentence": sentence, "number": number})
    return HTMLResponse(html, status, headers)
