"""Signing in by the site's own sign-in service (OIDC), tried against a real one on the loopback."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fastapi.testclient import TestClient
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import Engine, text

from ops.access import Role
from ops.console import Desk, create
from ops.console.oidc import Service, service
from ops.repairs import people
from tests.console.sign_in_service import CLIENT, SECRET, SignInService, sign_in_service
from tests.console.visiting import PASSWORD, SETTER_UP, user
from workers.settings import Settings, SettingsError

CONSOLE = "https://desk"
ROLES = {
    "kk2-clerks": frozenset({Role.CLERK}),
    "kk2-admins": frozenset({Role.ADMIN}),
    "Økonomi": frozenset({Role.CLERK, Role.OPERATOR}),
}


@dataclass
class Browser:
    """A browser between the console and the service: it follows by hand, so that a test can step in."""

    client: TestClient
    there: SignInService

    def goes(self, back: str = "/payments") -> Any:
        """Begin at the console; gives its answer, which leads to the service."""
        return self.client.get("/sign-in/oidc", params={"back": back})

    def comes_back(self, begun: Any) -> str:
        """Sign in at the service; gives the path at the console to which it leads."""
        answer = requests.get(begun.headers["location"], allow_redirects=False, timeout=10)
        assert answer.headers["Location"].startswith(f"{CONSOLE}/sign-in/oidc/callback?")
        parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"

    def signs_in(self, back: str = "/payments") -> Any:
        """All of it; gives the console's last answer."""
        return self.client.get(self.comes_back(self.goes(back)))


@pytest.fixture(scope="module")
def running() -> Iterator[SignInService]:
    with sign_in_service() as there:
        yield there


@pytest.fixture
def there(running: SignInService) -> SignInService:
    """The service as it is before anything is made wrong with it."""
    fresh = SignInService(running.address, running.key)
    for name in ("person", "wrong", "signs_with", "error", "codes", "asked"):
        setattr(running, name, getattr(fresh, name))
    running.person["groups"] = ["all-staff", "kk2-clerks"]
    return running


@pytest.fixture
def browser(engine: Engine, there: SignInService) -> Browser:
    """A browser at a console that knows the service; the site has an administrator already."""
    with engine.begin() as connection:
        people.add(connection, "root", [Role.ADMIN], None, None, person=SETTER_UP)
    return at(engine, there)


def at(engine: Engine, there: SignInService) -> Browser:
    desk = Desk(
        engine, lambda _: None, secure=True, service=Service(there.address, CLIENT, SECRET, CONSOLE, ROLES)
    )
    return Browser(TestClient(create(desk), base_url=CONSOLE, follow_redirects=False), there)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


USERS = "SELECT name, roles FROM person WHERE name <> 'root' ORDER BY name"
ACTS = "SELECT actor, act, subject FROM audit ORDER BY id OFFSET 1"


def test_who_the_service_knows_is_in_with_the_roles_of_the_groups(browser: Browser, engine: Engine) -> None:
    browser.there.person["groups"] = ["Økonomi", "kk2-clerks", "nobody-knows-this"]

    begun = browser.goes("/payments?state=parked")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    answer = browser.client.get(browser.comes_back(begun))

    assert asked["code_challenge_method"] == "S256"
    assert {"openid"} <= set(asked["scope"].split())
    assert (answer.status_code, answer.headers["location"]) == (303, "/payments?state=parked")
    assert browser.client.get("/payments").status_code == 200
    assert rows(engine, USERS) == [("kari", ["clerk", "operator"])]
    assert rows(engine, ACTS) == [(people.SERVICE, "add user", "user kari")]


def test_each_sign_in_gives_the_roles_of_that_day_and_the_audit_says_when_they_change(
    browser: Browser, engine: Engine
) -> None:
    assert browser.signs_in().status_code == 303
    assert browser.signs_in().status_code == 303
    browser.there.person |= {"preferred_username": "kari.renamed", "groups": ["kk2-admins"]}
    assert browser.signs_in().status_code == 303

    assert rows(engine, USERS) == [("kari", ["admin"])]
    assert rows(engine, ACTS) == [
        (people.SERVICE, "add user", "user kari"),
        (people.SERVICE, "change roles", "user kari"),
    ]


def test_who_has_no_group_here_any_more_is_out_at_once(browser: Browser, engine: Engine) -> None:
    browser.signs_in()
    other = at(engine, browser.there)
    other.there.person["groups"] = ["all-staff"]
    answer = other.signs_in()

    assert answer.status_code == 403
    assert "ingen av gruppene til kari gir en rolle her" in answer.text
    assert browser.client.get("/payments").status_code == 303  # what was open too
    assert rows(engine, USERS) == [("kari", [])]


def test_a_stranger_without_a_group_leaves_no_user(browser: Browser, engine: Engine) -> None:
    browser.there.person["groups"] = "all-staff"

    assert browser.signs_in().status_code == 403
    assert rows(engine, USERS) == []


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(browser: Browser, engine: Engine) -> None:
    other = at(engine, browser.there)
    for instead in ("&state=x", ""):
        path = browser.comes_back(browser.goes())
        answer = browser.client.get(path.split("&state=")[0] + instead)
        assert answer.status_code == 400
        assert "ikke startet i denne nettleseren" in answer.text
    path = browser.comes_back(browser.goes())
    other.goes()

    assert other.client.get(path).status_code == 400
    assert rows(engine, "SELECT * FROM session") == []


def test_an_answer_is_good_once(browser: Browser) -> None:
    path = browser.comes_back(browser.goes())
    assert browser.client.get(path).status_code == 303
    assert browser.client.get(path).status_code == 400


def test_a_token_that_is_not_of_this_sign_in_is_refused(browser: Browser, engine: Engine) -> None:
    for wrong in (
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": 1_000_000_000, "iat": 999_999_000},
        {"iat": 9_999_999_999},
        {"iss": "https://another.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"azp": "another-client"},
        {"sub": ""},
        {"sub": None},
    ):
        browser.there.wrong = dict[str, Any](wrong)
        answer = browser.signs_in()
        assert answer.status_code == 401, wrong
        assert "holder ikke" in answer.text
    assert rows(engine, USERS) == []


def test_a_token_that_the_service_did_not_sign_is_refused(browser: Browser, engine: Engine) -> None:
    for algorithm, key in (
        ("RS256", RSAKey.generate_key(2048, {"kid": "first"})),
        ("RS256", RSAKey.generate_key(2048, {"kid": "unknown"})),
        ("HS256", OctKey.import_key(SECRET, {"kid": "first"})),
        ("none", None),
    ):
        browser.there.signs_with = (algorithm, key)
        assert browser.signs_in().status_code == 401, algorithm
    assert rows(engine, USERS) == []


def test_new_keys_of_the_service_are_fetched_when_they_are_used(browser: Browser) -> None:
    assert browser.signs_in().status_code == 303
    before, browser.there.key = browser.there.key, RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    try:
        assert browser.signs_in().status_code == 303
        assert browser.there.asked.count("/keys") == 2
    finally:
        browser.there.key = before


def test_signing_in_elsewhere_leads_to_no_other_site(browser: Browser) -> None:
    for back in ("//evil.example", "https://evil.example", "/\\evil", "/a\tb", "/" + "a" * 2_000):
        assert browser.signs_in(back).headers["location"] == "/"
    browser.goes("/payments")
    secret, _, _ = browser.client.cookies["__Host-kk2-oidc"].partition(".")
    begun = browser.goes()
    browser.client.cookies.clear()
    browser.client.cookies.set("__Host-kk2-oidc", f"{secret}.https%3A%2F%2Fevil.example")

    assert browser.client.get(browser.comes_back(begun)).status_code == 400  # another try's secret


def test_what_the_service_writes_beside_its_refusal_is_shown_to_nobody(browser: Browser) -> None:
    browser.there.error = {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
    answer = browser.signs_in()
    browser.there.error = {"error": "<script>alert(1)</script>"}
    stranger = browser.signs_in()

    assert (answer.status_code, stranger.status_code) == (403, 403)
    assert "slapp ingen inn (access_denied)" in answer.text
    assert "alert(1)" not in answer.text + stranger.text


def test_who_was_disabled_here_is_not_in_whatever_the_service_says(browser: Browser, engine: Engine) -> None:
    browser.signs_in()
    with engine.begin() as connection:
        people.disable(connection, "kari", person=SETTER_UP)
    answer = browser.signs_in()

    assert browser.client.get("/payments").status_code == 303
    assert answer.status_code == 403
    assert "bruker kari ble stengt" in answer.text


def test_a_name_alone_makes_nobody_the_user_of_that_name_but_an_administrators_word_does(
    browser: Browser, engine: Engine
) -> None:
    with engine.begin() as connection:
        user(connection, "kari", Role.VIEWER)
    answer = browser.signs_in()
    assert answer.status_code == 403
    assert "kk2 user link kari --subject s-1" in answer.text

    with engine.begin() as connection:
        people.link(connection, "kari", "s-1", person=SETTER_UP)
    assert browser.signs_in().status_code == 303
    assert rows(engine, USERS) == [("kari", ["clerk"])]


def test_the_same_id_at_another_service_is_another_person(browser: Browser, engine: Engine) -> None:
    browser.signs_in()
    with engine.begin() as connection:
        connection.execute(text("UPDATE person SET issuer = 'https://before.example' WHERE name = 'kari'"))

    assert browser.signs_in().status_code == 403
    browser.there.person["preferred_username"] = "kari.2"
    assert browser.signs_in().status_code == 303
    assert [name for name, _ in rows(engine, USERS)] == ["kari", "kari.2"]


def test_groups_take_the_role_from_no_last_administrator_but_let_nobody_in_with_it(
    there: SignInService, engine: Engine
) -> None:
    browser = at(engine, there)
    assert browser.signs_in().status_code == 403  # the first user is an administrator
    there.person["groups"] = ["kk2-admins"]
    assert browser.signs_in().status_code == 303
    there.person["groups"] = ["kk2-clerks"]
    answer = browser.signs_in()

    assert answer.status_code == 403
    assert "siste administratoren" in answer.text
    assert browser.client.get("/payments").status_code == 303
    assert rows(engine, USERS) == [("kari", ["admin"])]


def test_a_session_of_the_service_ends_as_all_others_do(browser: Browser, engine: Engine) -> None:
    answer = browser.signs_in()
    assert answer.headers["set-cookie"].startswith("__Host-kk2=")
    with engine.begin() as connection:
        people.end_sessions(connection, "kari", person=SETTER_UP)

    assert browser.client.get("/payments").status_code == 303


def test_without_an_answer_of_the_service_the_door_says_so_and_passwords_do(
    engine: Engine, there: SignInService
) -> None:
    with engine.begin() as connection:
        user(connection, "ola", Role.VIEWER)
    away = at(engine, SignInService("http://127.0.0.1:1"))
    answer = away.goes()

    assert answer.status_code == 503
    assert "Innloggingstjenesten svarer ikke" in answer.text
    assert away.client.post("/sign-in", data={"name": "ola", "password": PASSWORD}).status_code == 303


def test_a_service_that_does_not_answer_well_is_not_asked_again_at_once(
    engine: Engine, there: SignInService
) -> None:
    stranger = at(engine, SignInService(there.address + "/"))  # not as it names itself

    assert [stranger.goes().status_code for _ in range(3)] == [503] * 3
    assert there.asked == ["/.well-known/openid-configuration"]


def test_a_site_without_a_service_offers_none(engine: Engine) -> None:
    client = TestClient(create(Desk(engine, lambda _: None, secure=False)), follow_redirects=False)

    assert "oidc" not in client.get("/sign-in").text
    assert client.get("/sign-in/oidc").status_code == client.get("/sign-in/oidc/callback").status_code == 404


def test_settings_that_are_not_whole_are_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql+psycopg://x", "BROKER_URL": "redis://x", "FOLDER": str(tmp_path),
        "OIDC_ISSUER": "http://id.example", "OIDC_ROLES": '{"a": ["boss"]}',
    }.items():  # fmt: skip
        monkeypatch.setenv(f"KK2_{name}", value)
    with pytest.raises(SettingsError) as no:
        service(Settings())  # type: ignore[call-arg]
    for fault in ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "no such role: boss", "CONSOLE_URL"):
        assert fault in str(no.value)

    for name, value in {
        "OIDC_ISSUER": "https://id.example", "OIDC_CLIENT_ID": "c", "OIDC_CLIENT_SECRET": "s",
        "OIDC_ROLES": '{"a": ["clerk"]}', "CONSOLE_URL": "https://kk2.example/",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"KK2_{name}", value)
    made = service(Settings())  # type: ignore[call-arg]
    assert made is not None
    assert (made.console, made.roles) == ("https://kk2.example", {"a": frozenset({Role.CLERK})})
    assert "client_secret" not in repr(made)
