"""What stands on every page and refreshes itself."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console import strip as beats
from ops.console.looking import Look

router = APIRouter()


@router.get("/strip")
def strip(look: Look) -> Response:
    """The signs of life alone."""
    with look.reading() as connection:
        return look.fragment("strip.html", beats=beats.strip(connection, look.desk.broker))
