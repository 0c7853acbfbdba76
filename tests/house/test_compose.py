"""The same services everywhere: docker-compose.yml, the systemd units and `kk2 up` cannot drift apart."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from ops.embedded.broker import MAY
from ops.embedded.postgres import PROCESSES
from ops.supervisor import SERVICES, WORKERS, Service, standard_processes
from pipeline.flow import QUEUES

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "ops" / "systemd"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
CONTAINERS: dict[str, Any] = COMPOSE["services"]
# Read, not imported: the application is made on import, from an environment that this test does not need.
CLOCK = re.findall(r'^CLOCK = "(\w+)"$', (ROOT / "workers" / "app.py").read_text("utf-8"), re.MULTILINE)[0]
ENVIRONMENT = {"KK2_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"}
OTHERS = {"postgres", "broker", "migrate"}
LONGEST_WARM_STOP = 30.0


def queues(commands: Iterable[list[str]]) -> list[str]:
    """The queues that workers take by their command lines."""
    return [
        queue
        for command in commands
        if "worker" in command
        for queue in command[command.index("--queues") + 1].split(",")
    ]


def test_each_queue_of_the_page_and_the_clocks_is_taken_by_exactly_one_container() -> None:
    taken = Counter(queues(one.get("command", []) for one in CONTAINERS.values()))

    assert taken == Counter([*QUEUES, CLOCK])


def test_each_queue_of_the_page_and_the_clocks_is_taken_by_exactly_one_process_of_up() -> None:
    processes = standard_processes(ENVIRONMENT, servers=None, visma=("--port", "1"), flower=(), console=())

    assert Counter(queues(list(one.argv) for one in processes)) == Counter([*QUEUES, CLOCK])


def test_containers_and_up_run_the_same_services() -> None:
    up = {
        one.name for one in standard_processes(ENVIRONMENT, servers=None, visma=None, flower=(), console=())
    }

    assert set(CONTAINERS) - OTHERS == up == {service.name for service in SERVICES}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_container_has_the_command_of_its_service(service: Service) -> None:
    command = CONTAINERS[service.name]["command"]

    assert command[: len(service.command)] == list(service.command)
    assert service.name in {"flower", "console"} or len(command) == len(service.command)


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.name)
def test_systemd_gives_a_worker_the_same_queues(worker: Service) -> None:
    lines = (ROOT / "ops" / "systemd" / worker.name).read_text("utf-8").splitlines()

    assert lines == [f"QUEUES={','.join(worker.queues)}", f"PROCESSES={worker.processes}"]


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.name)
def test_every_warden_waits_longer_than_a_worker_takes_to_stop(worker: Service) -> None:
    unit = (ROOT / "ops" / "systemd" / "kk2-worker@.service").read_text("utf-8")
    patience = [
        worker.stop_seconds,
        float(CONTAINERS[worker.name]["stop_grace_period"].removesuffix("s")),
        float(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]),
    ]

    assert min(patience) > LONGEST_WARM_STOP


def test_every_container_comes_back_but_the_one_that_is_done() -> None:
    always = {name for name, one in CONTAINERS.items() if one.get("restart") == "always"}

    assert set(CONTAINERS) - always == {"migrate"}


def test_no_port_is_open_beyond_the_loopback() -> None:
    ports = [port for one in CONTAINERS.values() for port in one.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "ports" not in CONTAINERS["flower"]  # it has open pages: the console alone leads there


def test_passwords_come_from_files_only() -> None:
    given = [entry for one in CONTAINERS.values() for entry in one.get("environment", {}).items()]

    assert {name for name, _ in given if "PASSWORD" in name} == {"POSTGRES_PASSWORD_FILE"}
    assert [value for _, value in given if "://" in value] == ["http://flower:5555"]  # which has no password
    assert {secret["file"].rsplit("/", 1)[0] for secret in COMPOSE["secrets"].values()} == {
        "./ops/compose/secrets"
    }


def test_the_owner_of_the_tables_is_known_to_who_migrates_alone() -> None:
    """And a migration by systemd reads it from a file that no other unit has."""
    assert {n for n, one in CONTAINERS.items() if "kk2_owner_url" in one.get("secrets", [])} == {"migrate"}
    units = {unit.name for unit in SYSTEMD.iterdir() if "/etc/kk2/owner" in unit.read_text("utf-8")}
    assert units == {"kk2-migrate.service"}


def test_the_broker_knows_one_user_who_may_what_the_code_says(tmp_path: Path) -> None:
    """A site from before there were users, and roles, is given them by the same script."""
    script = shutil.copy(ROOT / "ops" / "compose" / "make-secrets.sh", tmp_path)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    old = {
        "postgres_password": "p",
        "kk2_database_url": "of kk2",
        "broker_auth": "requirepass b",
        "kk2_broker_url": "b",
    }
    for name, written in old.items():
        (secrets / name).write_text(written, "utf-8")

    for _ in range(2):
        subprocess.run(["/bin/sh", script], check=True, capture_output=True)

    made = {path.name: path.read_text("utf-8") for path in secrets.iterdir()}
    password = make_url(made["kk2_broker_url"]).password
    assert made["broker_auth"] == f"user default off resetpass\nuser kk2 on >{password} {MAY}\n"
    assert make_url(made["kk2_owner_url"]).password == made["postgres_password"] == "p"
    assert make_url(made["kk2_database_url"]).username == PROCESSES
    assert set(made) == set(COMPOSE["secrets"])


def test_the_image_runs_as_nobody_special_and_installs_only_what_is_locked() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    instructions = [line.split()[0] for line in lines if line and line[0].isalpha()]

    assert "USER kk2" in lines
    assert any("--require-hashes" in line and "requirements.lock" in line for line in lines)
    assert "HEALTHCHECK" in instructions
