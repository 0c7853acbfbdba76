"""The processes as `kk2` starts them, on a real database and broker: they come up, log JSON only, and end when asked."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import ask

SECONDS = 60.0
Start = Callable[..., "Running"]


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


@pytest.mark.parametrize("name", ["watch", "relay"])
def test_watch_and_relay_beat_their_pulse_and_end_when_asked(
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
    from urllib.error import URLError
    from urllib.request import urlopen

    from ops.embedded import free_port

    port = free_port()
    flower = start("flower", "--port", str(port))

    def answers() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthcheck", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    until(answers, flower)
    password = broker_url.split(":")[2].split("@", maxsplit=1)[0]
    line = Path(f"/proc/{flower.process.pid}/cmdline").read_bytes().decode()
    assert password
    assert password not in line
    assert flower.stop() == 0
