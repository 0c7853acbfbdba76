"""The door: who comes in, who waits, and what the browser is given."""

from datetime import timedelta

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from ops.access import Role
from ops.console import Desk, create
from ops.console.limiting import NAME, PAIR, Limiter
from ops.console.sessions import Lasting
from ops.repairs import people
from tests.console.visiting import PASSWORD, SETTER_UP

WRONG = "not this password"
NOWHERE = "redis://127.0.0.1:1/0"


def console(engine: Engine, *, secure: bool = False, broker_url: str | None = None) -> TestClient:
    desk = Desk(engine, lambda _: None, secure=secure, limiter=Limiter(broker_url))
    return TestClient(
        create(desk), base_url="https://desk" if secure else "http://desk", follow_redirects=False
    )


@pytest.fixture
def site(engine: Engine) -> Engine:
    """A site with the user kari."""
    with engine.begin() as connection:
        people.add(connection, "kari", [Role.CLERK, Role.ADMIN], PASSWORD, None, person=SETTER_UP)
    return engine


def tries(client: TestClient, password: str, name: str = "kari") -> int:
    return client.post("/sign-in", data={"name": name, "password": password}).status_code


def test_a_wrong_password_and_a_name_that_nobody_has_are_answered_alike(site: Engine) -> None:
    client = console(site)

    wrong = client.post("/sign-in", data={"name": "kari", "password": WRONG})
    nobody = client.post("/sign-in", data={"name": "karl", "password": WRONG})

    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert wrong.text == nobody.text.replace("karl", "kari")


@pytest.mark.parametrize("redis", [True, False], ids=["redis", "no redis"])
def test_after_some_wrong_passwords_even_the_right_one_waits_and_says_how_long(
    site: Engine, broker_url: str, redis: bool
) -> None:
    client = console(site, broker_url=broker_url if redis else NOWHERE)

    assert [tries(client, WRONG) for _ in range(PAIR.amount)] == [401] * PAIR.amount
    waits = client.post("/sign-in", data={"name": "kari", "password": PASSWORD})

    assert waits.status_code == 429
    assert 0 < int(waits.headers["Retry-After"]) <= 600
    assert "Vent 10 minutter" in waits.text
    assert tries(client, PASSWORD, "ola") == 401  # another name from there need not wait


def test_a_second_console_and_a_restart_remember_the_tries(site: Engine, broker_url: str) -> None:
    for _ in range(PAIR.amount):
        tries(console(site, broker_url=broker_url), WRONG)

    assert tries(console(site, broker_url=broker_url), PASSWORD) == 429


def test_a_good_sign_in_forgets_the_tries_before_it(site: Engine, broker_url: str) -> None:
    client = console(site, broker_url=broker_url)
    for _ in range(2):
        assert [tries(client, WRONG) for _ in range(PAIR.amount - 1)] == [401] * (PAIR.amount - 1)
        assert tries(client, PASSWORD) == 303


def test_one_name_is_not_tried_from_ever_new_addresses(broker_url: str) -> None:
    limiter = Limiter(broker_url)

    waits = [limiter.wait("kari", f"10.0.0.{n}") for n in range(NAME.amount + 1)]

    assert set(waits[:-1]) == {0}
    assert waits[-1] > 0


def test_the_log_has_who_came_in_and_of_a_refusal_no_word_that_was_typed(site: Engine) -> None:
    client = console(site)
    with structlog.testing.capture_logs() as lines:
        tries(client, WRONG, name="my-password-in-the-wrong-field")
        tries(client, PASSWORD)

    assert [line["event"] for line in lines] == ["sign-in is refused", "signed in"]
    assert (lines[1]["user"], lines[1]["by"]) == ("kari", "password")
    assert "my-password" not in str(lines)
    assert PASSWORD not in str(lines)


def test_each_sign_in_is_a_new_session_and_ends_the_one_before_it(site: Engine) -> None:
    client = console(site)
    assert tries(client, PASSWORD) == 303
    first = client.cookies["kk2"]
    assert tries(client, PASSWORD) == 303

    assert client.cookies["kk2"] != first
    with site.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM session")).scalar_one() == 1
        assert first.encode() not in bytes(connection.execute(text("SELECT token FROM session")).scalar_one())


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_goes_to_no_script_and_behind_tls_by_tls_alone(site: Engine, secure: bool) -> None:
    client = console(site, secure=secure)
    answer = client.post("/sign-in", data={"name": "kari", "password": PASSWORD})

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-kk2=" if secure else "kk2=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert ("Secure" in cookie) is secure
    assert client.get("/payments").status_code == 200


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil", "\\\\evil", "/a\tb"])
def test_signing_in_leads_to_no_other_site(site: Engine, back: str) -> None:
    answer = console(site).post("/sign-in", data={"name": "kari", "password": PASSWORD, "back": back})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("lasting", "open_"),
    [
        (Lasting(), True),
        (Lasting(idle=timedelta(minutes=9)), False),
        (Lasting(whole=timedelta(minutes=9)), False),
    ],
    ids=["open", "idle", "old"],
)
def test_a_session_ends_by_rest_and_by_age(site: Engine, lasting: Lasting, open_: bool) -> None:
    client = TestClient(
        create(Desk(site, lambda _: None, secure=False, lasting=lasting)), follow_redirects=False
    )
    tries(client, PASSWORD)
    with site.begin() as connection:
        connection.execute(
            text("UPDATE session SET begun_at = begun_at - :ago, seen_at = seen_at - :ago"),
            {"ago": timedelta(minutes=10)},
        )

    assert client.get("/payments").status_code == (200 if open_ else 303)


def test_a_user_who_is_disabled_is_out_at_the_next_look(site: Engine) -> None:
    client = console(site)
    tries(client, PASSWORD)
    with site.begin() as connection:
        people.add(connection, "root", [Role.ADMIN], PASSWORD, None, person=SETTER_UP)
        people.disable(connection, "kari", person=SETTER_UP)

    assert client.get("/payments").status_code == 303
    assert tries(client, PASSWORD) == 401


def test_the_door_speaks_the_language_that_was_chosen_there(site: Engine) -> None:
    client = console(site)
    assert "Logg inn" in client.get("/sign-in").text

    assert client.get("/sign-in?language=en").status_code == 303
    assert "Sign in" in client.get("/sign-in").text
