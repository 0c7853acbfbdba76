"""The numbers for Prometheus: who gets them, that they are the ledger's, and that each alarm asks for one that exists."""

import re
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

import ops
from ops.access import Role
from ops.console import Desk, create
from ops.queries import tallies
from ops.repairs import tokens
from tests.console.visiting import SETTER_UP, user
from tests.ops.ledger import Standing

RULES = Path(ops.__file__).parent / "prometheus" / "rules.yml"


def _client(engine: Engine, host: str) -> TestClient:
    return TestClient(create(Desk(engine, lambda _: True, secure=False)), client=(host, 50_000))


def _told(engine: Engine) -> dict[str, Metric]:
    answer = _client(engine, "127.0.0.1").get("/metrics")
    assert answer.status_code == 200
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def test_parked_money_is_told_in_number_and_whole_ore_as_the_sums_have_it(
    engine: Engine, stands: Standing
) -> None:
    told = _told(engine)
    with engine.connect() as connection:
        parked = tallies.parked(connection)

    assert parked
    for name, wanted in (
        ("kk2_parked", {(p.stage, p.reason): p.tally.number for p in parked}),
        ("kk2_parked_ore", {(p.stage, p.reason): p.tally.amount for p in parked}),
    ):
        assert {(s.labels["stage"], s.labels["reason"]): s.value for s in told[name].samples} == wanted


def test_a_stop_and_a_sign_of_life_are_told_while_they_are_there(engine: Engine) -> None:
    assert not _told(engine)["kk2_brake_standing"].samples
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO brake (scope, actor, reason) VALUES ('*', 'kari', 'month end')"))
        connection.execute(
            text("INSERT INTO heartbeat (name, at) VALUES ('beat', now() - interval '1 hour')")
        )

    told = _told(engine)

    assert [s.labels for s in told["kk2_brake_standing"].samples] == [{"scope": "*"}]
    assert [s.value for s in told["kk2_process_age_seconds"].samples] == [pytest.approx(3600, abs=60)]


def test_each_alarm_asks_for_numbers_that_are_told(engine: Engine) -> None:
    told = _told(engine)
    asked = [
        rule["expr"]
        for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]

    assert asked
    assert {name for expr in asked for name in re.findall(r"kk2_\w+", expr)} <= told.keys()
    queues = {sample.labels["queue"] for sample in told["kk2_queue_due"].samples}
    assert {queue for expr in asked for queue in re.findall(r'queue="(\w+)"', expr)} <= queues


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, 401),
        ("127.0.0.1", {"Authorization": "Bearer kk2_guessed"}, 401),
        ("10.0.0.7", {"X-Forwarded-For": "127.0.0.1"}, 401),
    ],
)
def test_only_a_program_on_this_machine_needs_no_token(
    engine: Engine, host: str, headers: dict[str, str], status: int
) -> None:
    answer = _client(engine, host).get("/metrics", headers=headers)

    assert answer.status_code == status
    assert ("kk2_queue_due" in answer.text) == (status == 200)


def test_a_token_opens_it_from_elsewhere_until_it_ends(engine: Engine) -> None:
    with engine.begin() as connection:
        user(connection, "prometheus", Role.VIEWER)
        token = tokens.make_token(connection, "prometheus", "metrics", 1, person=SETTER_UP)[1]
    client = _client(engine, "10.0.0.7")
    headers = {"Authorization": f"Bearer {token}"}

    assert client.get("/metrics", headers=headers).status_code == 200
    with engine.begin() as connection:
        tokens.end_token(connection, 1, person=SETTER_UP)
    assert client.get("/metrics", headers=headers).status_code == 401
