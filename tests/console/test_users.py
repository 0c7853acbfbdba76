"""Users at the console: an administrator looks after them, everybody after what is their own."""

import re

import pytest
from sqlalchemy import Engine, text

from ops.access import Role
from ops.console import sessions
from ops.console.menu import NAVIGATION
from ops.repairs import people
from tests.console.visiting import PASSWORD, SETTER_UP, Visitor, user, visitor

NEW = "  another battery, with blanks  "


@pytest.fixture
def arne(engine: Engine) -> Visitor:
    """An administrator, signed in."""
    return visitor(engine, "arne", Role.ADMIN)


def fits(engine: Engine, name: str, password: str) -> bool:
    with engine.connect() as connection:
        return people.fits(connection, name, password)


def test_an_administrator_adds_a_user_changes_the_roles_and_ends_the_user(
    arne: Visitor, engine: Engine
) -> None:
    added = arne.send("/users", "/users/new/add", name="berit", clerk="true", viewer="true", password=NEW)
    assert "bruker berit er lagt til: saksbehandler, innsyn" in added.text
    assert "/users/berit" in added.links()
    assert "saksbehandler, innsyn" in added.text
    assert fits(engine, "berit", NEW)  # blanks and all, as the door takes it

    changed = arne.send(
        "/users/berit", "/users/berit/roles", operator="true", clerk="", viewer="", reason="moves"
    )
    assert "driftsansvarlig" in changed.text
    arne.send("/users/berit", "/users/berit/disable", reason="has left")
    assert "stengt" in arne.get("/users?state=disabled").text
    back = arne.send("/users/berit", "/users/berit/enable")
    assert "kan logge inn igjen" in back.text
    with engine.connect() as connection:
        acts = connection.execute(
            text("SELECT act, reason FROM audit WHERE subject = 'user berit' ORDER BY id")
        ).all()
        assert [tuple(row) for row in acts] == [
            ("add user", ""), ("change roles", "moves"), ("disable user", "has left"), ("enable user", ""),
        ]  # fmt: skip
        assert NEW.strip() not in str(connection.execute(text("SELECT * FROM audit")).all())


def test_a_refused_form_does_not_bring_the_password_back(arne: Visitor) -> None:
    short = arne.send("/users", "/users/new/add", name="berit", clerk="true", password="hunter2")

    assert short.status == 409
    assert "minst 12 tegn" in short.text
    assert "hunter2" not in short.source


def test_a_password_that_is_set_ends_the_sessions_and_the_last_administrator_stays(
    arne: Visitor, engine: Engine
) -> None:
    kari = visitor(engine, "kari", Role.CLERK)
    arne.send("/users/kari", "/users/kari/password", password=NEW)
    assert kari.get("/payments").address.endswith("/sign-in?back=/payments")

    alone = arne.send("/users/arne", "/users/arne/roles", admin="", clerk="true")
    assert (alone.status, "den siste administratoren" in alone.text) == (409, True)


def test_nobody_but_administrators_and_auditors_sees_the_users(engine: Engine) -> None:
    for role in (Role.VIEWER, Role.CLERK, Role.OPERATOR):
        who = visitor(engine, f"only-{role}", role)
        assert [who.get(path).status for path in ("/users", "/users.csv", "/users/root")] == [403] * 3, role
    auditor = visitor(engine, "rita", Role.AUDITOR)
    assert (
        auditor.get("/users").status
        == auditor.get("/users.xlsx").status
        == auditor.get("/users/root").status
        == 200
    )
    assert not auditor.get("/users/root").tree.xpath("//main//form[@method='post']")
    assert auditor.get("/users/nobody").status == 404


def test_the_menu_leads_nobody_to_a_refusal(engine: Engine) -> None:
    known = {path for _, pages in NAVIGATION for path, _ in pages}
    for role in Role:
        who = visitor(engine, f"only-{role}", role)
        menu = {str(link) for link in who.get("/me").tree.xpath("//nav[@class='side']//a/@href")}
        assert not [path for path in menu if who.get(path).status == 403], role
        assert menu <= known
        assert ("/audit" in menu) is ("/users" in menu) is (role in {Role.ADMIN, Role.AUDITOR})


def test_everybody_changes_their_own_password_and_stays_signed_in_here_alone(engine: Engine) -> None:
    who = visitor(engine, "vidar", Role.VIEWER)
    with engine.begin() as connection:
        other = sessions.begin(connection, "vidar")

    wrong = who.send("/me", "/me/password", old="not this password", new=NEW)
    assert (wrong.status, "det gamle passordet stemmer ikke" in wrong.text) == (409, True)
    changed = who.send("/me", "/me/password", old=PASSWORD, new=NEW)
    assert "Passordet er endret" in changed.text
    assert fits(engine, "vidar", NEW)
    assert who.get("/payments").status == 200
    assert sessions.visitor(engine, other) is None


def test_ones_own_password_is_not_guessed_without_end(engine: Engine) -> None:
    who = visitor(engine, "vidar", Role.VIEWER)
    tried = [who.send("/me", "/me/password", old="guess", new=NEW).status for _ in range(6)]

    assert tried == [409] * 5 + [429]


def test_a_token_is_shown_once_used_by_a_program_and_ended_by_who_has_it(engine: Engine) -> None:
    who = visitor(engine, "vidar", Role.VIEWER)
    made = who.send("/me", "/me/token", purpose="monthly report", days="30")
    token = re.search(r"kk2_[\w-]{40,}", made.text)
    assert token

    assert who.client.get("/api/payments", headers={"Authorization": f"Bearer {token[0]}"}).status_code == 200
    page = who.get("/me")
    assert "monthly report" in page.text
    assert token[0] not in page.source
    assert "er avsluttet" in who.send("/me", "/me/tokens/1/end").text
    assert who.client.get("/api/payments", headers={"Authorization": f"Bearer {token[0]}"}).status_code == 401


def test_a_token_of_another_is_made_and_ended_by_an_administrator_alone(
    arne: Visitor, engine: Engine
) -> None:
    with engine.begin() as connection:
        user(connection, "kari", Role.CLERK, password=None)
    assert "kk2_" in arne.send("/users/kari", "/users/kari/token", days="30").text
    who = visitor(engine, "vidar", Role.VIEWER)
    secret = who.get("/me").form("/me/password")["secret"]

    for path in ("/users/kari/token", "/me/tokens/1/end"):
        answer = who.client.post(path, data={"secret": secret, "days": "30"})
        assert answer.status_code == 409, path
        assert "har ikke adgang" in answer.text
    assert "er avsluttet" in arne.send("/tokens/1/end", "/tokens/1/end").text


def test_who_signs_in_elsewhere_has_no_password_to_change(engine: Engine) -> None:
    who = visitor(engine, "vidar", Role.VIEWER)
    with engine.begin() as connection:
        people.link(connection, "vidar", "s-7", person=SETTER_UP)
        connection.execute(text("UPDATE person SET password = '' WHERE name = 'vidar'"))

    assert "Du har ikke passord her" in who.get("/me").text
