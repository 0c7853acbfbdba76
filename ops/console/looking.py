"""What every page has in common: who looks, a connection to read with, and how a page, an act or a refusal is shown."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, time, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from itsdangerous import BadSignature, URLSafeSerializer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection, Engine
from starlette.exceptions import HTTPException

from ops.console import sentences, sessions, strip, words
from ops.console.limiting import Limiter
from ops.console.menu import menu
from ops.console.oidc import Service
from ops.console.sessions import Lasting, Visitor
from ops.desk.acting import AnyAct, Input, inputs
from ops.desk.register import acts_on
from ops.queries.today import LATE_BY
from ops.repairs import Done, Person
from workers.journal import Ring
from workers.settings import Settings

TEMPLATES = Path(__file__).parent / "templates"
SAID = "kk2-said"
MOST = 1024 * 1024
"""Bytes of a form. A bank file is sent by a page of its own, which has the site's limit."""


class SignInFirst(Exception):  # noqa: N818 - answered with the page where one signs in
    """Nobody is signed in."""


class Forged(Exception):  # noqa: N818 - answered with a page that says why
    """A form was sent that this session did not get."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the console stands on. `ring` tells the workers after a commit; `secure`: TLS stands in front.

    `broker` says whether Redis answers, within a moment. `files_by`: when a bank file that usually comes is late, in Norway.
    `site`: its settings with its folders; without them no file can be added here, and the system is not shown. `service`:
    where people may sign in too. `flower_url`: where Flower listens; `flower_auth`: its USER:PASSWORD, empty for none.
    `training`: no money of anybody moves here, and each page says so. `moved`: how far a training site's clock is shown from
    the true one, so that pictures of it are alike whenever they are taken.
    """

    engine: Engine
    ring: Callable[[Sequence[Ring]], object]
    secure: bool
    broker: Callable[[], bool] | None = None
    files_by: time = LATE_BY
    limiter: Limiter = field(default_factory=Limiter)
    site: Settings | None = None
    service: Service | None = None
    lasting: Lasting = field(default_factory=Lasting)
    training: bool = False
    moved: timedelta = timedelta()
    flower_url: str = "http://127.0.0.1:5555"
    flower_auth: str = field(default="", repr=False)

    def do(self, act: Callable[[Connection], Done]) -> Done:
        """Do an act, commit it, and tell the workers. A refusal is raised, and nothing is changed."""
        with self.engine.begin() as connection:
            done = act(connection)
        self.ring(done.rings)
        return done


@dataclass(frozen=True, slots=True)
class Form:
    """An act that is offered: where it goes, and what it asks."""

    act: AnyAct
    path: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Looking:
    """One look at a page by one visitor."""

    request: Request
    desk: Desk
    visitor: Visitor

    def _(self, sentence: str) -> str:
        return words.words(self.visitor.language).gettext(sentence)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads."""
        with sessions.reading(self.desk.engine) as connection:
            yield connection

    def forms(
        self, on: str, subject: object, fitting: Sequence[str], values: Mapping[str, str] | None = None
    ) -> list[Form]:
        """Give the forms of the acts named in `fitting` (their slugs) that the visitor may do, in that order."""
        known = acts_on(on)
        return [
            Form(known[slug], known[slug].path(subject), inputs(known[slug].fields, values or {}))
            for slug in fitting
            if self.visitor.may(known[slug].name)
        ]

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Show a page."""
        with self.desk.engine.connect() as connection:
            beats = strip.strip(connection, self.desk.broker)
        told = self._told()
        html = render(self.request, self.visitor, template, {**values, "beats": beats, "told": told})
        answer = HTMLResponse(html, status)
        if told:
            answer.delete_cookie(SAID)
        return answer

    def fragment(self, template: str, **values: Any) -> HTMLResponse:
        """Show a part of a page that refreshes itself."""
        return HTMLResponse(render(self.request, self.visitor, template, values))

    def missing(self, what: str) -> HTMLResponse:
        """Say that there is no such thing."""
        return self.page("refused.html", 404, sentence=what, back="/")

    def act(self, do: Callable[[Connection, Person], Done], reason: str) -> Done:
        """Do an act in the visitor's name."""
        person = Person(self.visitor.name, reason, self.visitor.roles)
        return self.desk.do(lambda connection: do(connection, person))

    def after(self, done: Done, to: str) -> Response:
        """Go on to a page that says what was done."""
        answer = RedirectResponse(local(to), 303)
        told = URLSafeSerializer(self.visitor.secret, SAID).dumps(done.sentence)
        answer.set_cookie(SAID, str(told), max_age=60, httponly=True, samesite="lax", secure=self.desk.secure)
        return answer

    def _told(self) -> str:
        try:
            return str(URLSafeSerializer(self.visitor.secret, SAID).loads(self.request.cookies.get(SAID, "")))
        except BadSignature:
            return ""


def local(path: str) -> str:
    """A path of this site; anything that could lead elsewhere becomes the front page."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and "\\" not in path else "/"


async def looking(request: Request) -> Looking:
    """Give the look of whoever is signed in. Raises `SignInFirst`, and `Forged` for a POST without its form's secret."""
    found = await run_in_threadpool(known, request)
    if found is None:
        raise SignInFirst
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MOST:  # before a byte of it is read
        raise HTTPException(413)
    if request.method not in {"GET", "HEAD"} and not is_theirs(found, (await request.form()).get("secret")):
        raise Forged
    return Looking(request, request.app.state.desk, found)


def known(request: Request) -> Visitor | None:
    """Who is signed in, if anybody."""
    desk: Desk = request.app.state.desk
    token = request.cookies.get(sessions.cookie(secure=desk.secure), "")
    return sessions.visitor(desk.engine, token, desk.lasting)


Look = Annotated[Looking, Depends(looking)]


def is_theirs(visitor: Visitor, secret: object) -> bool:
    """Whether a form was made for this session."""
    return isinstance(secret, str) and secrets.compare_digest(secret.encode(), visitor.secret.encode())


def render(request: Request, visitor: Visitor | None, template: str, values: Mapping[str, Any]) -> str:
    """Render a template in the visitor's language."""
    language = visitor.language if visitor else preferred(request)
    return (
        environment(language, request.app.state.desk.moved)
        .get_template(template)
        .render(
            {
                "visitor": visitor,
                "language": language,
                "theme": visitor.theme if visitor else "auto",
                "menu": menu(visitor, request.app.state.paths) if visitor else [],
                "path": request.url.path,
                "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
                "told": "",
                "training": request.app.state.desk.training,
                "beats": None,
                **values,
            }
        )
    )


def preferred(request: Request) -> str:
    """The language of somebody whom nobody knows yet: what was chosen at the door, else bokmål."""
    chosen = request.cookies.get("kk2-language", "")
    return chosen if chosen in words.LANGUAGES else "nb"


_ENVIRONMENTS: dict[tuple[str, timedelta], Environment] = {}


def environment(language: str, moved: timedelta) -> Environment:
    """Give the templates of a language, with the filters that write amounts, days and words in it."""
    if (language, moved) not in _ENVIRONMENTS:
        made = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        spoken = words.words(language)
        made.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)  # type: ignore[attr-defined]
        made.filters |= {
            "kr": lambda ore: words.kroner(ore, language),
            "number": lambda value: words.number(value, language),
            "day": lambda value: words.day(value, language),
            "moment": lambda value: words.moment(value.astimezone(UTC) + moved if value else None, language),
            "word": lambda word: spoken.gettext(str(word).replace("_", " ")) if word else "",
            "day_here": lambda value: words.day_here(value, moved, language),
            "said": lambda sentence: sentences.translate(
                sentences.moved(str(sentence or ""), moved), language
            ),
        }
        _ENVIRONMENTS[language, moved] = made
    return _ENVIRONMENTS[language, moved]


__all__ = ["Desk", "Form", "Look", "Looking", "SignInFirst", "looking"]
