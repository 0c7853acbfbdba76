"""What every answer carries, what no POST does without its form's secret, and what is said when a page cannot be shown."""

import re
from itertools import product

import pytest
import structlog
from fastapi import APIRouter
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine

from ops.access import ACTS as ROLES_OF
from ops.console import Desk, create
from ops.console.app import HEADERS
from ops.desk.register import ACTS
from tests.console.visiting import PASSWORD, Visitor, visitor

OPEN = {"/sign-in"}  # nobody has a secret yet; a browser says where such a form comes from
ASKS = "/flower/tasks/datatable"  # changes nothing, and Flower's own page cannot have a secret of ours
APP = create(Desk(None, lambda _: None, secure=True))  # type: ignore[arg-type]
POSTS = sorted(
    {
        re.sub(r"\{\w+(:\w+)?\}", "1", route.path)
        for route in APP.state.routes
        if "POST" in (route.methods or ()) and route.path not in OPEN
    }
    | {act.path(1) for act in ACTS.values()}
)
GETS = sorted(
    route.path
    for route in APP.state.routes
    if "GET" in (route.methods or ())
    and "{" not in route.path
    and not route.path.startswith("/sign-in")
    and route.path not in {"/healthz", "/metrics"}
)


def test_no_form_does_anything_without_the_secret_of_its_session(kari: Visitor) -> None:
    """The forms that bring a file want a folder: tests/console/test_adding.py has theirs."""
    for path, fields in product(
        [path for path in POSTS if path != ASKS and not path.startswith("/files/add")],
        ({}, {"secret": "guessed"}, {"secret": ""}),
    ):
        answer = kari.client.post(path, data=fields | {"reason": "so"}, follow_redirects=False)
        assert answer.status_code == 403, path


def test_nobody_does_anything_without_signing_in(kari: Visitor) -> None:
    kari.client.cookies.clear()
    for path in POSTS:
        answer = kari.client.post(path, data={"secret": "guessed"}, follow_redirects=False)

        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?back=/"), path


def test_nobody_sees_anything_without_signing_in(kari: Visitor) -> None:
    kari.client.cookies.clear()
    for path in (path for path in GETS if not path.startswith("/static")):
        answer = kari.client.get(path, follow_redirects=False)

        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in?back="), path


def test_a_form_that_another_site_sends_is_refused_even_at_the_door(kari: Visitor) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200)):
        answer = kari.client.post(
            "/sign-in",
            data={"name": "kari", "password": PASSWORD, "back": "/payments"},
            headers={"Sec-Fetch-Site": site},
        )
        assert answer.status_code == status


def test_each_act_of_the_desk_stands_in_the_table_of_roles() -> None:
    assert {act.name for act in ACTS.values()} <= set(ROLES_OF)


@pytest.mark.parametrize(
    "path", ["/sign-in", "/payments", "/nowhere", "/healthz", "/static/ours/console.css"]
)
def test_every_answer_forbids_frames_scripts_of_others_and_guessing(kari: Visitor, path: str) -> None:
    headers = kari.client.get(path).headers

    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert ("no-store" in headers.get("cache-control", "")) is not path.startswith("/static/")
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_only_behind_tls_a_browser_is_told_to_come_by_tls() -> None:
    with TestClient(APP, base_url="https://desk") as client:
        headers = client.get("/sign-in").headers

    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert set(HEADERS) <= {name.title() for name in headers} | {
        "Content-Security-Policy",
        "X-Content-Type-Options",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "sentence"),
    [
        ("GET", "/nowhere", 404, "Det finnes ingen slik side."),
        ("DELETE", "/payments", 405, "Denne siden kan ikke åpnes på den måten."),
        ("GET", "/payments/999999", 404, "Det finnes ingen slik betaling."),
    ],
)
def test_what_cannot_be_shown_is_said_in_the_visitors_language(
    kari: Visitor, method: str, path: str, status: int, sentence: str
) -> None:
    answer = kari.client.request(method, path)

    assert answer.status_code == status
    assert sentence in answer.text
    assert "Meny" in answer.text  # the way on stands there


def test_an_unknown_error_has_a_number_on_the_page_and_its_place_in_the_log_and_no_value_in_either(
    engine: Engine,
) -> None:
    who = visitor(engine)
    broken = APIRouter()

    def fail() -> None:
        raise ValueError("Ola Nordmann 01010112345")

    broken.add_api_route("/broken", fail, methods=["GET"])
    who.client.app.include_router(broken)  # type: ignore[attr-defined]
    with structlog.testing.capture_logs() as lines:
        answer = who.client.get("/broken")

    found = re.search(r"i loggen som ([0-9a-f]{8})", answer.text)
    assert answer.status_code == 500
    assert found
    assert lines[-1]["error_id"] == found[1]
    assert lines[-1]["trace"][0] == "ValueError"
    assert any(place.endswith(" fail") for place in lines[-1]["trace"])
    assert "Nordmann" not in answer.text + str(lines)


def test_without_its_database_the_console_says_so_and_its_health_is_not() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    client = TestClient(create(Desk(engine, lambda _: None, secure=False)), cookies={"kk2": "x"})

    page = client.get("/payments")

    assert page.status_code == 503
    assert "Databasen kan ikke nås." in page.text
    assert "127.0.0.1" not in page.text
    assert page.headers["x-frame-options"] == "DENY"
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (503, "not\n")


def test_health_says_ok_to_anybody_and_nothing_else(kari: Visitor) -> None:
    kari.client.cookies.clear()
    answer = kari.client.get("/healthz")

    assert (answer.status_code, answer.text) == (200, "ok\n")
