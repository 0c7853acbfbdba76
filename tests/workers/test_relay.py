"""The relay: what is due is rung, what the broker has lost is rung again, and a broker that is gone slows nobody."""

import json
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import fakeredis
import pytest
from celery import Celery
from redis.exceptions import ConnectionError as NoBrokerError
from sqlalchemy import Connection, Engine, text

from ops.embedded import Broker
from pipeline.flow import QUEUES
from schemas.events import RestDue
from tests.faults.line import Line
from workers import relay
from workers.app import configuration
from workers.journal import Ring, record
from workers.relay import Ringer, Swept, celery_bell, sweep, waiting_in
from workers.settings import Settings
from workers.shell import rows
from workers.store.engine import engine_for

NOBODY = dict.fromkeys(QUEUES, 0)


@pytest.fixture
def redis() -> Iterator[fakeredis.FakeRedis]:
    with fakeredis.FakeRedis() as made:
        yield made


def rung(engine: Engine, number: int, *, seconds_ago: float = 40.0) -> list[Ring]:
    """So many rows of the queue `vouchers`, due, and rung a while ago."""
    with engine.begin() as connection:
        rings = record(connection, [RestDue(str(n)) for n in range(number)])
        connection.execute(
            text("UPDATE work SET rung_at = now() - make_interval(secs => :ago)"), {"ago": seconds_ago}
        )
    return rings


def swept(engine: Engine, redis: fakeredis.FakeRedis) -> Swept:
    with engine.begin() as connection:
        waiting = {queue: waiting_in(redis, queue) for queue in QUEUES}
        return sweep(connection, waiting, ring_again_after=30.0, ring_anyway_after=900.0)


def test_what_the_queue_still_holds_is_not_rung_again(engine: Engine, redis: fakeredis.FakeRedis) -> None:
    rung(engine, 3)
    redis.lpush("kk2:vouchers", "a", "b", "c")

    assert swept(engine, redis) == Swept((), ())


def test_as_many_as_are_missing_in_the_queue_are_rung_again_the_oldest_first(
    engine: Engine, redis: fakeredis.FakeRedis
) -> None:
    rings = rung(engine, 3)
    redis.lpush("kk2:vouchers", "b", "c")

    assert swept(engine, redis).again == (rings[0],)


def test_what_came_a_moment_ago_and_waits_hides_no_loss(engine: Engine, redis: fakeredis.FakeRedis) -> None:
    """A queue that is never empty under load holds young messages: they are not those of the old rows."""
    lost = rung(engine, 1)
    with engine.begin() as connection:
        record(connection, [RestDue(f"young {n}") for n in range(3)])
        connection.execute(
            text("UPDATE work SET rung_at = now() WHERE rung_at IS NULL OR id <> :lost"),
            {"lost": lost[0].work_id},
        )
    redis.lpush("kk2:vouchers", "a", "b", "c")

    assert swept(engine, redis).again == tuple(lost)


def test_another_queue_proves_nothing(engine: Engine, redis: fakeredis.FakeRedis) -> None:
    rings = rung(engine, 2)
    redis.lpush("kk2:delivery", "a", "b")

    assert swept(engine, redis).again == tuple(rings)


def test_a_message_of_a_moment_ago_is_given_its_time(engine: Engine, redis: fakeredis.FakeRedis) -> None:
    rung(engine, 2, seconds_ago=5.0)

    assert swept(engine, redis) == Swept((), ())


def test_after_a_quarter_of_an_hour_it_is_rung_whatever_the_queue_holds(
    engine: Engine, redis: fakeredis.FakeRedis
) -> None:
    rings = rung(engine, 2, seconds_ago=1000.0)
    redis.lpush("kk2:vouchers", *map(str, range(50)))

    assert swept(engine, redis).again == tuple(rings)


def test_what_was_rung_again_is_not_rung_in_the_next_sweep(
    engine: Engine, redis: fakeredis.FakeRedis
) -> None:
    rung(engine, 2)
    swept(engine, redis)

    assert swept(engine, redis) == Swept((), ())


def test_a_row_that_a_worker_has_is_neither_lost_nor_rung(engine: Engine, redis: fakeredis.FakeRedis) -> None:
    first, second = rung(engine, 2)
    with engine.begin() as worker:
        worker.execute(text("SELECT FROM work WHERE id = :id FOR UPDATE"), {"id": first.work_id})

        assert swept(engine, redis).again == (second,)


def test_a_row_is_rung_when_it_is_due_and_not_before(engine: Engine, redis: fakeredis.FakeRedis) -> None:
    with engine.begin() as connection:
        assert record(connection, [RestDue("100")], due_in=3600.0) == []
    assert swept(engine, redis) == Swept((), ())

    with engine.begin() as connection:
        connection.execute(text("UPDATE work SET due_at = now()"))

    assert [ring.label for ring in swept(engine, redis).due] == ["company 100, rest"]


def test_a_row_for_a_stage_of_a_newer_program_stops_no_other(
    engine: Engine, redis: fakeredis.FakeRedis
) -> None:
    first, second = rung(engine, 2)
    with engine.begin() as connection:
        connection.execute(text("UPDATE work SET stage = 'teleport' WHERE id = :id"), {"id": first.work_id})

    assert swept(engine, redis).again == (second,)


def test_a_row_for_an_event_of_a_newer_program_waits_for_it_and_stops_no_other(
    engine: Engine, redis: fakeredis.FakeRedis
) -> None:
    first, second = rung(engine, 2)
    with engine.begin() as connection:
        connection.execute(
            text(
                "WITH told AS (INSERT INTO journal (event, body, actor) VALUES ('Teleported', '{}', 'newer') RETURNING id) "
                "UPDATE work SET event_id = told.id FROM told WHERE work.id = :id"
            ),
            {"id": first.work_id},
        )

    assert swept(engine, redis).again == (second,)
    with engine.begin() as connection:
        assert rows.claim(connection, first.work_id, first.stage) is None
        assert rows.claim(connection, second.work_id, second.stage) is not None


def test_after_a_ring_that_failed_nothing_is_rung_for_ten_seconds() -> None:
    heard: list[Ring] = []
    now = [100.0]
    down = [True]

    def bell(ring: Ring) -> None:
        if down[0]:
            raise NoBrokerError
        heard.append(ring)

    ringer = Ringer(bell, clock=lambda: now[0])
    rings = [Ring(n, "propose", "") for n in range(3)]

    assert not ringer.ring(rings)
    down[0] = False
    now[0] = 109.9
    assert not ringer.ring(rings)
    assert (heard, ringer.unheard) == ([], 6)
    now[0] = 110.0
    assert ringer.ring(rings)
    assert heard == rings


def test_of_two_relays_one_sweeps(engine: Engine, redis: fakeredis.FakeRedis) -> None:
    rings = rung(engine, 2)
    heard: list[Ring] = []

    def once() -> None:
        relay.run(
            engine,
            Ringer(heard.append),
            redis,
            interval=1.0,
            ring_again_after=30.0,
            ring_anyway_after=900.0,
            stop=lambda _: True,
        )

    with engine.begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": relay._LEADER})
        second = threading.Thread(target=once)
        second.start()
        second.join(30.0)
        assert not second.is_alive()
        assert heard == []
    once()

    assert heard == rings
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, note FROM heartbeat")).all() == [
            ("relay", "0 due, 2 rung again")
        ]


def test_a_broker_that_is_gone_ends_no_relay_and_marks_no_row(engine: Engine) -> None:
    rung(engine, 1)
    server = fakeredis.FakeServer()
    server.connected = False
    sweeps: list[float] = []

    def stop(seconds: float) -> bool:
        sweeps.append(seconds)
        return len(sweeps) == 2

    relay.run(
        engine,
        Ringer(lambda _: None),
        fakeredis.FakeRedis(server=server),
        interval=1.0,
        ring_again_after=30.0,
        ring_anyway_after=900.0,
        stop=stop,
    )

    assert sweeps == [1.0, 1.0]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT now() - rung_at > interval '30 s' FROM work")).scalar_one()


def test_a_message_carries_the_row_s_id_and_nothing_else(broker_url: str, tmp_path: Any) -> None:
    site = Settings(database_url="postgresql+psycopg://x", broker_url=broker_url, folder=tmp_path)  # type: ignore[arg-type]
    app = Celery("test")
    app.conf.update(configuration(site))

    celery_bell(app)(Ring(17, "deliver", "voucher 5"))

    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("delivery", no_ack=True).get(timeout=10)
    args, kwargs, _ = message.payload
    assert (args, kwargs) == ([17], {})
    assert message.headers["argsrepr"] == "(voucher 5)"
    assert json.dumps(message.payload).count("voucher") == 0


def test_a_ring_over_a_dead_line_is_not_heard_and_the_next_over_a_new_line_is(
    broker: Broker, broker_url: str, tmp_path: Any
) -> None:
    app = Celery("test")
    with Line(broker.port) as line:
        over = broker_url.replace(f":{broker.port}/", f":{line.port}/")
        site = Settings(database_url="postgresql+psycopg://x", broker_url=over, folder=tmp_path)  # type: ignore[arg-type]
        app.conf.update(configuration(site))
        app.conf.broker_transport_options |= {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
        now = [0.0]
        ringer = Ringer(celery_bell(app), clock=lambda: now[0])
        heard = []
        for act in (line.hear, line.deafen, line.deafen, line.deafen, line.hear):
            act()
            now[0] += 60.0
            heard.append(ringer.ring([Ring(17, "deliver", "")]))

    assert heard == [True, False, False, False, True]


def test_a_far_side_that_is_gone_without_a_word_is_noticed_within_half_a_minute(
    broker_url: str, migrated_url: str, tmp_path: Any
) -> None:
    site = Settings(database_url=migrated_url, broker_url=broker_url, folder=tmp_path)  # type: ignore[arg-type]
    app = Celery("test")
    app.conf.update(configuration(site))

    def patience(line: socket.socket) -> list[int]:
        waits = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        return [line.getsockopt(socket.IPPROTO_TCP, each) for each in waits]

    with app.connection_for_read() as connection, connection.channel() as channel:
        redis = channel.client.connection_pool.get_connection()
        of_broker = patience(redis._sock)
        redis.disconnect()
    engine = engine_for(migrated_url)
    with engine.connect() as connection, socket.socket(fileno=os.dup(_descriptor(connection))) as line:
        of_database = patience(line)
    engine.dispose()

    assert of_broker == of_database == [20, 5, 3, 30_000]


def _descriptor(connection: Connection) -> int:
    driver = connection.connection.driver_connection
    assert driver is not None
    return int(driver.fileno())
