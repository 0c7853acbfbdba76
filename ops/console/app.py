"""The console as an application: its pages, its acts, and what every answer carries."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from ops.console import acts, api, errors, health, lists, metrics, signing_in, signing_in_elsewhere
from ops.console.looking import Desk, Forged, SignInFirst
from ops.console.pages import ROUTERS

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FROM_HERE = {"same-origin", "none"}
"""What a browser says of a form that one of our pages sent; the sign-in has no secret that it could bring."""
_OURS = Path(__file__).parent / "static"


def create(desk: Desk) -> FastAPI:
    """Make the application. Nothing is opened before the first request."""
    app = FastAPI(title="kk2-visma", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.middleware("http")(_carry_headers)
    app.add_exception_handler(SignInFirst, _to_the_door)
    errors.install(app)
    app.mount("/static/ours", StaticFiles(directory=_OURS))
    app.mount("/static/bootstrap", StaticFiles(directory=_bootstrap()))
    app.mount("/api", _when_asked(lambda: api.create(desk)))
    routers = (
        health.router,
        metrics.router,
        signing_in.router,
        signing_in_elsewhere.router,
        *ROUTERS,
        lists.router(),
        acts.router,
    )
    app.state.routes = tuple(route for router in routers for route in router.routes)
    app.state.paths = {getattr(route, "path", "") for route in app.state.routes}
    for router in routers:
        app.include_router(router)
    return app


def _when_asked(make: Callable[[], ASGIApp]) -> ASGIApp:
    """An application that is made at its first request: the API's models cost as much as all pages together."""
    made = cache(make)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await made()(scope, receive, send)

    return app


async def _carry_headers(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in _FROM_HERE:
        answer = await errors.forged(request, Forged())
    else:
        answer = await errors.guarded(request, call)
    desk: Desk = request.app.state.desk
    for name, value in HEADERS.items():
        if name != "Cache-Control" or not request.url.path.startswith("/static/"):
            answer.headers.setdefault(name, value)
    if desk.secure:
        answer.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return answer


def _to_the_door(request: Request, _: Exception) -> Response:
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?back={quote(back if request.method == 'GET' else '/')}", 303)


def _bootstrap() -> Path:
    """Where the installed package keeps Bootstrap 5; the package itself is never loaded."""
    found = find_spec("flask_bootstrap")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("the package bootstrap-flask is not installed: the console's styles come from it")
    return Path(found.submodule_search_locations[0]) / "static" / "bootstrap5"
