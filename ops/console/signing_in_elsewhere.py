"""Signing in by the site's sign-in service: on the way there, and back again."""

import re
from hmac import compare_digest
from urllib.parse import quote, unquote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from ops.console import oidc
from ops.console.looking import Desk, local
from ops.console.oidc import Attempt, Away, NotProven
from ops.console.signing_in import admit, door
from ops.desk.words import N_
from ops.repairs import Refusal
from ops.repairs.elsewhere import come
from workers.log import logger

router = APIRouter()
_LOG = logger(__name__)
_MINUTES = 10
_LONGEST = 1_000  # characters of the page that one wanted; a cookie holds 4,096
_AWAY = N_("The sign-in service does not answer. Try again in a moment.")
_NOT_BEGUN = N_("This sign-in was not begun in this browser, or it took too long. Begin again.")
_DECLINED = N_("The sign-in service let nobody in (%(code)s).")
_NOT_PROVEN = N_(
    "The answer of the sign-in service does not hold. Begin again; if it stays so, tell whoever runs the site."
)


@router.get("/sign-in/oidc")
def begin(request: Request, back: str = "/") -> Response:
    """Send the visitor to the sign-in service, with a cookie by which this browser is known again."""
    desk: Desk = request.app.state.desk
    attempt = Attempt()
    try:
        address = _service(desk).leads_to(attempt)
    except Away as away:
        _LOG.warning("the sign-in service is away", why=str(away))
        return door(request, back, 503, said=_AWAY)
    wanted = local(back) if len(back) <= _LONGEST else "/"
    answer = RedirectResponse(address, 303)
    answer.set_cookie(
        _cookie(desk), f"{attempt.secret}.{quote(wanted, safe='')}", max_age=_MINUTES * 60, httponly=True, samesite="lax",
        secure=desk.secure,
    )  # fmt: skip
    return answer


@router.get(oidc.CALLBACK)
def callback(request: Request, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
    """Take what the sign-in service sends back with the browser; each cookie is good for one answer."""
    desk: Desk = request.app.state.desk
    secret, _, wanted = request.cookies.get(_cookie(desk), "").partition(".")
    back = local(unquote(wanted))
    answer = _answered(request, Attempt(secret), back, state=state, code=code, error=error, iss=iss)
    answer.delete_cookie(_cookie(desk), httponly=True, samesite="lax", secure=desk.secure)
    return answer


def _answered(
    request: Request, attempt: Attempt, back: str, *, state: str, code: str, error: str, iss: str
) -> Response:
    desk: Desk = request.app.state.desk
    service = _service(desk)
    if not attempt.secret or not compare_digest(state.encode(), attempt.state.encode()):
        return door(request, back, 400, said=_NOT_BEGUN)
    if error or not code:
        # Only a word of the standard's kind: what a service writes beside it is nobody's to show.
        word = error if re.fullmatch(r"[a-z_]{1,40}", error) else "error"
        _LOG.warning("the sign-in service let nobody in", error=word)
        return door(request, back, 403, said=_DECLINED, code=word)
    try:
        if iss and iss != service.issuer:
            raise NotProven("iss")  # another service's answer (RFC 9207)
        proven = service.proves(attempt, code)
    except Away as away:
        _LOG.warning("the sign-in service is away", why=str(away))
        return door(request, back, 503, said=_AWAY)
    except NotProven as why:
        _LOG.warning("sign-in is refused", by="oidc", why=str(why))
        return door(request, back, 401, said=_NOT_PROVEN)
    with desk.engine.begin() as connection:
        came = come(connection, proven)
    if isinstance(came, Refusal):
        _LOG.warning("sign-in is refused", by="oidc", why="the user")
        return door(request, back, 403, said=str(came))
    return admit(request, came, back, by="oidc")


def _service(desk: Desk) -> oidc.Service:
    if desk.service is None:
        raise HTTPException(404)
    return desk.service


def _cookie(desk: Desk) -> str:
    return "__Host-kk2-oidc" if desk.secure else "kk2-oidc"
