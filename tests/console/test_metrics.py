"""The numbers for Prometheus: who gets them, that they are the ledger's, and that each alarm asks for one that exists."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, text

import ops
from ops import balance
from ops.access import Role
from ops.console import Desk, create
from ops.health.pulse import LATE
from ops.queries import tallies
from ops.repairs import tokens
from pipeline.flow import QUEUES
from tests.console.visiting import SETTER_UP, user
from tests.ops.ledger import Standing

_OPS = Path(ops.__file__).parent
RULES = _OPS / "prometheus" / "rules.yml"
DASHBOARD = _OPS / "grafana" / "kk2-visma.json"


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


def _rules() -> list[str]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    assert all(rule["annotations"]["summary"] for group in groups for rule in group["rules"])
    return [rule["expr"] for group in groups for rule in group["rules"]]


def _panels() -> list[str]:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    grids = [panel["gridPos"] for panel in panels]
    cells = [(g["x"] + x, g["y"] + y) for g in grids for x in range(g["w"]) for y in range(g["h"])]
    assert len(cells) == len(set(cells))  # no panel lies on another
    return [target["expr"] for panel in panels for target in panel["targets"]]


_LABELS = {
    "queue": set(QUEUES),
    "process": set(LATE),
    "result": {"agrees", "differs", "unknown"},
    "state": {"new", "acknowledged"},
    "scope": {"*"},
}
"""The values of each label that an expression may ask for."""


@pytest.mark.parametrize("expressions", [_rules, _panels])
def test_each_alarm_and_each_panel_asks_for_numbers_that_are_told(
    engine: Engine, expressions: Callable[[], list[str]]
) -> None:
    told = _told(engine)
    asked = expressions()

    assert all("kk2_" in expr for expr in asked)
    assert {name for expr in asked for name in re.findall(r"kk2_\w+", expr)} <= told.keys()
    named = [pair for expr in asked for pair in re.findall(r'(\w+)="([^"]+)"', expr)]
    assert named
    assert [(label, value) for label, value in named if value not in _LABELS[label]] == []


def test_the_money_check_and_the_alarms_are_told(engine: Engine, stands: Standing) -> None:
    before = _told(engine)
    assert not before["kk2_balance_result"].samples
    assert [s.value for s in before["kk2_sums_differ_ore"].samples] == [0]
    with engine.connect() as connection:
        report = balance.check(connection, None)
    with engine.begin() as connection:
        balance.keep(connection, report)
        connection.execute(
            text("UPDATE tally SET amount = amount + 1 WHERE of = 'payment' AND state = 'parked'")
        )
        connection.execute(
            text(
                "INSERT INTO alarm (condition, subject, says, seen_by) SELECT 'file_missing', n::text, 'x', "
                "CASE n WHEN 1 THEN 'kari' ELSE '' END FROM generate_series(1, 3) n"
            )
        )
    told = _told(engine)

    assert [s.labels for s in told["kk2_balance_result"].samples] == [{"result": "unknown"}]
    assert [s.value for s in told["kk2_sums_differ_ore"].samples] == [-2]
    found = {(s.labels["state"], s.value) for s in told["kk2_alarms"].samples}
    assert found == {("acknowledged", 1), ("new", 2)}
    assert "kari" not in str(told)


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
