"""The embedded servers: started, killed, found again, replaced, as root and as an ordinary user."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import psutil
import psycopg
import pytest
import redis
from sqlalchemy import make_url

from ops import embedded
from ops.embedded import FolderInUseError, Postgres, Server, Servers, start
from ops.embedded.binaries import PostgresPrograms
from tests.servers import ask, libpq, new_database

ROOT = Path(__file__).parents[2]
START_SECONDS = 3.0
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user can be tried by root only")
SUPERVISOR = """
import signal, sys
from pathlib import Path
from typing import cast
from ops.embedded import start
servers = start(Path(sys.argv[1]), durable=False)
print(servers.postgres.pid, servers.broker.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable() as path:
        yield path


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """One pair for the tests that leave it running as they found it."""
    with reachable() as path, start(path, durable=False) as running:
        yield running


@contextmanager
def reachable() -> Iterator[Path]:
    """A folder that an unprivileged server user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="kk2-embedded-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path / "kk2"


def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def client(servers: Servers) -> redis.Redis:
    return redis.Redis.from_url(servers.broker.admin_url, decode_responses=True)


def test_database_is_utf8_and_its_user_is_no_superuser(servers: Servers) -> None:
    query = "SELECT current_setting('server_encoding'), upper('blåbærøl'), rolsuper FROM pg_roles WHERE rolname = user"

    assert ask(servers.database_url, query) == [("UTF8", "BLÅBÆRØL", False)]


def test_servers_listen_on_the_loopback_only(servers: Servers) -> None:
    for pid in (servers.postgres.pid, servers.broker.pid):
        listening = [
            c.laddr.ip for c in psutil.Process(pid).net_connections() if c.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"]


def test_without_the_password_nobody_comes_in(servers: Servers) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(host="127.0.0.1", port=servers.broker.port).ping()
    with pytest.raises(Exception, match="password authentication failed"):
        ask(servers.owner_url.replace(servers.postgres.password, "guess"), "SELECT 1")


def test_passwords_stand_in_files_of_their_owner_alone(servers: Servers) -> None:
    secrets = [
        str(make_url(address).password)
        for address in (servers.owner_url, servers.database_url, servers.broker.admin_url, servers.broker_url)
    ]
    assert len(set(secrets)) == len(secrets)
    holding = [
        path
        for path in servers.postgres.folder.parent.rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]

    assert len(holding) >= 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}
    for server in (servers.postgres, servers.broker):
        assert not any(secret in " ".join(psutil.Process(server.pid).cmdline()) for secret in secrets)


def test_broker_evicts_nothing_and_keeps_an_append_only_file(folder: Path) -> None:
    with start(folder) as servers:
        settings = cast("dict[str, str]", client(servers).config_get("*"))

    wanted = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "save": ""}
    assert {name: settings[name] for name in wanted} == wanted


def test_by_default_the_database_survives_a_power_cut(folder: Path) -> None:
    names = ("fsync", "full_page_writes", "synchronous_commit")
    query = f"SELECT name, setting FROM pg_settings WHERE name IN {names} ORDER BY name"

    with start(folder) as servers:
        assert ask(servers.database_url, query) == [(name, "on") for name in sorted(names)]


def test_killed_servers_come_back_on_the_same_address_with_their_data(servers: Servers) -> None:
    addresses = (servers.database_url, servers.broker_url)
    with psycopg_connection(servers) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 17 AS ore")
    client(servers).set("kept", "17")

    for server in (servers.postgres, servers.broker):
        server.kill()
        server.start()

    assert (servers.database_url, servers.broker_url) == addresses
    assert ask(servers.owner_url, "SELECT ore FROM kept") == [(17,)]
    assert client(servers).get("kept") == "17"


def test_a_second_start_takes_under_three_seconds_and_keeps_address_and_data(folder: Path) -> None:
    with start(folder) as servers:
        first = (servers.database_url, servers.broker_url)
        client(servers).set("kept", "17")

    began = time.monotonic()
    with start(folder) as servers:
        assert time.monotonic() - began < START_SECONDS
        assert (servers.database_url, servers.broker_url) == first
        assert client(servers).get("kept") == "17"


def test_a_folder_in_use_is_not_taken_from_its_living_owner(servers: Servers) -> None:
    with pytest.raises(FolderInUseError, match=f"in use by process {os.getpid()}"):
        start(servers.postgres.folder.parent)

    assert client(servers).ping()


def test_stopped_servers_leave_no_process(folder: Path) -> None:
    with start(folder, durable=False) as servers:
        pids = [servers.postgres.pid, servers.broker.pid]

    assert not any(is_running(pid) for pid in pids)


def test_servers_die_with_their_supervisor(folder: Path) -> None:
    with supervised(folder, uid=None) as (supervisor, pids):
        assert len(pids) == 2
        supervisor.kill()
        until(lambda: not any(is_running(pid) for pid in pids))


def test_what_a_killed_server_left_is_replaced(servers: Servers) -> None:
    for server in (servers.postgres, servers.broker):
        killed = server.pid
        outlived = leave_behind(server)
        server.start()
        assert not is_running(outlived)
        assert server.pid not in {killed, outlived}

    assert client(servers).ping()
    assert ask(servers.database_url, "SELECT 1") == [(1,)]


def test_a_pid_that_went_to_a_stranger_is_left_alone(servers: Servers) -> None:
    servers.broker.kill()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (servers.broker.data / "pid").write_text(str(stranger.pid))
        servers.broker.start()
        assert stranger.poll() is None
        stranger.kill()


@needs_root
def test_root_runs_them_as_another_user_even_below_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with start(closed / "kk2", durable=False) as servers:
        users = {psutil.Process(pid).uids().real for pid in (servers.postgres.pid, servers.broker.pid)}
        assert 0 not in users
        assert ask(servers.database_url, "SELECT 1") == [(1,)]

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_root_runs_the_wheels_programs_from_below_a_closed_folder(folder: Path, tmp_path: Path) -> None:
    """PostgreSQL asks access(2) for its own program, which counts a capability only where it is told to."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres(folder, durable=False, machine=False)
    wheel = postgres.programs.folder.parents[1]
    for tree in (postgres.programs.folder.parent, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(tree, closed / tree.relative_to(wheel.parent), symlinks=True)
    own = postgres.programs.folder.relative_to(wheel.parent)
    postgres.programs = PostgresPrograms(closed / own, postgres.programs.major)

    postgres.start()
    try:
        assert ask(postgres.url, "SELECT 1") == [(1,)]
        assert psutil.Process(postgres.pid).exe().startswith(str(closed))
        assert psutil.Process(postgres.pid).uids().real != 0
    finally:
        postgres.stop()


@needs_root
def test_a_root_that_may_not_let_them_through_says_what_to_do(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    without = ("--bounding-set", "-dac_read_search", "--inh-caps", "-dac_read_search")
    script = "import sys; from pathlib import Path; from ops.embedded import start; start(Path(sys.argv[1]))"

    said = subprocess.run(
        ["setpriv", *without, sys.executable, "-c", script, str(closed / "kk2")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert said.returncode == 1
    assert "closed to user" in said.stderr
    assert "choose another folder, or chmod o+x those above" in said.stderr


def test_a_server_whose_port_was_taken_says_which_one_and_comes_back_on_it(folder: Path) -> None:
    with start(folder, durable=False) as servers:
        servers.broker.stop()
        with (
            socket.create_server((embedded.HOST, servers.broker.port)),
            pytest.raises(embedded.BusyPortError, match=f"port {servers.broker.port} of .*: broker had it"),
        ):
            servers.broker.start()

        servers.broker.start()
        assert client(servers).ping()


@needs_root
def test_an_ordinary_user_runs_them_as_himself(folder: Path) -> None:
    nobody = 65_534
    folder.mkdir()
    os.chown(folder, nobody, nobody)
    folder.chmod(0o711)

    with supervised(folder, uid=nobody) as (supervisor, pids):
        assert {psutil.Process(pid).uids().real for pid in pids} == {nobody}
        supervisor.kill()
        until(lambda: not any(is_running(pid) for pid in pids))


def test_the_wheels_programs_do_as_well_as_the_machines(folder: Path) -> None:
    with start(folder, durable=False, machine=False) as servers:
        servers.postgres.kill()
        servers.postgres.start()
        assert ask(servers.database_url, "SELECT upper('å')") == [("Å",)]
        assert client(servers).ping()
        assert str(servers.postgres.program).startswith(sys.prefix)
        assert str(servers.broker.program).startswith(sys.prefix)


def test_each_test_has_a_database_of_its_own(postgres: Postgres, database_url: str) -> None:
    with new_database(postgres, template="template0") as other:
        assert ask(other, "SELECT current_database()") != ask(database_url, "SELECT current_database()")

    with pytest.raises(Exception, match="does not exist"):
        ask(other, "SELECT 1")


def test_broker_of_a_test_is_empty(broker_url: str) -> None:
    assert redis.Redis.from_url(broker_url).dbsize() == 0


def psycopg_connection(servers: Servers) -> psycopg.Connection:

    return psycopg.connect(libpq(servers.owner_url))


@contextmanager
def supervised(folder: Path, *, uid: int | None) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process of its own that runs the servers, and their pids; it is killed at the end, if not before."""
    argv = as_user(uid, [sys.executable, "-c", SUPERVISOR, str(folder)])
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, [int(pid) for pid in process.stdout.readline().split()]
        process.kill()


def as_user(uid: int | None, argv: list[str]) -> list[str]:
    """Run by another user, let through to a checkout or an interpreter below a folder closed to others."""
    if uid is None:
        return argv
    through = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *through, *argv]


def leave_behind(server: Server) -> int:
    """Kill a server and start its program again on the same data, bound to nobody's life; its pid."""
    server.kill()
    until(lambda: not any(is_running(pid) for pid in running_on(server.data)))
    argv = as_user(
        server.identity[0] if server.identity else None, [str(server.program), *server.arguments()]
    )
    orphan = "import os, sys; os.fork() and os._exit(0); os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])"
    quiet = subprocess.DEVNULL
    subprocess.run([sys.executable, "-c", orphan, *argv], check=True, cwd="/", stdout=quiet, stderr=quiet)
    until(lambda: any(server.is_ready(pid) for pid in running_on(server.data)))
    left = server.left_pid()
    assert left is not None
    return left


def running_on(data: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(data):
                found.append(process.pid)
    return found
