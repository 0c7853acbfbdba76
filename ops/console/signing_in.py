"""Signing in and out, and how a person likes the screen."""

import math
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ops.console import sessions, words
from ops.console.looking import Desk, Look, local, render
from ops.repairs import people
from workers.log import logger

router = APIRouter()
LANGUAGE = "kk2-language"
_LOG = logger(__name__)
_AT_ONCE = BoundedSemaphore(4)  # each look at a password takes 64 MiB for a moment
_YEAR = 365 * 86_400


@router.get("/sign-in")
def ask(request: Request, back: str = "/", language: str = "") -> Response:
    """Show the form."""
    if language in words.LANGUAGES:
        return speak(request, RedirectResponse("/sign-in", 303), language)
    return door(request, back)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session for who knows the password; a new one each time. Too many tries wait."""
    desk: Desk = request.app.state.desk
    address = request.client.host if request.client else ""
    if seconds := desk.limiter.wait(name, address):
        _LOG.warning("sign-in has to wait", address=address, seconds=seconds)
        answer = door(request, back, 429, name=name, minutes=math.ceil(seconds / 60))
        answer.headers["Retry-After"] = str(seconds)
        return answer
    with _AT_ONCE, desk.engine.begin() as connection:
        fits = people.fits(connection, name, password)
    if not fits:
        # No name: some write their password there.
        _LOG.warning("sign-in is refused", address=address)
        return door(request, back, 401, name=name, failed=True)
    desk.limiter.forgive(name, address)
    return admit(request, name, back, by="password")


def admit(request: Request, name: str, back: str, *, by: str) -> Response:
    """Begin a new session for somebody who has proven who they are; the one before in this browser ends."""
    desk: Desk = request.app.state.desk
    cookie = sessions.cookie(secure=desk.secure)
    with desk.engine.begin() as connection:
        sessions.end(connection, request.cookies.get(cookie, ""))
        token = sessions.begin(connection, name, desk.lasting)
    _LOG.info("signed in", user=name, by=by, address=request.client.host if request.client else "")
    answer = RedirectResponse(local(back), 303)
    answer.set_cookie(cookie, token, httponly=True, samesite="lax", secure=desk.secure)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, look: Look) -> Response:
    """End the session."""
    cookie = sessions.cookie(secure=look.desk.secure)
    with look.desk.engine.begin() as connection:
        sessions.end(connection, request.cookies.get(cookie, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie, httponly=True, samesite="lax", secure=look.desk.secure)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.post("/preferences")
def prefer(
    request: Request,
    look: Look,
    language: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Keep the person's language and theme."""
    chosen = language if language in words.LANGUAGES else None
    with look.desk.engine.begin() as connection:
        sessions.prefer(
            connection,
            look.visitor.name,
            language=chosen,
            theme=theme if theme in {"auto", "light", "dark"} else None,
        )
    answer = RedirectResponse(local(back), 303)
    return speak(request, answer, chosen) if chosen else answer


def speak(request: Request, answer: Response, language: str) -> Response:
    """Keep the language in the browser too: for the door, and for when the database can't be asked."""
    desk: Desk = request.app.state.desk
    answer.set_cookie(LANGUAGE, language, max_age=_YEAR, httponly=True, samesite="lax", secure=desk.secure)
    return answer


def door(
    request: Request,
    back: str,
    status: int = 200,
    *,
    name: str = "",
    failed: bool = False,
    minutes: int = 0,
    said: str = "",
    code: str = "",
) -> HTMLResponse:
    """Show the form. `said`: why one is not in, with `code` where the sentence has a place for it."""
    elsewhere = request.app.state.desk.service is not None
    values = {"back": local(back), "failed": failed, "name": name, "minutes": minutes, "elsewhere": elsewhere}
    return HTMLResponse(render(request, None, "sign_in.html", {**values, "said": said, "code": code}), status)
