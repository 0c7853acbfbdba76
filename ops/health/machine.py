"""What a site runs on: versions, the broker's queues, and the space on its disks, each found by asking."""

import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from sqlalchemy import Connection, text

from ops import migrations
from ops.health.pulse import State
from pipeline.flow import QUEUES
from workers.relay import waiting_in
from workers.settings import Settings

_PACKAGES = (
    "celery", "kombu", "redis", "SQLAlchemy", "psycopg", "alembic", "pydantic", "fastapi", "uvicorn", "flower", "zeep",
    "watchdog", "numpy", "apprise", "authlib",
)  # fmt: skip
SCARCE = 1_073_741_824
"""Bytes: with less left on a disk, it is time to make room."""
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Version:
    """What something is called, and its version; empty where it could not be told."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Broker:
    """Redis: its version, and the messages that wait in each queue. `fault` says why nothing is known."""

    version: str
    waiting: Mapping[str, int]
    fault: str


@dataclass(frozen=True, slots=True)
class Space:
    """A folder's disk, in bytes; None where there is no such disk."""

    name: str
    folder: str
    free: int | None
    total: int | None

    @property
    def state(self) -> State:
        """Bad when little is left."""
        if self.free is None:
            return State.UNKNOWN
        return State.BAD if self.free < SCARCE else State.WELL


def versions(connection: Connection, broker: Broker) -> tuple[Version, ...]:
    """Ours, and the servers that it stands on."""
    server = str(connection.execute(text("SHOW server_version")).scalar_one())
    return (
        Version("kk2-visma", _of_package("kk2-visma")),
        Version("migration", migrations.current(connection) or ""),
        Version("Python", platform.python_version()),
        Version("PostgreSQL", server.split(" ", maxsplit=1)[0]),
        Version("Redis", broker.version),
    )


def packages() -> tuple[Version, ...]:
    """The packages that a fault may come from."""
    return tuple(Version(name, _of_package(name)) for name in _PACKAGES)


def broker(url: str) -> Broker:
    """Ask Redis; it has two seconds."""
    with Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS) as redis:
        try:
            waiting = {queue: waiting_in(redis, queue) for queue in QUEUES}
            return Broker(version_of(redis), waiting, "")
        except (RedisError, OSError) as error:
            return Broker("", {}, why_not(error))


def why_not(error: RedisError | OSError) -> str:
    """Why Redis could not be asked, in words that hold no password."""
    if isinstance(error, AuthenticationError | NoPermissionError):
        return "it refuses the user, the password or the command: look at KK2_BROKER_URL, and at its ACL"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is of nobody whom this machine trusts: name the CA in KK2_BROKER_URL (ssl_ca_certs=PATH)"
    return type(error).__name__


def version_of(redis: Redis) -> str:
    """The broker's version. Raises what Redis raises."""
    return str(cast(dict[str, object], redis.info("server")).get("redis_version", "0"))


def spaces(site: Settings) -> tuple[Space, ...]:
    """The disks of what is kept."""
    folders = (("inbox", site.inbox_folder), ("archive", site.archive_folder), ("folder", site.folder))
    return tuple(_space(name, folder) for name, folder in folders)


def _space(name: str, folder: Path) -> Space:
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    try:
        usage = shutil.disk_usage(there)
    except OSError:
        return Space(name, str(folder), None, None)
    return Space(name, str(folder), usage.free, usage.total)


def _of_package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
