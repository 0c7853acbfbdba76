"""Broker, database and Visma go away, fill up, forget, freeze and lie, in a town of real processes: one line of a table each.

A fault is put to a round in the midst of its work and healed as the outside world would heal it. The oracle does the rest.
"""

import os
import pickle
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import psycopg
import pytest
from celery import Celery

from ops.supervisor import WORKERS, kk2
from pipeline.flow import QUEUES
from tests.faults import injections, rounds
from tests.faults.injections import Fault, Heal, asked_to_end, nothing
from tests.faults.oracle import settled
from tests.faults.town import Town, answered, town
from workers.app import CLOCK
from workers.settings import PREFIX

_MOST_CONNECTIONS = 100


# the broker


def flushed(here: Town) -> Heal:
    with here.redis() as redis:
        redis.flushall()
    return nothing


def empty_after_a_crash(here: Town) -> Heal:
    """It is killed, and its file is gone with it."""
    flushed(here)
    here.signal("broker", signal.SIGKILL)
    return nothing


def frozen(name: str) -> Callable[[Town], Heal]:
    def inject(here: Town) -> Heal:
        pid = here.signal(name, signal.SIGSTOP)
        return lambda: os.kill(pid, signal.SIGCONT)

    return inject


def full(here: Town) -> Heal:
    """It takes no message any more, and forgets none."""

    def limit(size: int) -> None:
        with here.redis() as redis:
            redis.config_set("maxmemory", size)

    limit(1)
    return lambda: limit(0)


def clients_cut_off(here: Town) -> Heal:
    with here.redis() as redis:
        redis.client_kill_filter(_type="normal", skipme=True)
        redis.client_kill_filter(_type="pubsub", skipme=True)
    return nothing


def garbage(here: Town) -> Heal:
    """No JSON, no envelope, a task that nobody knows, a pickle, and ids that were never given out."""
    odd = Celery(broker=here.servers.broker_url)
    odd.conf.update(broker_transport_options={"global_keyprefix": PREFIX}, task_ignore_result=True)
    with here.redis() as redis:
        for queue in (*QUEUES, CLOCK):
            redis.lpush(f"{PREFIX}{queue}", b"\x00 no JSON")  # one each: a worker dies of it
            odd.send_task("nobody", args=[1], queue=queue)
            odd.send_task("deliver", args=["'; DROP TABLE payment; --"], queue=queue)
            odd.send_task("settle", args=[2**62], queue=queue)
            odd.send_task("read", args=[-1], kwargs={"more": 1}, queue=queue)
            body = b64encode(pickle.dumps({"a": 1})).decode("ascii")
            odd.send_task("settle", args=[body], queue=queue, serializer="json")
    return nothing


def every_message_twice_in_another_order(here: Town) -> Heal:
    """Workers stand still while what is rung piles up; then it lies there twice, and backwards."""
    pids = [here.signal(worker.name, signal.SIGSTOP) for worker in WORKERS]

    def heal() -> None:
        with here.redis() as redis:
            for queue in QUEUES:
                lying = redis.lrange(f"{PREFIX}{queue}", 0, -1)
                if lying:
                    redis.rpush(f"{PREFIX}{queue}", *reversed(lying))
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    return heal


def everything_again(here: Town) -> Heal:
    """Each row that there ever was is rung for, to its own stage and to another one."""
    rung = Celery(broker=here.servers.broker_url)
    rung.conf.update(broker_transport_options={"global_keyprefix": PREFIX}, task_ignore_result=True)
    for work_id, stage in here.site.all("SELECT id, stage FROM work ORDER BY id DESC LIMIT 150"):
        rung.send_task(str(stage), args=[work_id], queue="delivery")
        rung.send_task("settle", args=[work_id], queue="payments")
    return nothing


# the database


def restarted_at_once(here: Town) -> Heal:
    """`pg_ctl -m immediate`."""
    here.signal("postgres", signal.SIGQUIT)
    return nothing


def clients_terminated(here: Town) -> Heal:
    with here.servers.postgres.as_admin() as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'kk2'")
    return nothing


def out_of_connections(here: Town) -> Heal:
    """Somebody else has taken all that there are."""
    taken = ExitStack()
    address = here.servers.database_url.replace("postgresql+psycopg://", "postgresql://")
    try:
        for _ in range(_MOST_CONNECTIONS):
            taken.enter_context(psycopg.connect(address, connect_timeout=2))
        raise AssertionError("there are more connections than that")
    except psycopg.OperationalError:
        pass  # none is left
    with here.servers.postgres.as_admin() as admin:  # the product's own are cut, so that it needs new ones
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kk2'")
    return taken.close


# two of what there should be one of


def doubled(*command: str) -> Callable[[Town], Heal]:
    def inject(here: Town) -> Heal:
        own = here.folder / f"second-{command[0]}"
        own.mkdir(exist_ok=True)
        folders = {
            "KK2_FOLDER": str(own),  # beat keeps a file of its own there
            "KK2_INBOX": str(here.home / "inbox"),
            "KK2_ARCHIVE": str(here.home / "archive"),
        }
        process = subprocess.Popen(
            kk2(*command),
            env=os.environ | dict(here.environment) | folders,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def heal() -> None:
            process.kill()
            process.wait(20)

        return heal

    return inject


# Visma


def of_visma(kind: str, operation: str = "RegisterVouchers", **more: object) -> Callable[[Town], Heal]:
    def inject(here: Town) -> Heal:
        here.visma.fault(kind, operation, **more)
        return here.visma.heal

    return inject


FAULTS = (
    Fault("the broker forgets everything", flushed, lasts=0.0),
    Fault("the broker crashes and is empty", empty_after_a_crash, lasts=0.0),
    Fault("the broker is frozen", frozen("broker")),
    Fault("the broker is full", full),
    Fault("the broker cuts all clients off", clients_cut_off, lasts=0.0),
    Fault("messages are garbage", garbage, lasts=0.0),
    Fault("every message comes twice, and backwards", every_message_twice_in_another_order),
    Fault("every row that ever was is rung for again", everything_again, lasts=0.0),
    Fault("the database is restarted at once", restarted_at_once, lasts=0.0),
    Fault("the database terminates all clients", clients_terminated, lasts=0.0),
    Fault("the database is out of connections", out_of_connections),
    Fault("the database is frozen", frozen("postgres")),
    Fault("the database's word of a commit is lost", injections.commits_unheard),
    Fault("the network to the database is cut in two", injections.database_cut_in_two),
    Fault("the network to the broker is cut in two", injections.broker_cut_in_two),
    Fault("every connection to the broker is half open", injections.broker_half_open, is_long=True),
    Fault("every transaction is serializable", injections.strict),
    Fault("somebody locks in the other order", injections.deadlocks, lasts=12.0, is_long=True),
    Fault("all are asked to end when they are done", asked_to_end(signal.SIGTERM), lasts=0.0, is_long=True),
    Fault("all are asked to end at once", asked_to_end(signal.SIGQUIT), lasts=0.0, is_long=True),
    Fault("Visma is restarted", injections.visma_restarted, lasts=0.0),
    Fault("a worker is frozen", frozen("worker-payments")),
    Fault("the delivering worker is frozen", frozen("worker-delivery")),
    Fault("there are two beats", doubled("beat")),
    Fault("there are two watchers", doubled("watch")),
    Fault("there are two relays", doubled("relay")),
    Fault("Visma is frozen", frozen("visma")),
    Fault("Visma is slow", of_visma("slow", "*", seconds=1.0, times=6)),
    Fault("Visma books and answers too late", of_visma("commit_then_slow", seconds=3.0, times=2)),
    Fault("Visma books and drops the answer", of_visma("lose_answer_after_booking", times=3)),
    Fault("Visma never answers", of_visma("hang", times=2)),
    Fault("Visma cuts the line before it reads", of_visma("cut_before_reading", times=3)),
    Fault("Visma books and says 202", of_visma("accepted_202_empty", times=2)),
    Fault("Visma's proxy says 503", of_visma("http_503_xhtml", times=2)),
    Fault("Visma says 500 after booking", of_visma("http_500", times=2, books=True)),
    Fault("Visma answers garbage after booking", of_visma("garbage", times=2, books=True)),
    Fault("Visma answers half", of_visma("truncated", times=2)),
    Fault("Visma answers without an end", of_visma("huge", times=1)),
    Fault("Visma is busy", of_visma("busy", "*", times=4)),
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town")) as made:
        yield made


def put(here: Town, fault: Fault) -> None:
    """Put a fault to a round in the midst of its work, heal it, and see that all comes to rest and is right."""
    here.until(lambda: answered(here), "database, broker and Visma answer")
    rounds.begin(here)
    heal = fault.inject(here)
    try:
        over = time.monotonic() + fault.lasts
        here.until(lambda: time.monotonic() >= over, "the fault has lasted")
    finally:
        heal()
    settled(here)
    if rounds.retry_what_was_refused(here):
        settled(here)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_town_survives(here: Town, fault: Fault) -> None:
    put(here, fault)


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_worker_that_is_asked_to_end_finishes_what_it_has_begun(here: Town) -> None:
    here.until(lambda: answered(here), "database, broker and Visma answer")
    (began,) = here.site.one("SELECT now()")
    rounds.begin(here)
    for worker in WORKERS:
        here.signal(worker.name, signal.SIGTERM)
    settled(here)

    begun_twice = (
        "SELECT w.stage, count(*) FROM claim c JOIN work w ON w.id = c.work_id WHERE c.result IS NULL AND c.at > :began "
        "GROUP BY w.id HAVING count(*) > 1"
    )
    assert here.site.all(begun_twice, began=began) == []


def test_a_fault_has_a_name_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
