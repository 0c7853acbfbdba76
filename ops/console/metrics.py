"""How the site is, in numbers for Prometheus: read from the database when they are asked for, nothing counted beside it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine

from ops.console import sessions
from ops.console.looking import Desk
from ops.health import Health, health
from ops.queries import alarms, tallies, today

router = APIRouter()


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Give the numbers to a program on this machine, or to one with a token."""
    desk: Desk = request.app.state.desk
    if not _may(request, desk.engine):
        said = "expected a token that has not ended: Authorization: Bearer kk2_…\n"
        return PlainTextResponse(said, 401, {"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    with sessions.reading(desk.engine) as connection:
        registry.register(Numbers(connection))
        told = generate_latest(registry)
    return Response(told, media_type=CONTENT_TYPE_PLAIN_0_0_4)


class Numbers(Collector):
    """Asks the database once, for one answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Give each number; money is whole øre, moments are Unix time. What was never seen is left out."""
        now = health(self._connection)
        yield from _of_processes(now)
        yield from _of_money(self._connection, now)
        yield from _of_clocks(now)
        yield from _of_proofs(self._connection)
        yield from _of_alarms(self._connection)


def _of_processes(now: Health) -> Iterator[Metric]:
    queues = [((queue.queue,), queue) for queue in now.queues]
    yield _gauge("queue_due", "Work that is due.", ("queue",), [(key, q.due) for key, q in queues])
    yield _gauge(
        "queue_oldest_due_seconds", "For how long the oldest work of a queue is due.", ("queue",),
        [(key, q.oldest or 0) for key, q in queues],
    )  # fmt: skip
    yield _gauge(
        "queue_stands", "1: work was rung for, and nobody takes it.", ("queue",),
        [(key, q.state == "bad") for key, q in queues],
    )  # fmt: skip
    yield _gauge(
        "process_age_seconds", "Since a process gave its last sign of life.", ("process",),
        [((pulse.name,), pulse.age) for pulse in now.pulses if pulse.age is not None],
    )  # fmt: skip


def _of_money(connection: Connection, now: Health) -> Iterator[Metric]:
    parked = [((each.stage, each.reason), each) for each in tallies.parked(connection)]
    day = now.taken_at.date()
    by = ("stage", "reason")
    yield _gauge("parked", "What waits for a person.", by, [(key, p.tally.number) for key, p in parked])
    yield _gauge("parked_ore", "Its money.", by, [(key, p.tally.amount) for key, p in parked])
    yield _gauge(
        "parked_oldest_days", "For how many days the first of it waits.", by,
        [(key, (day - p.oldest).days) for key, p in parked],
    )  # fmt: skip
    vouchers = tallies.vouchers_by_state(connection)
    none = tallies.Tally(0, 0)
    to_send = vouchers.get("approved", none).number
    yield _gauge("vouchers_to_send", "Vouchers that are approved and not sent.", (), [((), to_send)])
    failed = [(state, vouchers.get(state, none)) for state in ("refused", "in_doubt")]
    yield _gauge(
        "vouchers_failed", "Vouchers that Visma refused, or that may be booked.", ("state",),
        [((state,), tally.number) for state, tally in failed],
    )  # fmt: skip
    yield _gauge("vouchers_failed_ore", "Their sum.", ("state",), [((s,), t.amount) for s, t in failed])
    yield _gauge("in_doubt_oldest_seconds", "How old the oldest doubt is.", (), [((), now.doubt.oldest or 0)])
    yield _gauge(
        "open_differences", "Differences from Visma that nobody explained.", ("company",),
        [((each.company,), each.number) for each in today.differences(connection)],
    )  # fmt: skip


def _of_clocks(now: Health) -> Iterator[Metric]:
    moments = {"last_file": now.last_file, "last_delivery": now.last_delivery}
    for name, at in moments.items():
        values = [] if at is None else [((), at.timestamp())]
        yield _gauge(f"{name}_timestamp_seconds", f"When the {name.replace('_', ' ')} was.", (), values)
    yield _gauge(
        "schedule_lag_seconds", "For how long the next slot of a schedule is due.", ("schedule",),
        [((s.name,), max(0.0, (now.taken_at - s.next).total_seconds())) for s in now.schedules if s.next],
    )  # fmt: skip
    yield _gauge(
        "brake_standing", "1: a person stopped delivery.", ("scope",),
        [((brake.scope,), 1) for brake in now.brakes],
    )  # fmt: skip


def _of_proofs(connection: Connection) -> Iterator[Metric]:
    meter = today.meter(connection)
    proof = [] if meter.proof is None else [meter.proof]
    yield _gauge(
        "balance_timestamp_seconds", "When the money was checked last.", (),
        [((), each.taken_at.timestamp()) for each in proof],
    )  # fmt: skip
    yield _gauge(
        "balance_result", "1: what the last money check found.", ("result",),
        [((each.result,), 1) for each in proof],
    )  # fmt: skip
    yield _gauge(
        "sums_differ_ore", "What the files say less what the payments sum up to, now.", (),
        [((), meter.read - meter.kept)],
    )  # fmt: skip


def _of_alarms(connection: Connection) -> Iterator[Metric]:
    standing = Counter(
        (row.condition, "acknowledged" if row.seen_by else "new") for row in alarms.standing(connection)
    )
    yield _gauge("alarms", "Alarms that stand.", ("condition", "state"), standing.items())
    yield _gauge(
        "alarms_untold", "Messages of alarms that a receiver has not taken.", ("receiver",),
        [((each.receiver,), each.number) for each in alarms.untold(connection)],
    )  # fmt: skip


def _gauge(
    name: str, says: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(f"kk2_{name}", says, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _may(request: Request, engine: Engine) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return sessions.bearer(engine, token.strip()) is not None
    # A proxy on this machine speaks for others: what it passes on names them, and is asked for a token.
    if {"forwarded", "x-forwarded-for"} & set(request.headers.keys()) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
