"""The pages of the registered lists: one for each, at its own path, with the filters in its address."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from ops.console.looking import Look, Looking, environment
from ops.desk import exports, listing
from ops.desk.listing import COUNTED, BadQuestion, Listing
from ops.desk.register import LISTINGS
from ops.desk.words import N_


def router() -> APIRouter:
    """Route each list."""
    made = APIRouter()
    for each in LISTINGS.values():
        made.add_api_route(each.path, _shown(each), methods=["GET"])
        for kind in ("csv", "xlsx"):
            made.add_api_route(f"{each.path}.{kind}", _exported(each, kind), methods=["GET"])
    return made


def _shown(which: Listing) -> Callable[[Look], Response]:
    def shown(look: Look) -> Response:
        return show(look, which)

    return shown


def show(look: Looking, which: Listing, template: str = "list.html", **more: Any) -> Response:
    """Show a list as it is asked for; `more` is for a template of its own."""
    if not which.for_roles(look.visitor.roles):
        return not_for(look)
    try:
        asked = listing.read(which, look.request.query_params)
    except BadQuestion as bad:
        return look.page("refused.html", 400, sentence=str(bad), back=which.path)
    which = _of(which, look.visitor.may)
    with look.reading() as connection:
        found = listing.page(connection, which, asked)
    return look.page(
        template, listing=which, asked=asked, found=found, counted=COUNTED, command=listing.command(which, asked), **more
    )  # fmt: skip


def _of(which: Listing, may: Callable[[str], bool]) -> Listing:
    """The list without the columns of acts that somebody may not do."""
    return replace(which, columns=tuple(c for c in which.columns if not c.act or may(c.act)))


def not_for(look: Looking) -> Response:
    """Say that the visitor's roles do not read this."""
    return look.page("refused.html", 403, sentence=look._(N_("Your roles do not read this.")), back="/")


_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IN_MEMORY = 4_000_000  # bytes of a sheet; a larger one waits on the disk
_PIECE = 1 << 18


def _exported(which: Listing, kind: str) -> Callable[[Look], Response]:
    def export(look: Look) -> Response:
        if not which.for_roles(look.visitor.roles):
            return not_for(look)
        plain = _of(which, lambda _: False)
        with ExitStack() as until_sent:
            try:
                asked = listing.read(which, look.request.query_params)
                connection = until_sent.enter_context(look.reading())
                found = exports.rows(connection, plain, asked)
            except BadQuestion as bad:
                return look.page("refused.html", 400, sentence=str(bad), back=which.path)
            if kind == "csv":
                pieces = exports.as_csv(plain, found, _language(look))
            else:
                file: IO[bytes] = until_sent.enter_context(SpooledTemporaryFile(_IN_MEMORY))
                exports.as_xlsx(plain, found, _language(look), file)
                pieces = read(file)
            named = {"Content-Disposition": f'attachment; filename="{which.name}.{kind}"'}
            return StreamingResponse(
                _sent(pieces, until_sent.pop_all()), headers=named, media_type=_TYPES[kind]
            )
        raise AssertionError("a with block of ours swallows nothing")

    return export


def _sent(pieces: Iterator[bytes], until_sent: ExitStack) -> Iterator[bytes]:
    with until_sent:
        yield from pieces


def read(file: IO[bytes]) -> Iterator[bytes]:
    """A file from its beginning, piece by piece."""
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _language(look: Looking) -> exports.Language:
    filters = environment(look.visitor.language, look.desk.moved).filters
    return exports.Language(look._, filters["word"], filters["said"])
