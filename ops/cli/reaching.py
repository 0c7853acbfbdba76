"""What a command reaches for: the database, the broker's bell, the site's settings, and the name of who acts."""

import getpass
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ops.cli.errors import CommandError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from ops.access import Role
    from workers.accounting import Accounting
    from workers.journal import Ring
    from workers.relay import Ringer
    from workers.settings import Settings

_OPENED: "list[Engine]" = []
ENVIRONMENT = "environment"
"""The file in the folder of `kk2 up` that says where its servers are: for commands in another terminal."""


def site() -> "Settings":
    """The site's settings, from the environment, or from the folder of a running `kk2 up` that KK2_FOLDER names."""
    from workers.settings import settings

    folder = os.environ.get("KK2_FOLDER")
    left = Path(folder) / ENVIRONMENT if folder else None
    if left is not None and "KK2_DATABASE_URL" not in os.environ and left.is_file():
        for line in left.read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)
    return settings()


def database() -> "Engine":
    """The site's database. Nothing is opened yet."""
    from workers.store.engine import engine_for

    engine = engine_for(site().database_url.get_secret_value())
    _OPENED.append(engine)
    return engine


def owned() -> "tuple[Engine, str]":
    """The site's database as who owns its tables, and the address that the processes have: to migrate and to restore."""
    from workers.store.engine import engine_for

    processes = site().database_url.get_secret_value()
    engine = engine_for((site().owner_url or site().database_url).get_secret_value())
    _OPENED.append(engine)
    return engine, processes


def close() -> None:
    """Close what the command opened: the last thing that a command line does."""
    while _OPENED:
        _OPENED.pop().dispose()


def broker() -> Callable[[], bool]:
    """A question to Redis, whether it is there; it has half a second to answer."""
    from redis import Redis
    from redis.exceptions import RedisError

    client = Redis.from_url(
        site().broker_url.get_secret_value(), socket_timeout=0.5, socket_connect_timeout=0.5
    )

    def answers() -> bool:
        try:
            return bool(client.ping())
        except (RedisError, OSError):
            return False

    return answers


@contextmanager
def reading(*, company: str | None = None, client: str | None = None) -> Iterator["Connection"]:
    """A connection to look with; nothing that it did is kept.

    `company`, `client`: what is asked for. Refused if the setup lacks it: an empty list would look like good news.
    """
    from ops.repairs.acts import need_client, need_company

    with database().connect() as connection:
        if company is not None:
            need_company(connection, company)
        if client is not None:
            need_client(connection, company, client)
        yield connection


@contextmanager
def reading_for(readers: "frozenset[Role]", name: str) -> "Iterator[Connection]":
    """A connection to look with, for a user with one of these roles, as on the pages; a site without users asks nobody."""
    from ops.repairs.acts import need_reader
    from ops.repairs.people import named

    with reading() as connection:
        need_reader(named(connection, actor(name), ""), readers)
        yield connection


def accounting() -> "dict[str, Accounting]":
    """Each installation of the setup, as it is reached today."""
    from workers.accounting import connect
    from workers.secrets import resolve
    from workers.store.setup import current

    with reading() as connection:
        installations = current(connection).installations
    try:
        return {code: connect(dated.latest().value, resolve) for code, dated in installations.items()}
    except ValueError as fault:  # an endpoint that is no address: found before anything is sent
        raise CommandError(str(fault)) from None


def ringer() -> "Ringer":
    """The bell that tells the workers of due work."""
    site()
    from workers.app import app
    from workers.relay import Ringer, celery_bell

    return Ringer(celery_bell(app))


def ring(rings: Sequence["Ring"]) -> None:
    """Tell the workers; a broker that does not hear is said and is no fault, for the relay rings again."""
    if not rings:
        return
    with redirect_stdout(
        StringIO()
    ):  # what it would log of a broker that is down is said below, in a sentence
        heard = ringer().ring(rings)
    if not heard:
        typer.echo(
            "kk2: the broker was not reached; what was done stands, and the relay will tell the workers",
            err=True,
        )


def actor(name: str) -> str:
    """Who acts: the name that was given, or the system's user; an act without a name is refused."""
    if name.strip():
        return name.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise CommandError("nobody knows who acts: give --as NAME, or set KK2_ACTOR") from None
