"""Flower behind the console's own sign-in: what it shows is passed on, and nothing is sent to it but the asking."""

from collections.abc import Iterator
from urllib.parse import urlencode

import requests
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from ops.access import Role
from ops.console.looking import Look, Looking, SignInFirst, known
from ops.desk.words import N_

router = APIRouter()
FOR = frozenset({Role.OPERATOR, Role.ADMIN})
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
"""Flower writes scripts and styles into its pages; nowhere else is that allowed."""
_TABLE = "/flower/tasks/datatable"
_ASKED = ("accept", "accept-language", "if-none-match", "if-modified-since")
_ANSWERED = ("content-type", "content-length", "content-encoding", "etag", "last-modified")
_SECONDS = 10.0
_PART = 65_536  # bytes
_AWAY = N_("Flower does not answer. See whether its process runs; the console's other pages do without it.")
_NOT_YOURS = N_("Flower is for the roles operator and admin.")


@router.api_route("/flower/{path:path}", methods=["GET", "HEAD"])
def flower(look: Look) -> Response:
    """Pass on what Flower shows; neither the visitor's cookies go there nor Flower's come here."""
    return _passed(look, look.request.scope["raw_path"].decode("ascii"), look.request.url.query)


@router.post(_TABLE)
async def tasks(request: Request) -> Response:
    """Ask for Flower's table of tasks. Its page sends as a form what is only asked; as a GET it is passed on, and no
    secret of ours can stand in Flower's own page."""
    visitor = await run_in_threadpool(known, request)
    if visitor is None:
        raise SignInFirst
    asked = urlencode([(name, str(value)) for name, value in (await request.form()).multi_items()])
    return await run_in_threadpool(_passed, Looking(request, request.app.state.desk, visitor), _TABLE, asked)


def _passed(look: Looking, path: str, query: str) -> Response:
    if FOR.isdisjoint(look.visitor.roles):
        return look.page("refused.html", 403, sentence=look._(_NOT_YOURS), back="/")
    asked = look.request.headers
    user, _, password = look.desk.flower_auth.split(",")[0].partition(":")
    session = requests.Session()
    session.trust_env = False
    try:
        answer = session.request(
            "HEAD" if look.request.method == "HEAD" else "GET",
            look.desk.flower_url.rstrip("/") + path,
            params=query or None,
            headers={name: asked[name] for name in _ASKED if name in asked} | {"accept-encoding": "identity"},
            auth=(user, password) if user else None,
            timeout=_SECONDS,
            stream=True,
            allow_redirects=False,
        )
    except requests.RequestException:
        session.close()
        return look.page("refused.html", 502, sentence=look._(_AWAY), back="/")
    headers = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
    to = answer.headers.get("location", "")
    if to.startswith("/flower/"):
        headers["location"] = to
    headers["Content-Security-Policy"] = POLICY
    return StreamingResponse(_parts(session, answer), answer.status_code, headers)


def _parts(session: requests.Session, answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.raw.stream(_PART, decode_content=False)
    finally:
        answer.close()
        session.close()
