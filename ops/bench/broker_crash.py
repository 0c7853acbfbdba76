"""What a Celery worker does when its broker is killed: how often it dies, hangs, how soon it goes on, what is lost.

    python -m ops.bench.broker_crash --python VENV/bin/python --trials 20 [--frozen 20]

`VENV` holds the Celery, kombu and redis under test. Each trial queues small tasks, kills the broker (SIGKILL,
append-only file on) while they run, brings it back on the same data after 1.5 s, and counts; `--frozen` stops it for
so many seconds instead (SIGSTOP), as a machine does that is suspended or swaps. A worker that dies or
hangs is replaced at once, as `kk2 up` does. Decision record 0002 has the figures that chose ours.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import cast

import redis

from ops.bench.crash_worker import TASKS, Worker
from ops.embedded import Broker

DOWN_SECONDS = 1.5
HUNG_SECONDS = 20.0
DRAIN_SECONDS = 30.0
REDELIVERED_SECONDS = 10.0  # over the application's visibility timeout
_QUEUE, _UNACKED = "kk2:crash", "kk2:unacked"


@dataclass(frozen=True, slots=True)
class Trial:
    """One crash. `resumed` in seconds from the broker's return to the next finished task, whoever did it."""

    died: bool
    hung: bool
    resumed: float
    lost: int
    left_unacked: int
    twice: int
    orphans: int


def crash(broker: Broker) -> None:
    """Kill the broker and bring it back."""
    broker.kill()
    _until(lambda: False, DOWN_SECONDS)
    broker.start()


def freeze(broker: Broker, seconds: float) -> None:
    """Stop the broker for a while, its connections open."""
    os.kill(broker.pid, signal.SIGSTOP)
    _until(lambda: False, seconds)
    os.kill(broker.pid, signal.SIGCONT)


def trial(python: Path, broker: Broker, folder: Path, after: int, fault: Callable[[Broker], None]) -> Trial:
    """One fault when so many tasks are done."""
    folder.mkdir()
    client = redis.Redis.from_url(broker.admin_url, socket_timeout=10)
    client.flushall()
    worker = Worker(python, folder, broker)
    worker.publish()
    worker.start()
    _until(lambda: len(worker.finished()) >= after, 60)
    fault(broker)
    back, before = time.monotonic(), len(worker.finished())
    orphans, hung = 0, False
    resumed = _until(lambda: len(worker.finished()) > before or worker.is_dead(), HUNG_SECONDS)
    died = worker.is_dead()
    if died or not resumed:
        hung = not died
        orphans = worker.end()
        worker.start()
        _until(lambda: len(worker.finished()) > before, 60)
    resumed_after = time.monotonic() - back
    deadline = time.monotonic() + DRAIN_SECONDS
    while len(set(worker.finished())) < TASKS and time.monotonic() < deadline:
        if worker.is_dead():  # later, while it re-connects: as bad as at once
            died = True
            orphans += worker.end()
            worker.start()
        if client.llen(_QUEUE) == 0 and _is_idle(
            worker, REDELIVERED_SECONDS if client.hlen(_UNACKED) else 1.0
        ):
            break
        time.sleep(0.1)
    finished = Counter(worker.finished())
    unacked = cast("int", client.hlen(_UNACKED))
    waiting = cast("int", client.llen(_QUEUE)) + unacked
    worker.end()
    return Trial(
        died=died,
        hung=hung,
        resumed=round(resumed_after, 2),
        lost=max(0, TASKS - len(finished) - waiting),
        left_unacked=unacked,
        twice=sum(count - 1 for count in finished.values()),
        orphans=orphans,
    )


def measure(python: Path, trials: int, seed: int, fault: Callable[[Broker], None]) -> list[Trial]:
    """The crashes one after another on one broker, each told on stderr as it ends."""
    chance = random.Random(seed)  # noqa: S311 - a seeded schedule is what is wanted
    root = Path(tempfile.mkdtemp(prefix="kk2-broker-crash-"))
    root.chmod(0o711)
    broker = Broker(root / "server", durable=True, machine=True)
    broker.start()
    done: list[Trial] = []
    try:
        for number in range(trials):
            done.append(trial(python, broker, root / str(number), chance.randrange(200, 900), fault))
            sys.stderr.write(f"{number + 1}/{trials} {json.dumps(asdict(done[-1]))}\n")
            if done[-1].died or done[-1].hung:
                shutil.copy(root / str(number) / "worker.log", root.parent / f"{root.name}-{number}.log")
    finally:
        broker.stop()
        shutil.rmtree(root, ignore_errors=True)
    return done


def main() -> int:
    """Print the versions and the sums as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--python", type=Path, default=Path(sys.executable), help="interpreter with the Celery under test"
    )
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frozen", type=float, default=0.0, help="seconds of SIGSTOP instead of a crash")
    asked = parser.parse_args()
    say = "import celery, kombu, redis, billiard; print(*(m.__version__ for m in (celery, kombu, redis, billiard)))"
    versions = subprocess.run(
        [asked.python, "-c", say], capture_output=True, text=True, check=True
    ).stdout.split()
    done = measure(
        asked.python,
        asked.trials,
        asked.seed,
        partial(freeze, seconds=asked.frozen) if asked.frozen else crash,
    )
    sums = {
        "versions": dict(zip(("celery", "kombu", "redis", "billiard"), versions, strict=True)),
        "trials": len(done),
        "died": sum(one.died for one in done),
        "hung": sum(one.hung for one in done),
        "resumed_median_s": median(one.resumed for one in done),
        "resumed_max_s": max(one.resumed for one in done),
        "lost": sum(one.lost for one in done),
        "left_unacked": sum(one.left_unacked for one in done),
        "twice": sum(one.twice for one in done),
        "orphans": sum(one.orphans for one in done),
    }
    sys.stdout.write(json.dumps(sums, indent=1) + "\n")
    return 0


def _until(what: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (so := what()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return so


def _is_idle(worker: Worker, seconds: float) -> bool:
    """Nothing finished for so long: what is missing then and is nowhere queued is lost."""
    before = len(worker.finished())
    return not _until(lambda: len(worker.finished()) > before or worker.is_dead(), seconds)


if __name__ == "__main__":
    sys.exit(main())
