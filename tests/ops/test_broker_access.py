"""A broker by TLS with one user: the whole chain works with what he may, and nobody else is let in."""

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError
from sqlalchemy import Engine

from ops.console.limiting import Limiter
from ops.embedded import HOST, free_port
from ops.embedded.binaries import find_broker
from ops.embedded.broker import MAY
from ops.health import machine
from schemas.money import kr
from tests.ops.test_cli_processes import Running, until
from tests.site import kid_of, paid, site
from tests.site import until as at_last
from tests.workers.far_side import Certificates
from tests.workers.test_wsinkasso_tls import serving
from workers.settings import Settings
from workers.store import epoch

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the command openssl makes the certificates"
)
WORD = "Pa55-of-the-broker"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("authority"))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def _before(port: int, behind: Path, pem: Path) -> None:
    """TLS before a broker: the one of the wheel knows none."""

    async def both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(behind)
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))

    async with await asyncio.start_server(both_ways, HOST, port, ssl=serving(pem)) as server:
        await server.serve_forever()


@pytest.fixture(scope="module")
def address(authority: Certificates, servers_folder: Path) -> Iterator[str]:
    """The address of a broker as the handbook sets it up, reached by TLS alone; {} is USER:PASSWORD."""
    folder, port = servers_folder / "by-tls", free_port()
    folder.mkdir()
    (folder / "broker.conf").write_text(
        f'port 0\nunixsocket {folder}/socket\ndir {folder}\nsave ""\nuser default off resetpass\n'
        f"user kk2 on >{WORD} {MAY}\nuser who-looks on >{WORD} allkeys allchannels allcommands\n",
        "utf-8",
    )
    server = subprocess.Popen(
        [find_broker(machine=True), folder / "broker.conf"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    loop = asyncio.new_event_loop()
    front = loop.create_task(_before(port, folder / "socket", authority.issue("broker", f"IP:{HOST}")))
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([front])))
    thread.start()
    address = f"rediss://{{}}@{HOST}:{port}/0?ssl_ca_certs={authority.ca}"
    at_last(lambda: machine.broker(address.format(f"kk2:{WORD}")).fault == "")
    yield address
    loop.call_soon_threadsafe(front.cancel)
    thread.join()
    loop.close()
    server.kill()
    server.wait()


def environment(engine: Engine, folder: Path, broker: str) -> dict[str, str]:
    return os.environ | {
        "KK2_DATABASE_URL": engine.url.render_as_string(hide_password=False), "KK2_BROKER_URL": broker,
        "KK2_FOLDER": str(folder / "kk2"), "KK2_RELAY_INTERVAL": "0.2", "KK2_SCAN_INTERVAL": "0.2",
    }  # fmt: skip


def test_a_file_goes_from_the_inbox_to_visma_and_nothing_was_refused(
    engine: Engine, tmp_path: Path, address: str
) -> None:
    ours = address.format(f"kk2:{WORD}")
    with site(engine, tmp_path) as town, Redis.from_url(address.format(f"who-looks:{WORD}")) as looks:
        town.case(1, kr(1000), date(2026, 1, 31))
        with engine.begin() as connection:
            epoch.rise(connection, 1)  # a copy of a database would stop delivery
        looks.acl_log_reset()
        started = [
            Running(tmp_path, environment(engine, tmp_path, ours), *line)
            for line in (["worker", "--queues", "files,payments,vouchers,delivery"], ["watch"], ["relay"])
        ]
        try:
            until((tmp_path / "kk2" / "inbox").is_dir, started[1])
            (tmp_path / "kk2" / "inbox" / "1.DAT").write_bytes(town.file(paid(kid_of(1), kr(400))))
            until(lambda: bool(town.simulator.vouchers("100")), started[0])
        finally:
            ended = [each.stop() for each in started]
        limiter = Limiter(ours)
        waits = [limiter.wait("kari", "somewhere") for _ in range(6)]
        limiter.forgive("kari", "somewhere")

        assert ended == [0, 0, 0]
        assert waits[:5] == [0] * 5
        assert waits[5] > 0
        assert limiter.wait("kari", "somewhere") == 0
        assert looks.acl_log() == []
        assert all(key.startswith(b"kk2:") for key in looks.scan_iter())
        assert not any(WORD in each.said() for each in started)
        town.prove()


def test_the_user_of_the_processes_can_do_nothing_else(address: str) -> None:
    with Redis.from_url(address.format(f"kk2:{WORD}")) as redis:
        for line in (
            "FLUSHALL", "FLUSHDB", "KEYS *", "CONFIG SET maxmemory 1", "SHUTDOWN", "ACL LIST", "SCRIPT FLUSH",
            "GET other", "SET other 1", "PUBLISH other 1", "MONITOR", "REPLICAOF NO ONE", "SAVE",
        ):  # fmt: skip
            with pytest.raises(NoPermissionError):
                redis.execute_command(*line.split())


@pytest.mark.parametrize("who", ["kk2:guessed-Pa55", f"another:{WORD}", f":{WORD}", "default:"])
def test_nobody_else_comes_in_and_what_is_said_holds_no_password(address: str, who: str) -> None:
    with pytest.raises(AuthenticationError), Redis.from_url(address.format(who)) as redis:
        redis.ping()

    said = machine.broker(address.format(who)).fault

    assert said.startswith("it refuses the user, the password")
    assert "Pa55" not in said


def test_a_worker_with_a_wrong_password_says_so_without_it(
    engine: Engine, tmp_path: Path, address: str
) -> None:
    worker = Running(
        tmp_path,
        environment(engine, tmp_path, address.format("kk2:guessed-Pa55")),
        "worker",
        "--queues",
        "files",
    )
    try:
        until(lambda: "invalid username-password pair" in worker.said(), worker)
    finally:
        worker.process.kill()
        worker.process.wait()

    assert "rediss://kk2:**@" in worker.said()
    assert "Pa55" not in worker.said()


def test_a_broker_that_does_not_prove_who_it_is_hears_no_password(address: str, tmp_path: Path) -> None:
    """Celery by itself would take any certificate: the settings want a proof, whatever the address says."""
    unproven = address.split("?", maxsplit=1)[0].format(f"kk2:{WORD}")
    asked = Settings(database_url="postgresql+psycopg://h/d", broker_url=unproven, folder=tmp_path)  # type: ignore[arg-type]

    assert asked.broker_url == SecretStr(f"{unproven}?ssl_cert_reqs=required")
    assert machine.broker(asked.broker_url.get_secret_value()).fault.startswith(
        "its certificate is of nobody"
    )
    with pytest.raises(ValidationError, match="the broker proves who it is") as refused:
        Settings(
            database_url="postgresql+psycopg://h/d",  # type: ignore[arg-type]
            broker_url=f"{unproven}?ssl_cert_reqs=none",  # type: ignore[arg-type]
            folder=tmp_path,
        )
    assert WORD not in str(refused.value)
