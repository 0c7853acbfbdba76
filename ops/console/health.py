"""Whether the console can show anything, for who watches it from outside: no sign-in, and nothing but ok or not."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ops.console.looking import Desk

router = APIRouter()


@router.get("/healthz")
def healthz(request: Request) -> Response:
    """Ask the database for nothing; 503 if it does not answer."""
    desk: Desk = request.app.state.desk
    try:
        with desk.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return PlainTextResponse("not\n", 503)
    return PlainTextResponse("ok\n")
