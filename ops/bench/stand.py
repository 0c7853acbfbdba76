"""What the measurements of the chain stand on: servers, a town kept as a template, real processes, their CPU and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
from psycopg import sql
from redis import Redis
from sqlalchemy import Connection, Engine, create_engine, text

from ops import migrations
from ops.bench import town
from ops.embedded import Servers
from ops.embedded.postgres import ROLE
from schemas.case import KK2_ORDER
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import (
    BankAccount,
    Client,
    ClosedPeriodPolicy,
    Company,
    Installation,
    OverpaymentPolicy,
    ParkedPolicy,
    PostingAccounts,
    SubLedger,
)
from workers.store import epoch
from workers.store import setup as setup_store

_TEMPLATE = "town"
_LOOK = 0.02


def make_template(servers: Servers, cases: int, endpoint: str) -> None:
    """Fill a database once; each run gets a copy of it, so that all begin alike."""
    with servers.postgres.as_admin() as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(_TEMPLATE), sql.Identifier(ROLE))
        )
    engine = create_engine(servers.postgres.url_of(_TEMPLATE))
    migrations.migrate(engine)
    with engine.begin() as connection:
        town.fill(connection, cases)
        set_up(connection, endpoint)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def set_up(connection: Connection, endpoint: str) -> None:
    """One company with one account, as all measurements have it."""
    for value in _setup(endpoint):
        kind, key = setup_store.key_of(value)
        setup_store.add_row(connection, kind, key, date(2020, 1, 1), value, "bench")


def _setup(endpoint: str) -> list[setup_store.Noun]:
    accounts = PostingAccounts("1920", "8050", "3920", "3905", "2990", "2950", "0", ())
    return [
        Installation("visma", 1, endpoint, "", "", "", "", 5.0, 60.0, 2.0, 1, 1, True, True, False),
        Company("100", "visma", "Storvik kommune", "OC", "WS-Inf", False, "", accounts, ParkedPolicy.SUSPENSE,
                ClosedPeriodPolicy.PARK, True, 0, 0, 0, 500, True),
        BankAccount(town.ACCOUNT, "100", (KidAgreement(10, Modulus.MOD10),), None),
        Client("KOM", "100", "Storvik", KK2_ORDER, kr(210), OverpaymentPolicy.SUSPENSE, None),
        SubLedger("KOM", "100", "K", "1500", "A"),
    ]  # fmt: skip


def count_statements(servers: Servers) -> bool:
    """Have PostgreSQL count its statements, where its extension for that is installed; restarts it."""
    with servers.postgres.as_admin() as admin:
        known = admin.execute(
            "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_stat_statements'"
        ).fetchone()
        if known is None:
            return False
    with (servers.postgres.data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("shared_preload_libraries = 'pg_stat_statements'\n")
    servers.postgres.stop()
    servers.postgres.start()
    with servers.postgres.as_admin() as admin:
        admin.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    return True


def statements(servers: Servers) -> int:
    """Statements that were run so far, those inside triggers' functions not among them."""
    with servers.postgres.as_admin() as admin:
        found = admin.execute("SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements").fetchone()
    return int(str(found[0])) if found else 0


@contextmanager
def fresh(servers: Servers, name: str) -> Iterator[tuple[Engine, str]]:
    """A copy of the town, dropped afterwards; gives an engine and the address."""
    with servers.postgres.as_admin() as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(ROLE), sql.Identifier(_TEMPLATE)
            )
        )
        admin.execute("CHECKPOINT")
    url = servers.postgres.url_of(name)
    engine = create_engine(url)
    with engine.begin() as connection:
        # a copy is another database, which would be taken for a restored one
        connection.execute(text(f"UPDATE epoch SET database = {epoch.IDENTITY}"))
    try:
        yield engine, url
    finally:
        engine.dispose()
        with servers.postgres.as_admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass(slots=True)
class Running:
    """The product's processes of one run."""

    processes: list[psutil.Process]
    peak: dict[str, int]

    def look(self) -> None:
        """Note each worker process's memory, in bytes of its own (shared libraries counted once, as USS does)."""
        for parent in self.processes:
            for process in (parent, *parent.children(recursive=True)):
                try:
                    name = f"{' '.join(process.cmdline()[2:5])}"
                    self.peak[name] = max(self.peak.get(name, 0), process.memory_info().rss)
                except psutil.Error:
                    continue

    def cpu(self) -> float:
        """CPU seconds of all of them so far."""
        total = 0.0
        for parent in self.processes:
            for process in (parent, *parent.children(recursive=True)):
                try:
                    times = process.cpu_times()
                    total += times.user + times.system
                except psutil.Error:
                    continue
        return total


@contextmanager
def running(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], logs: Path
) -> Iterator[Running]:
    """Run `kk2 …` commands until the block ends. The caller waits until they are ready."""
    started: list[subprocess.Popen[bytes]] = []
    logs.mkdir(parents=True, exist_ok=True)
    try:
        for number, command in enumerate(commands):
            with (logs / f"{number}-{command[0]}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "ops.cli", *command],
                        env={**os.environ, **environment},
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        yield Running([psutil.Process(p.pid) for p in started], {})
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def site(
    servers: Servers, folder: Path, name: str, workers: Mapping[str, str]
) -> Iterator[tuple[Engine, Path, Running]]:
    """Watcher, relay and workers (name: queues) on a fresh copy of the town; ready when the block begins."""
    home = folder / name
    commands = [["watch"], ["relay"], *(["worker", "--queues", q, "--name", n] for n, q in workers.items())]
    with Redis.from_url(servers.broker.admin_url) as redis:
        redis.flushall()
    with fresh(servers, name) as (engine, url):
        environment = {
            "KK2_DATABASE_URL": url,
            "KK2_BROKER_URL": servers.broker_url,
            "KK2_FOLDER": str(home),
            "KK2_LOG_LEVEL": "WARNING",
        }
        with running(commands, environment, home / "logs") as run:
            _wait_for_workers(servers, len(workers))
            yield engine, home, run


def _wait_for_workers(servers: Servers, workers: int) -> None:
    """A worker is ready when it consumes: it has bound its mailbox in the broker."""
    deadline = time.monotonic() + 60
    with Redis.from_url(servers.broker.admin_url) as redis:
        while len(redis.smembers("kk2:_kombu.binding.celery.pidbox")) < workers:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    "the workers did not come up within a minute; their logs are in the bench's folder"
                )
            time.sleep(0.05)


def wait_until(engine: Engine, question: str, running_now: Running, seconds: float) -> float:
    """Ask until the answer is true; gives the seconds it took. Raises TimeoutError with the question."""
    started = time.perf_counter()
    looked = 0.0
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(text(question)).scalar_one():
            passed = time.perf_counter() - started
            if passed > seconds:
                raise TimeoutError(f"not so after {seconds:.0f} s: {question}")
            if passed - looked > 0.5:
                running_now.look()
                looked = passed
            time.sleep(_LOOK)
    return time.perf_counter() - started
