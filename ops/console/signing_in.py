"""Signing in and out, and how a person likes the screen."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from ops.console import sessions, words
from ops.console.looking import Desk, Look, is_theirs, local, render
from ops.repairs import people

router = APIRouter()


@router.get("/sign-in")
def door(request: Request, back: str = "/") -> HTMLResponse:
    """Show the form."""
    return HTMLResponse(
        render(request, None, "sign_in.html", {"back": local(back), "failed": False, "name": ""})
    )


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session for who knows the password; a new one each time."""
    desk: Desk = request.app.state.desk
    with desk.engine.begin() as connection:
        if not people.fits(connection, name, password):
            values = {"back": local(back), "failed": True, "name": name}
            return HTMLResponse(render(request, None, "sign_in.html", values), 401)
        token = sessions.begin(connection, name)
    answer = RedirectResponse(local(back), 303)
    answer.set_cookie(sessions.COOKIE, token, httponly=True, samesite="lax", secure=desk.secure)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, look: Look, secret: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    if is_theirs(look.visitor, secret):
        with look.desk.engine.begin() as connection:
            sessions.end(connection, request.cookies.get(sessions.COOKIE, ""))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(sessions.COOKIE)
    return answer


@router.post("/preferences")
def prefer(
    look: Look,
    secret: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
    theme: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Keep the person's language and theme."""
    if is_theirs(look.visitor, secret):
        with look.desk.engine.begin() as connection:
            sessions.prefer(
                connection,
                look.visitor.name,
                language=language if language in words.LANGUAGES else None,
                theme=theme if theme in {"auto", "light", "dark"} else None,
            )
    return RedirectResponse(local(back), 303)
