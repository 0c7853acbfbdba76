"""PostgreSQL on the loopback: made by initdb, opened by password only, with a database `kk2` that one role owns and another uses."""

import os
import secrets
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from ops import launch
from ops.embedded.binaries import PostgresPrograms, find_postgres
from ops.embedded.ground import HOST, NotStartedError, kept
from ops.embedded.server import Server

ROLE = "kk2"
PROCESSES = "kk2_app"
DATABASE = "kk2"
_ADMIN = "postgres"
_INITDB_SECONDS = 120
_READY_LINE = 7  # of postmaster.pid, from 0: "starting", "ready", "stopping"

_SETTINGS: dict[LiteralString, LiteralString] = {
    "unix_socket_directories": "",  # a path of over 107 bytes would be refused; the loopback has no such limit
    "max_connections": "100",
    "shared_buffers": "256MB",
    "dynamic_shared_memory_type": "posix",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "5s",
    "log_checkpoints": "off",
    "jit": "off",  # short statements over few rows; compiling them costs more than they do
}
# Commits still wait for the write: a killed process (not a power cut) may lose nothing, fault tests need that.
_IN_TESTS: dict[LiteralString, LiteralString] = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "autovacuum": "off",  # it would look after hundreds of databases that live for a second
    "max_wal_size": "256MB",
}


class Postgres(Server):
    """A PostgreSQL of its own. `durable=False` lets a power cut (not a killed process) lose data: for tests."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast: clients are cut off, data is written

    def __init__(self, folder: Path, *, durable: bool, machine: bool) -> None:
        """See `Server`; data that stands decides which major version is looked for."""
        super().__init__(folder, durable=durable)
        version = self.data / "PG_VERSION"
        self.programs: PostgresPrograms = find_postgres(
            int(version.read_text("ascii")) if version.exists() else None, machine=machine
        )
        self._processes_password = kept(self.folder / "password.processes", lambda: secrets.token_urlsafe(24))
        self._has_database = False

    @property
    def program(self) -> Path:
        """The `postgres` program."""
        return self.programs.folder / "postgres"

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database `kk2`, as the role that will own its tables."""
        return self.url_of(DATABASE)

    @property
    def processes_url(self) -> str:
        """The same, as the role that the product's processes connect as; `kk2 migrate` gives it its rights."""
        return self.processes_url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """SQLAlchemy's address of any database of this server."""
        return f"postgresql+psycopg://{ROLE}:{self.password}@{HOST}:{self.port}/{database}"

    def processes_url_of(self, database: str) -> str:
        """As `url_of`, for the product's processes."""
        return f"postgresql+psycopg://{PROCESSES}:{self._processes_password}@{HOST}:{self.port}/{database}"

    def arguments(self) -> list[str]:
        """Everything but the data folder and the port stands in postgresql.conf."""
        return ["-D", str(self.data), "-p", str(self.port), "-h", HOST]

    def make_data(self) -> None:
        """initdb, unless it has been; the settings are written anew each time, so that a new version's count."""
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        settings = _SETTINGS if self.durable else _SETTINGS | _IN_TESTS
        text = "".join(f"{key} = '{value}'\n" for key, value in settings.items())
        self.write(self.data / "postgresql.auto.conf", text)

    def is_ready(self, pid: int) -> bool:
        """As the server says it of itself in postmaster.pid."""
        lines = self._pid_file()
        return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"

    def left_pid(self) -> int | None:
        """The pid in postmaster.pid."""
        lines = self._pid_file()
        return abs(int(lines[0])) if lines and lines[0].strip() else None

    def after_start(self) -> None:
        """Both roles and the database, once. The application is no superuser here, as it is none in production."""
        if self._has_database:
            return
        with self.as_admin() as connection:
            for role, may, password in (
                (ROLE, sql.SQL("CREATEDB"), self.password),
                (PROCESSES, sql.SQL("NOCREATEDB"), self._processes_password),
            ):
                if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchall():
                    create = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}")
                    connection.execute(create.format(sql.Identifier(role), may, sql.Literal(password)))
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchall():
                create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
                connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))
        self._has_database = True

    def as_admin(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the superuser, each statement by itself: for making and dropping databases."""
        return psycopg.connect(
            host=HOST, port=self.port, user=_ADMIN, password=self.password, dbname="postgres", autocommit=True,
            connect_timeout=10,
        )  # fmt: skip

    def _pid_file(self) -> list[str]:
        with suppress(FileNotFoundError):
            return (self.data / "postmaster.pid").read_text("utf-8").splitlines()
        return []

    def _initdb(self) -> None:
        """C.UTF-8 sorts by code point on every machine and knows upper and lower case; plain C where there is none."""
        password = self.folder / "initdb.password"
        said = ""
        for locale in ("C.UTF-8", "C"):
            self._empty_data()
            self.write(password, self.password)
            initdb = [
                str(self.programs.folder / "initdb"), "-D", str(self.data), "-U", _ADMIN, f"--pwfile={password}",
                "--auth=scram-sha-256", "--encoding=UTF8", f"--locale={locale}", "--no-sync", "--no-instructions",
            ]  # fmt: skip
            done = subprocess.run(
                launch.command(initdb, signal.SIGTERM, self.launched_as()),
                cwd="/", capture_output=True, text=True, timeout=_INITDB_SECONDS, check=False,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            )  # fmt: skip
            password.unlink()
            if done.returncode == 0:
                return
            said = done.stderr.strip()
        raise NotStartedError(f"initdb failed in {self.data}: {said}")

    def _empty_data(self) -> None:
        """An initdb that was cut off leaves no PG_VERSION or a data folder that it removed itself."""
        if self.data.exists():
            aside = self.folder / f"data.broken-{os.getpid()}"
            self.data.rename(aside)
        self.data.mkdir(mode=0o700)
        self.hand(self.data)
