"""The pages of the registered lists: one for each, at its own path, with the filters in its address."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk import listing
from ops.desk.listing import COUNTED, BadQuestion, Listing
from ops.desk.register import LISTINGS


def router() -> APIRouter:
    """Route each list."""
    made = APIRouter()
    for each in LISTINGS.values():
        made.add_api_route(each.path, _shown(each), methods=["GET"])
    return made


def _shown(which: Listing) -> Callable[[Look], Response]:
    def show(look: Look) -> Response:
        try:
            asked = listing.read(which, look.request.query_params)
        except BadQuestion as bad:
            return look.page("refused.html", 400, sentence=str(bad), back=which.path)
        with look.reading() as connection:
            found = listing.page(connection, which, asked)
        return look.page(
            "list.html", listing=which, asked=asked, found=found, counted=COUNTED,
            command=listing.command(which, asked),
        )  # fmt: skip

    return show
