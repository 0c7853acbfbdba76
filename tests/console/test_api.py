"""The desk for programs: the same lists, reads and acts with a token, and no question that ends in a 500."""

import os
from collections.abc import Iterator

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from sqlalchemy import Engine, create_engine, text

from ops.access import Role
from ops.console import Desk, create
from ops.desk.register import ACTS
from ops.embedded import Postgres
from ops.repairs import tokens
from tests.console.visiting import SETTER_UP, user
from tests.ops.ledger import Standing, standing
from tests.servers import new_database

_EXAMPLES = int(os.environ.get("KK2_FUZZ", "8"))
"""Questions to each operation."""


def _token(engine: Engine, name: str, *roles: Role) -> str:
    with engine.begin() as connection:
        user(connection, name, *roles)
        return tokens.make_token(connection, name, "a test", 1, person=SETTER_UP)[1]


def _client(engine: Engine, token: str) -> TestClient:
    made = TestClient(create(Desk(engine, lambda _: True, secure=False)))
    made.headers["Authorization"] = f"Bearer {token}"
    return made


@pytest.fixture
def program(engine: Engine, stands: Standing) -> TestClient:
    """A program that acts in the name of a clerk."""
    return _client(engine, _token(engine, "kari", Role.CLERK))


def test_a_list_says_in_whole_ore_what_the_page_shows(program: TestClient, stands: Standing) -> None:
    found = program.get("/api/payments?state=parked").json()

    assert found["count"] == len(found["rows"]) == 2
    assert found["totals"] == {"amount": 16_500}
    assert stands.parked in [row["id"] for row in found["rows"]]


def test_an_act_is_done_in_the_users_name_or_refused_with_the_same_sentence(
    program: TestClient, stands: Standing, engine: Engine
) -> None:
    path = f"/api/payments/{stands.parked}/refuse"

    assert program.post(path, json={"reason": "booked elsewhere"}).json()["done"]
    again = program.post(path, json={"reason": "booked elsewhere"})

    assert again.status_code == 409
    assert "last: refuse by kari" in again.json()["detail"]
    with engine.connect() as connection:
        assert (
            connection.execute(text("SELECT actor FROM audit ORDER BY id DESC LIMIT 1")).scalar_one()
            == "kari"
        )


def test_roles_are_the_same_as_at_the_console(stands: Standing, engine: Engine) -> None:
    viewer = _client(engine, _token(engine, "ole", Role.VIEWER))

    assert viewer.get(f"/api/why/{stands.delivered}").status_code == 200
    refused = viewer.post(f"/api/payments/{stands.parked}/refuse", json={"reason": "so"})
    assert refused.status_code == 403
    assert "it is for the role" in refused.json()["detail"]


def test_a_token_that_ended_opens_nothing(program: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        tokens.end_token(connection, 1, person=SETTER_UP)

    assert program.get("/api/payments").status_code == 401
    assert program.get("/api/payments", headers={"Authorization": "Bearer kk2_guessed"}).status_code == 401


@pytest.fixture(scope="module")
def everything(postgres: Postgres, template: str) -> Iterator[tuple[FastAPI, str]]:
    """The whole application over the small ledger, and a token that may do all."""
    with new_database(postgres, template=template) as url:
        engine = create_engine(url)
        standing(engine)
        token = _token(engine, "root", *Role)
        yield create(Desk(engine, lambda _: True, secure=False)), token
        engine.dispose()


def test_no_question_ends_in_a_500(everything: tuple[FastAPI, str]) -> None:
    app, token = everything
    described = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    operations = [each.ok() for each in described.get_all_operations() if isinstance(each, Ok)]

    for operation in operations:

        @settings(
            max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=[not_a_server_error])

        ask()
    assert len(operations) > len(ACTS)
