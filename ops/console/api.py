"""The same lists, reads and acts for programs: JSON under /api, each call with a token, described by OpenAPI."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import Connection

from ops.console import sessions
from ops.console.looking import Desk
from ops.desk import listing
from ops.desk.acting import AnyAct
from ops.desk.listing import BadQuestion, Listing, Shape
from ops.desk.register import ACTS, LISTINGS
from ops.queries import alarms, cases, files, jobs, payments, vouchers
from ops.repairs import Person, Refusal
from ops.repairs.acts import NotAllowed, need_role
from ops.why import why

_BEARER = HTTPBearer(auto_error=False, description="A token of `kk2 user token NAME`.")
_Id = Annotated[int, Path(ge=1, le=2**31 - 1, description="The id, as the list shows it.")]
_DETAILS: Mapping[str, Callable[[Connection, int], object | None]] = {
    "alarms": alarms.shown,
    "payments": payments.shown,
    "vouchers": vouchers.shown,
    "jobs": jobs.shown,
    "files": files.shown,
    "cases": cases.standing,
    "why": why,
}


class Rows(BaseModel):
    """A page of a list. Amounts are whole øre. `count` null: more than 10,000."""

    count: int | None
    more: bool
    totals: dict[str, int]
    rows: list[dict[str, Any]]


class Answer(BaseModel):
    """What was done."""

    done: bool = True
    sentence: str


class Said(BaseModel):
    """Why not."""

    detail: str


_NO: dict[int | str, dict[str, Any]] = {
    status: {"model": Said, "description": text}
    for status, text in {
        400: "asked for what the list does not have",
        401: "no token, or one that has ended",
        403: "the roles do not have this",
        404: "there is no such thing",
        409: "it can't be done now; the sentence says why",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that acts in a user's name."""

    desk: Desk
    person: Person

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads."""
        with sessions.reading(self.desk.engine) as connection:
            yield connection


def _caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Caller:
    desk: Desk = request.app.state.desk
    person = sessions.bearer(desk.engine, credentials.credentials) if credentials else None
    if person is None:
        raise HTTPException(
            401,
            "expected a token that has not ended: Authorization: Bearer kk2_…",
            {"WWW-Authenticate": "Bearer"},
        )
    return Caller(desk, person)


_Caller = Annotated[Caller, Depends(_caller)]


def create(desk: Desk) -> FastAPI:
    """Make the application that stands under /api."""
    app = FastAPI(
        title="kk2-visma",
        version="1",
        description="Lists, reads and acts of the operators' desk. Amounts are whole øre; days are ISO 8601.",
        docs_url=None,
        redoc_url=None,
        responses=_NO,
    )
    app.state.desk = desk
    app.add_exception_handler(Refusal, _refused)
    for each in LISTINGS.values():
        app.get(
            each.path,
            summary=each.title,
            response_model=Rows,
            openapi_extra={"parameters": _parameters(each)},
        )(_list(each))
    for name, shown in _DETAILS.items():
        app.get(f"/{name}/{{subject}}", summary=f"One of {name}")(_detail(shown))
    for act in ACTS.values():
        app.post(
            f"/{act.on}/{{subject}}/{act.slug}",
            summary=act.title,
            description=act.explains,
            response_model=Answer,
        )(_act(act))
    return app


async def _refused(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 403 if isinstance(error, NotAllowed) else 409)


def _list(which: Listing) -> Callable[..., Rows]:
    def ask(request: Request, caller: _Caller) -> Rows:
        if not which.for_roles(caller.person.roles):
            raise HTTPException(403, "the user's roles do not read this list")
        try:
            asked = listing.read(which, request.query_params)
        except BadQuestion as bad:
            raise HTTPException(400, str(bad)) from None
        with caller.reading() as connection:
            found = listing.page(connection, which, asked)
        return Rows(
            count=found.count,
            more=found.more,
            totals=dict(found.totals),
            rows=[dict(row) for row in found.rows],
        )

    ask.__name__ = f"list_{which.name}"
    return ask


def _detail(shown: Callable[[Connection, int], Any]) -> Callable[..., dict[str, Any]]:
    def read(subject: _Id, caller: _Caller) -> dict[str, Any]:
        with caller.reading() as connection:
            found = shown(connection, subject)
        if found is None:
            raise HTTPException(404, f"there is no {subject} of these")
        return asdict(found)

    read.__name__ = f"read_{shown.__module__.rsplit('.', 1)[-1]}"
    return read


def _who_has(act: AnyAct) -> Callable[[Caller], Caller]:
    """Refuses first of all who lacks the act's role, as the pages do."""

    def asks(caller: _Caller) -> Caller:
        need_role(caller.person.actor, caller.person.roles, act.name)
        return caller

    return asks


def _act(act: AnyAct) -> Callable[..., Answer]:
    def do(subject: str, asked: Any, caller: _Caller) -> Answer:
        if not act.can_be(subject):
            raise HTTPException(404, f"nothing of {act.on} can be called {subject!r}")
        person = Person(caller.person.actor, getattr(asked, "reason", ""), caller.person.roles)
        done = caller.desk.do(lambda connection: act.do(connection, subject, asked, person))
        return Answer(sentence=done.sentence)

    do.__annotations__["asked"] = act.fields
    do.__annotations__["caller"] = Annotated[Caller, Depends(_who_has(act))]
    do.__name__ = f"{act.on}_{act.slug}".replace("-", "_")
    return do


_TYPES = {Shape.NUMBER: "integer", Shape.MONEY: "integer"}


def _parameters(which: Listing) -> list[dict[str, Any]]:
    """Describe what a list may be asked: its facets, search, days, order and page."""
    wanted: list[tuple[str, str, dict[str, Any]]] = [
        (facet.name, facet.title, {"type": "string", **({"enum": list(facet.words)} if facet.words else {})})
        for facet in which.facets
    ]
    if which.search:
        wanted.append(("q", which.search_hint, {"type": "string", "maxLength": 200}))
    if which.days:
        wanted += [(name, "day", {"type": "string", "format": "date"}) for name in ("from", "to")]
    if sorts := [sign + column.name for column in which.columns if column.sorts for sign in ("", "-")]:
        wanted.append(("sort", "- before it: downwards", {"type": "string", "enum": sorts}))
    wanted.append(("page", "50 rows each", {"type": "integer", "minimum": 1, "maximum": listing.PAGES}))
    return [
        {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
        for name, text, schema in wanted
    ]
