"""Flower behind the console's sign-in: who sees it, what passes, and what is said when it is away."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from ops.access import Role
from ops.console import Desk, create
from ops.console.pages.flower import FOR
from tests.console.visiting import PASSWORD, visitor


class _Flower(BaseHTTPRequestHandler):
    """Answers as Flower does, and keeps what it was asked."""

    asked: list[tuple[str, str, dict[str, str]]] = []  # noqa: RUF012 - one server a test empties it

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.send_response(200)
        for name, value in (
            ("Content-Type", "text/html"),
            ("Content-Length", "7"),
            ("Set-Cookie", "_xsrf=1"),
            ("Keep-Alive", "timeout=5"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"workers")

    do_HEAD = do_GET  # noqa: N815 - http.server calls it so

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def flower() -> Iterator[str]:
    _Flower.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Flower) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def console(engine: Engine, flower: str, *roles: Role) -> TestClient:
    visitor(engine, "kari", *roles)
    desk = Desk(engine, lambda _: None, secure=False, flower_url=flower, flower_auth="kk2:word,other:one")
    client = TestClient(create(desk), follow_redirects=False)
    client.post("/sign-in", data={"name": "kari", "password": PASSWORD})
    return client


def test_what_flower_shows_passes_with_its_password_and_without_any_cookie(
    engine: Engine, flower: str
) -> None:
    answer = console(engine, flower, Role.OPERATOR).get("/flower/worker/a%40b?json=1")

    ((method, path, headers),) = _Flower.asked
    assert (answer.status_code, answer.text) == (200, "workers")
    assert (method, path) == ("GET", "/flower/worker/a%40b?json=1")
    assert headers["authorization"] == "Basic a2syOndvcmQ="
    assert "cookie" not in headers
    assert not {"set-cookie", "keep-alive"} & set(answer.headers)
    assert "script-src 'self' 'unsafe-inline'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("role", Role)
def test_only_who_runs_the_site_sees_flower(engine: Engine, flower: str, role: Role) -> None:
    answer = console(engine, flower, role).get("/flower/")

    assert answer.status_code == (200 if role in FOR else 403)
    assert bool(_Flower.asked) is (role in FOR)
    assert ("Flower er for rollene operator og admin." in answer.text) is (role not in FOR)


def test_nobody_sees_flower_without_signing_in(engine: Engine, flower: str) -> None:
    client = console(engine, flower)
    client.cookies.clear()

    assert client.get("/flower/").headers["location"] == "/sign-in?back=/flower/"
    assert not _Flower.asked


def test_only_looking_passes(engine: Engine, flower: str) -> None:
    client = console(engine, flower)

    assert client.head("/flower/").status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert client.request(method, "/flower/api/worker/shutdown/one").status_code in {403, 405}
    assert [method for method, _, _ in _Flower.asked] == ["HEAD"]


def test_the_table_of_tasks_that_flower_asks_for_by_a_form_is_asked_by_looking(
    engine: Engine, flower: str
) -> None:
    client = console(engine, flower, Role.OPERATOR)

    assert (
        client.post("/flower/tasks/datatable", data={"draw": "1", "search[value]": "a b"}).text == "workers"
    )
    ((method, path, _),) = _Flower.asked
    assert (method, path) == ("GET", "/flower/tasks/datatable?draw=1&search%5Bvalue%5D=a+b")
    client.cookies.clear()
    assert client.post("/flower/tasks/datatable").headers["location"].startswith("/sign-in")
    assert len(_Flower.asked) == 1


def test_a_flower_that_is_away_is_said_in_a_sentence(engine: Engine) -> None:
    answer = console(engine, "http://127.0.0.1:1", Role.ADMIN).get("/flower/")

    assert answer.status_code == 502
    assert "Flower svarer ikke." in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
