"""The site by itself: versions, settings and where they come from, queues, signs of life, disks, and the bundle for support."""

from collections.abc import Iterator
from datetime import timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response, StreamingResponse

from ops import repairs, support
from ops.console import lists
from ops.console.looking import Look
from ops.console.pages.flower import FOR
from ops.desk.words import N_
from workers.accounting import connect

router = APIRouter()
_UNTOLD = N_("This console was not told the site's settings: kk2 system has them.")
_IN_MEMORY = 4_000_000  # bytes


@router.get("/system")
def system(look: Look) -> Response:
    """Show how the site is made, and how it is."""
    if support.READERS.isdisjoint(look.visitor.roles):
        return lists.not_for(look)
    if look.desk.site is None:
        return look.missing(look._(_UNTOLD))
    with look.reading() as connection:
        found = support.system(connection, look.desk.site)
    return look.page(
        "system.html", found=found, flower=not FOR.isdisjoint(look.visitor.roles),
        since=lambda seconds: found.health.taken_at - timedelta(seconds=seconds),
    )  # fmt: skip


@router.post("/system/bundle")
def bundle(look: Look, reason: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Make the bundle and send it; the audit says first who takes it."""
    if look.desk.site is None:
        return look.missing(look._(_UNTOLD))
    try:
        look.act(lambda connection, person: repairs.take_bundle(connection, person=person), reason)
    except repairs.Refusal as no:
        return look.page("refused.html", 403, sentence=str(no), back="/")
    file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it is sent
    support.make(file, look.desk.site, look.desk.engine, connect)
    named = {"Content-Disposition": 'attachment; filename="kk2-bundle.zip"'}
    return StreamingResponse(_sent(file), headers=named, media_type="application/zip")


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from lists.read(file)
