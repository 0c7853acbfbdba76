"""The processes as `kk2` starts them, on a real database and broker: they come up, log JSON only, and end when asked."""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from redis import Redis
from sqlalchemy import Engine

from ops.embedded import free_port
from ops.queries import work
from pipeline.flow import QUEUES
from schemas.events import CasesOpened, RestDue, VouchersApproved
from tests.servers import ask
from workers.journal import record
from workers.settings import PREFIX

SECONDS = 60.0
Start = Callable[..., "Running"]
_WHO = "kari:a-secret"


class Running:
    """A `kk2` process with its output in files."""

    def __init__(self, folder: Path, environment: dict[str, str], *line: str) -> None:
        self.out, self.err = folder / f"{line[0]}.out", folder / f"{line[0]}.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ops.cli", *line], env=environment, stdout=out, stderr=err
            )

    def stop(self) -> int:
        """Ask it to end; gives its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def said(self) -> str:
        return self.err.read_text("utf-8")


@pytest.fixture
def start(tmp_path: Path, migrated_url: str, broker_url: str) -> Iterator[Start]:
    """Starts processes of one site, and kills what a failed test left."""
    environment = os.environ | {
        "KK2_DATABASE_URL": migrated_url, "KK2_BROKER_URL": broker_url, "KK2_FOLDER": str(tmp_path / "site"),
        "KK2_RELAY_INTERVAL": "0.2", "KK2_SCAN_INTERVAL": "0.2", "KK2_BEAT_INTERVAL": "1",
        "KK2_RING_AGAIN_AFTER": "1", "KK2_FLOWER_AUTH": _WHO,
    }  # fmt: skip
    started: list[Running] = []

    def run(*line: str) -> Running:
        started.append(Running(tmp_path, environment, *line))
        return started[-1]

    yield run
    for each in started:
        each.process.kill()
        each.process.wait()


def until(is_so: Callable[[], bool], running: Running) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert running.process.poll() is None, running.said()
        assert time.monotonic() < deadline, running.said()
        time.sleep(0.1)


def pulse(url: str, name: str) -> bool:
    return bool(ask(url, f"SELECT 1 FROM heartbeat WHERE name = '{name}'"))


@pytest.mark.parametrize("name", ["watch", "relay", "guard"])
def test_watch_relay_and_guard_beat_their_pulse_and_end_when_asked(
    start: Start, migrated_url: str, name: str
) -> None:
    running = start(name)
    until(lambda: pulse(migrated_url, name), running)

    assert running.stop() == 0
    assert running.out.read_text("utf-8") == ""


def test_beat_ticks_and_a_worker_hears_it_with_nothing_but_json_in_the_log(
    start: Start, migrated_url: str
) -> None:
    worker = start("worker", "--queues", "files,clock", "--concurrency", "1", "--name", "desk")
    until(lambda: '"desk@' in worker.said() and "ready." in worker.said(), worker)
    beat = start("beat")
    until(lambda: pulse(migrated_url, "beat"), worker)

    assert beat.stop() == 0
    assert worker.stop() == 0
    lines = worker.said().splitlines()
    assert all(json.loads(line)["level"] for line in lines if line)
    assert (worker.out.read_text("utf-8"), beat.out.read_text("utf-8")) == ("", "")
    assert "redis://:" not in worker.said().replace("redis://:**@", "")


def test_flower_shows_itself_and_no_password_is_in_its_command_line(start: Start, broker_url: str) -> None:
    port = free_port()
    flower = start("flower", "--port", str(port))

    until(lambda: asked_of_flower(port, "/healthcheck") is not None, flower)
    password = broker_url.split(":")[2].split("@", maxsplit=1)[0]
    line = Path(f"/proc/{flower.process.pid}/cmdline").read_bytes().decode()
    assert password
    assert password not in line
    assert _WHO not in line
    assert flower.stop() == 0


def test_with_workers_stopped_a_queue_s_length_in_flower_is_the_work_that_is_due_and_rung(
    start: Start, migrated_url: str, broker_url: str, engine: Engine, tmp_path: Path
) -> None:
    port = free_port()
    start("watch")
    relay = start("relay")
    flower = start("flower", "--port", str(port))
    until(lambda: pulse(migrated_url, "watch") and pulse(migrated_url, "relay"), relay)
    with engine.begin() as connection:
        things = [
            RestDue("100"),
            RestDue("200"),
            CasesOpened((1, 2)),
            VouchersApproved((1,)),
            VouchersApproved((2,)),
        ]
        record(connection, things, actor="test")
    for number in range(3):
        (tmp_path / "site" / "inbox" / f"{number}.ocr").write_bytes(b"not a bank file: %d" % number)

    def due_and_rung() -> dict[str, int]:
        with engine.connect() as connection:
            depths = work.queues(connection)
        assert all(depth.rung <= depth.due for depth in depths)
        return {depth.queue: depth.rung for depth in depths}

    def in_flower() -> dict[str, int]:
        told = asked_of_flower(port, "/api/queues/length") or b'{"active_queues": []}'
        return {each["name"]: each["messages"] for each in json.loads(told)["active_queues"]}

    def is_so() -> bool:
        rung, shown = due_and_rung(), in_flower()
        return (
            rung == {"files": 3, "payments": 1, "vouchers": 2, "delivery": 2}
            and rung.items() <= shown.items()
        )

    until(is_so, flower)
    relay.process.send_signal(
        signal.SIGSTOP
    )  # it rings again within a moment, perhaps before Flower is asked
    try:
        with Redis.from_url(broker_url) as redis:
            redis.delete(*(f"{PREFIX}{queue}" for queue in QUEUES))
        assert all(in_flower()[queue] == 0 for queue in QUEUES)
    finally:
        relay.process.send_signal(signal.SIGCONT)
    until(is_so, flower)  # the relay rang again, for each row once


def asked_of_flower(port: int, path: str) -> bytes | None:
    """What Flower answers to who may see it; None while it does not."""
    request = Request(f"http://127.0.0.1:{port}/flower{path}")
    request.add_header("Authorization", f"Basic {b64encode(_WHO.encode()).decode()}")
    try:
        with urlopen(request, timeout=5) as answer:
            return bytes(answer.read()) if answer.status == 200 else None
    except (URLError, OSError):
        return None
