"""A town: the whole product as real processes, with one company, which faults are put to and which must come to rest again.

It stands for a module; each fault brings its own small files. Nothing in here touches the database of what came to pass.
"""

import hashlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from ops import embedded
from ops.demo.stack import migrate
from ops.embedded import HOST, Servers, free_port
from ops.supervisor import Process, Supervisor, standard_processes
from ops.supervisor.status import State
from schemas.setup import Client, Company, Installation
from tests.faults.far_visma import FarVisma
from tests.faults.line import Line
from tests.points import ROOT
from tests.site import FIRST_DAY, Site, hands_on, setup_of
from workers.store import setup as setup_store

SEED = int(os.environ.get("KK2_FAULT_SEED") or random.SystemRandom().randrange(1_000_000))
"""What is drawn is drawn from it; the run prints it, and KK2_FAULT_SEED repeats one."""
QUICK = {
    "KK2_SCAN_INTERVAL": "0.5",
    "KK2_QUIET_TIME": "0.3",
    "KK2_RELAY_INTERVAL": "0.5",
    "KK2_RING_AGAIN_AFTER": "1",
    "KK2_RING_ANYWAY_AFTER": "6",
    "KK2_VISIBILITY_TIMEOUT": "10",
    "KK2_BEAT_INTERVAL": "1",
    "KK2_SLICE_SIZE": "10",
    "KK2_SCHEDULE_REST": "every 4 s",
    "KK2_SCHEDULE_IMPORT": "never",
    "KK2_SCHEDULE_FETCH": "never",
    "KK2_SCHEDULE_CONTROL": "never",
}
_LOOK = 0.05


class StoodStillError(AssertionError):
    """Nothing moved any more, and what was waited for had not come; the sentence says what was open."""


@dataclass(slots=True)
class Town:
    """What runs, and what was given to it. `given`: by each file's sha256 its payments in their order, None for no file."""

    folder: Path
    servers: Servers
    supervisor: Supervisor
    engine: Engine
    visma: FarVisma
    site: Site
    environment: Mapping[str, str]
    to_database: Line
    to_broker: Line
    given: dict[str, tuple[int, ...]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    owed: dict[str, int] = field(default_factory=dict)
    """By KID, what each case was given to owe."""
    paid: Counter[str] = field(default_factory=Counter)
    """By KID, what the files brought."""
    rounds: int = 0
    patience: float = 75.0
    """Seconds without any progress after which nothing will come any more: longer than the longest lease."""

    @property
    def home(self) -> Path:
        """The product's own folder."""
        return self.folder / "kk2"

    def drop(self, name: str, content: bytes) -> None:
        """Bring a file as a bank client does."""
        part = self.home / "inbox" / f"{name}.part"
        part.write_bytes(content)
        part.rename(part.with_suffix(""))
        (self.folder / "brought" / name).write_bytes(content)

    def bring(self, name: str, content: bytes, *amounts: int) -> None:
        """Bring a bank file, and remember the payments that it has; none: it is no bank file."""
        self.remember(content, *amounts)
        self.drop(name, content)

    def remember(self, content: bytes, *amounts: int) -> None:
        """Say what a file has that comes by another way."""
        digest = hashlib.sha256(content).hexdigest()
        if amounts:
            self.given[digest] = amounts
        else:
            self.refused.add(digest)

    # what dies

    def arm(self, point: str, how: str = "process") -> None:
        """Let the first process that comes by a crash point die there; `group`: with all its pool."""
        (self.folder / "crash" / point).write_text(how, "ascii")

    def armed(self) -> set[str]:
        """The points that nobody has come by yet."""
        lying = {path.name for path in (self.folder / "crash").iterdir()}
        return lying - {"passed"} - {f"{point}.taken" for point in self.died()}

    def died(self) -> set[str]:
        """The points at which a process has died."""
        return {path.name.removesuffix(".taken") for path in (self.folder / "crash").glob("*.taken")}

    def passed(self) -> Counter[str]:
        """How often each point was passed."""
        return Counter((self.folder / "crash" / "passed").read_text("ascii").split())

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a process by its name; gives its pid."""
        self.until(lambda: self.pid(name) is not None, f"{name} runs")
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, number)
        return pid

    def pid(self, name: str) -> int | None:
        """The pid of a process that runs."""
        one = self.supervisor.status().of(name)
        return one.pid if one.state is State.RUNNING else None

    # what moves

    def until(self, is_so: Callable[[], object], what: str, *, seconds: float = 240.0) -> None:
        """Keep the processes running until it is so. Fails once nothing has moved for long, or after `seconds`."""
        began = moved = time.monotonic()
        seen: object = None
        while True:
            self.supervisor.step()
            try:
                if is_so():
                    return
                now = self.progress()
                if now != seen:
                    seen, moved = now, time.monotonic()
            except (DBAPIError, RedisError, OSError):
                pass  # what was killed comes back
            if time.monotonic() - moved > self.patience or time.monotonic() - began > seconds:
                raise StoodStillError(f"seed {SEED}: {what}: it stood still. {self.open_work()}")
            time.sleep(_LOOK)

    def progress(self) -> tuple[object, ...]:
        """What grows or changes as long as anything is done for work of ours; the clock's own rounds are not counted."""
        return self.site.one(
            "SELECT (SELECT count(*) FROM journal WHERE event <> 'RestDue'), (SELECT count(*) FROM bank_file), "
            "(SELECT count(*) FROM work WHERE state = 'due' AND stage <> 'propose'), "
            "(SELECT count(*) FROM claim c JOIN work w ON w.id = c.work_id WHERE w.stage <> 'propose'), "
            "(SELECT array_agg(n ORDER BY state) FROM (SELECT state, count(*) AS n FROM voucher GROUP BY state) v)"
        )

    def is_quiet(self) -> bool:
        """Whether all that was brought has come all the way, and nothing is left to do without a person."""
        row = self.site.one(
            "SELECT (SELECT count(*) FROM bank_file WHERE state IN ('read', 'unreadable') AND open_slices = 0), "
            "(SELECT count(*) FROM payment WHERE state = 'waiting'), (SELECT count(*) FROM work WHERE state = 'due' "
            "AND NOT (stage = 'propose' AND made_at > now() - interval '3 s')), "
            "(SELECT count(*) FROM voucher WHERE state NOT IN ('delivered', 'refused', 'void')), "
            "(SELECT count(*) FROM split s WHERE s.superseded_by IS NULL AND NOT EXISTS "
            "(SELECT FROM voucher_split v WHERE v.split_id = s.id AND NOT v.released)), "
            "(SELECT count(*) FROM kk2_case WHERE dirty)"
        )
        brought = len(self.given) + len(self.refused)
        left = [path for path in (self.home / "inbox").iterdir() if path.is_file()]
        return row == (brought, 0, 0, 0, 0, 0) and not left

    def open_work(self) -> str:
        """What is not done, in a sentence."""
        with suppress(DBAPIError):
            work = self.site.all(
                "SELECT stage, state, reason, count(*), max(note) FROM work WHERE state <> 'done' AND payment_id IS NULL "
                "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            )
            vouchers = self.site.all("SELECT state, count(*) FROM voucher GROUP BY 1")
            files = self.site.all("SELECT state, open_slices, count(*) FROM bank_file GROUP BY 1, 2")
            left = [path.name for path in (self.home / "inbox").iterdir()]
            ends = [(one.name, one.state.value, one.last_end) for one in self.supervisor.status().processes]
            armed = sorted(self.armed())
            return f"work {work}; vouchers {vouchers}; files {files} of {len(self.given)}; inbox {left}; armed {armed}; {ends}"
        return "the database does not answer"

    def redis(self) -> "Redis":
        """A connection to the broker."""
        return Redis.from_url(self.servers.broker.admin_url, socket_timeout=2.0, socket_connect_timeout=2.0)


@contextmanager
def town(
    folder: Path,
    *,
    armed: Mapping[str, str] | None = None,
    sabotage: str = "",
    deliverers: int = 1,
    call_seconds: float = 1.5,
    older: bool = False,
    settings: Mapping[str, str] | None = None,
    console: str = "",
) -> Iterator[Town]:
    """Start all processes on an empty folder; stop every one of them in the end.

    `armed`: points at which the start dies, and how. `sabotage`: the guard that the workers lack (`sabotaged.py`).
    `deliverers`: how many workers deliver. `call_seconds`: how long a call to Visma may take.
    `older`: the last of those is of a version that lacks an event. `settings`: instead of the quick ones, and then whoever dies is started again as on a real site. `console`: its port.
    Call it from the main thread.
    """
    folder.chmod(0o711)  # the servers' own user must pass through
    crash = folder / "crash"
    crash.mkdir()
    (folder / "brought").mkdir()
    (folder / "beside").write_text("not ours", "ascii")
    (crash / "passed").touch()
    (folder / "kk2" / "inbox").mkdir(parents=True)
    port = free_port()
    visma = FarVisma(f"http://{HOST}:{port}")
    with (
        embedded.start(folder / "servers", durable=False) as servers,
        Line(servers.postgres.port) as to_database,
        Line(servers.broker.port) as to_broker,
    ):
        engine = create_engine(servers.database_url, pool_pre_ping=True)
        migrate(servers)
        _set_up(engine, f"{visma.url}/wsinkasso", call_seconds)
        environment = {
            "KK2_DATABASE_URL": _over(to_database, servers.database_url),
            "KK2_BROKER_URL": _over(to_broker, servers.broker_url),
            "KK2_FOLDER": str(folder / "kk2"),
            "KK2_CRASH_AT": str(crash),
            "PYTHONPATH": str(ROOT),
            **(QUICK if settings is None else settings),
        }
        arguments = ("--port", str(port), "--folder", str(folder / "visma"), "--no-proposals")
        pages = ("--port", console) if console else None
        processes = standard_processes(
            environment, servers=servers, visma=arguments, flower=None, console=pages
        )
        # whoever dies by our hand every other second shall not be waited for as one that is broken
        quick = [replace(each, longest_pause=0.5) if settings is None else each for each in processes]
        if sabotage:
            quick = [_sabotaged(each, sabotage) for each in quick]
        (delivers,) = [each for each in quick if each.name == "worker-delivery"]
        quick += [_another(delivers, number) for number in range(2, deliverers + 1)]
        if older:
            quick[-1] = _sabotaged(quick[-1], "older")
        supervisor = Supervisor(quick, folder)
        site = Site(engine, folder, visma, hands_on(engine, folder, []))  # type: ignore[arg-type]
        made = Town(folder, servers, supervisor, engine, visma, site, environment, to_database, to_broker)
        for point, how in (armed or {}).items():
            made.arm(point, how)
        try:
            with supervisor:
                made.until(visma.answers, "Visma answers")
                yield made
        finally:
            engine.dispose()


def _over(line: Line, url: str) -> str:
    return url.replace(f":{line.target}/", f":{line.port}/")


def _sabotaged(process: Process, guard: str) -> Process:
    if not process.name.startswith("worker"):
        return process
    python, _, _, *of_kk2 = process.argv
    return replace(process, argv=(python, "-m", "tests.faults.sabotaged", guard, *of_kk2))


def _another(process: Process, number: int) -> Process:
    name = f"{process.name}-{number}"
    return replace(process, name=name, argv=(*process.argv, "--name", name))


def _set_up(engine: Engine, endpoint: str, call_seconds: float) -> None:
    with engine.begin() as connection:
        for noun in setup_of(endpoint, dunning_code="EWS"):
            made = noun
            if isinstance(noun, Installation):
                # short, so that a lease is; several calls at a time, so that one that died holds up no other
                made = replace(noun, connect_timeout=0.5, operation_timeout=call_seconds, max_calls=6)
            elif isinstance(noun, Client):
                made = replace(noun, case_no_pattern="NY-######")
            elif isinstance(noun, Company):
                made = replace(noun, payments_per_voucher=3)
            kind, key = setup_store.key_of(made)
            setup_store.add_row(connection, kind, key, FIRST_DAY, made, "test")


def answered(of: Town) -> bool:
    """Whether database, broker and Visma all answer."""
    with of.engine.connect() as connection, of.redis() as redis:
        connection.execute(text("SELECT 1"))
        redis.ping()
    return of.visma.answers()
