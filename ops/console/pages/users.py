"""Users, for who looks after them; and everybody's own page, with what is theirs."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from ops.console import lists
from ops.console.looking import Look, Looking
from ops.console.signing_in import admit
from ops.desk.people import NEW, USERS
from ops.desk.words import N_
from ops.queries import people as queries
from ops.repairs import Person, Refusal, people, tokens

router = APIRouter()
_TOO_MANY = N_("There were too many tries. Wait a few minutes, then try again.")


@router.get("/users")
def users(look: Look) -> Response:
    """Show all users, with the form for a new one."""
    return lists.show(look, USERS, "users.html", forms=look.forms("users", NEW, ("add",)))


@router.get("/users/{name}")
def user(look: Look, name: str) -> Response:
    """Show one user."""
    if not USERS.for_roles(look.visitor.roles):
        return lists.not_for(look)
    with look.reading() as connection:
        found = queries.shown(connection, name)
    if found is None:
        return look.missing(look._(N_("There is no such user.")))
    fitting = ("enable",) if found.disabled_at else ("roles", "password", "link", "end-sessions", "disable")
    forms = look.forms("users", name, fitting, dict.fromkeys(found.roles, "true"))
    return look.page("user.html", user=found, forms=forms, may_give=look.visitor.may("make token"))


@router.post("/users/{name}/token")
def make_token(
    look: Look,
    name: str,
    purpose: Annotated[str, Form(max_length=200)] = "",
    days: Annotated[int, Form()] = 90,
) -> Response:
    """Make a token for a program of this user."""
    return _made(look, name, purpose, days, back=f"/users/{name}")


@router.get("/me")
def me(look: Look, password: str = "") -> Response:
    """Show the visitor what is theirs: roles, language, password, tokens."""
    return _me(look, changed=bool(password))


@router.post("/me/password")
def change_password(
    request: Request,
    look: Look,
    old: Annotated[str, Form(max_length=people.LONGEST)] = "",
    new: Annotated[str, Form(max_length=people.LONGEST)] = "",
) -> Response:
    """Change the visitor's own password; all their sessions end, and this browser begins a new one."""
    address = request.client.host if request.client else ""
    if look.desk.limiter.wait(look.visitor.name, address):
        return _me(look, 429, refusal=look._(_TOO_MANY))
    try:
        look.act(lambda connection, person: people.change_password(connection, old, new, person=person), "")
    except Refusal as no:
        return _me(look, 409, refusal=str(no))
    look.desk.limiter.forgive(look.visitor.name, address)
    return admit(request, look.visitor.name, "/me?password=changed", by="password")


@router.post("/me/token")
def make_own_token(
    look: Look, purpose: Annotated[str, Form(max_length=200)] = "", days: Annotated[int, Form()] = 90
) -> Response:
    """Make a token for a program of the visitor's own."""
    return _made(look, look.visitor.name, purpose, days, back="/me")


@router.post("/me/tokens/{token_id:int}/end")
def end_own_token(look: Look, token_id: int) -> Response:
    """End one of the visitor's own tokens."""
    try:
        done = look.act(lambda connection, person: tokens.end_token(connection, token_id, person=person), "")
    except Refusal as no:
        return _me(look, 409, refusal=str(no))
    return look.after(done, "/me")


def _me(look: Looking, status: int = 200, *, refusal: str = "", changed: bool = False) -> Response:
    with look.reading() as connection:
        found = queries.shown(connection, look.visitor.name)
    assert found is not None  # the session is this user's
    return look.page(
        "me.html", status, user=found, refusal=refusal, changed=changed, shortest=people.SHORTEST
    )


def _made(look: Looking, name: str, purpose: str, days: int, *, back: str) -> Response:
    """Make a token and show it, this once: no redirect, for nothing keeps it."""
    person = Person(look.visitor.name, "", look.visitor.roles)
    try:
        with look.desk.engine.begin() as connection:
            done, token = tokens.make_token(connection, name, purpose.replace("\0", ""), days, person=person)
    except Refusal as no:
        return look.page("refused.html", 409, sentence=str(no), back=back)
    return look.page("token.html", sentence=done.sentence, token=token, back=back)
