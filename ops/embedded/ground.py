"""The ground a server stands on: its user, its folders and what is closed above them, its port, its password."""

import os
import pwd
import random
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ops.embedded.binaries import EmbeddedError

HOST = "127.0.0.1"
# Below Linux's range for outgoing connections: there a client that reconnects to a server just killed can be given
# the server's own port, connect to itself, and keep the server from ever coming back on it.
_PORTS = range(20_000, 32_000)
_UNPRIVILEGED_USERS = ("postgres", "nobody")
_TAIL_BYTES = 2_000


class NotStartedError(EmbeddedError):
    """The program ended or was not ready in time; the sentence carries its last words."""


class BusyPortError(EmbeddedError):
    """Somebody else listens where we are to; the sentence names the port."""


def make_folder(path: Path, mode: int) -> None:
    """Make a folder with exactly these rights; one that stands is left as it is."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(mode)


def folder_mode() -> int:
    """Rights of a folder around a server's data: others may pass through only where another user must."""
    return 0o711 if os.geteuid() == 0 else 0o700


def free_port() -> int:
    """A port of the loopback that nothing listens on now."""
    for port in random.SystemRandom().sample(_PORTS, k=200):
        if is_free(port):
            return port
    raise BusyPortError(
        f"none of 200 ports of {HOST} between {_PORTS.start} and {_PORTS.stop} is free: stop what listens on them"
    )


def tail(log: Path) -> str:
    """The last words of a log."""
    return log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").strip() if log.exists() else "(no log)"


def is_free(port: int) -> bool:
    try:
        _bind(port, HOST)
    except OSError:
        return False
    return True


def need_port(port: int, what_else: str, host: str = HOST) -> None:
    """Raise `BusyPortError` for a port that nobody could listen on now; `what_else`: what a person can do then."""
    try:
        _bind(port, host)
    except OSError as error:
        raise BusyPortError(
            f"can't listen on port {port} of {host} ({error.strerror}): {what_else}"
        ) from None


def _bind(port: int, host: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: a port in TIME_WAIT after a kill is free, one that is listened on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def server_identity() -> tuple[int, int] | None:
    """(uid, gid) to run servers as when we are root, None when we are not."""
    if os.geteuid() != 0:
        return None
    for user in _UNPRIVILEGED_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(user)
            return entry.pw_uid, entry.pw_gid
    raise NotStartedError(
        f"root cannot run PostgreSQL, and none of the users {_UNPRIVILEGED_USERS} is on this machine"
    )


def closed_to(path: Path, uid: int, gid: int) -> bool:
    """Whether a folder above `path` cannot be passed through by the user."""
    for folder in path.resolve().parents:
        status = folder.stat()
        if status.st_uid == uid:
            needed = stat.S_IXUSR
        elif status.st_gid == gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return True
    return False


def kept(file: Path, make: Callable[[], str]) -> str:
    """The text of a file only its owner may read; made on the first call."""
    if not file.exists():
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as new:
            new.write(make())
    return file.read_text("ascii")
