"""Users: who may act, with which roles, and that no act goes by another way."""

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.access import ACTS, ALL_ROLES, OF_ONESELF, Role, may
from ops.console import sessions
from ops.repairs import Person, Refusal, braking, people, tokens
from ops.repairs.acts import NotAllowed
from tests.console.visiting import user
from tests.site import until

OPS = Path(__file__).resolve().parents[2] / "ops"
ADMIN = Person("root", "set up", ALL_ROLES)
GOOD = "correct horse battery"


def test_every_act_that_the_audit_can_name_stands_in_the_table_of_roles_and_no_other() -> None:
    done: set[str] = set()
    for path in OPS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "leave":
                done |= {str(n.value) for n in ast.walk(node.args[2]) if isinstance(n, ast.Constant)}

    assert done == set(ACTS)


def test_a_viewer_and_an_auditor_may_do_nothing_but_with_what_is_theirs_and_each_act_is_somebodys() -> None:
    for act, roles in ACTS.items():
        assert roles == ALL_ROLES if act in OF_ONESELF else roles and not roles & {Role.VIEWER, Role.AUDITOR}


def test_the_handbooks_table_of_acts_is_that_of_the_code() -> None:
    page = (OPS / "handbook" / "access.md").read_text("utf-8")
    rows = [
        row.strip("| ").split(" | ")
        for row in page.split("| may | acts")[1].split("\n\n")[0].splitlines()[2:]
    ]
    told = {
        act: ALL_ROLES if who.startswith("everybody") else frozenset(Role(role) for role in who.split(" or "))
        for who, acts in rows
        for act in acts.split(", ")
    }

    assert told == ACTS


def test_a_site_without_users_lets_whoever_reaches_it_begin(engine: Engine) -> None:
    with engine.begin() as connection:
        assert people.named(connection, "root", "").roles == ALL_ROLES
        user(connection, "kari", Role.CLERK)
        assert people.named(connection, "kari", "why") == Person("kari", "why", frozenset({Role.CLERK}))
        with pytest.raises(Refusal, match="ole is none of them"):
            people.named(connection, "ole", "")


def test_a_clerk_cannot_stop_delivery_and_nothing_is_left_of_the_try(engine: Engine) -> None:
    clerk = Person("kari", "why", frozenset({Role.CLERK}))

    assert not may(clerk.roles, "stop delivery")
    with pytest.raises(NotAllowed, match=r"kari may not do this \(stop delivery\)"), engine.begin() as c:
        braking.stop_delivery(c, "*", person=clerk)
    with engine.begin() as c:
        assert c.execute(text("SELECT count(*) FROM brake")).scalar_one() == 0


def test_a_password_is_kept_as_a_hash_and_ends_with_its_user(engine: Engine) -> None:
    with engine.begin() as connection:
        user(connection, "kari", Role.CLERK, password=GOOD)
        kept = connection.execute(text("SELECT password FROM person WHERE name = 'kari'")).scalar_one()
        assert kept.startswith("$argon2id$")
        assert GOOD not in kept
        assert people.fits(connection, "kari", GOOD)
        assert not people.fits(connection, "kari", GOOD + "!")
        assert not people.fits(connection, "nobody", GOOD)

        people.disable(connection, "kari", person=ADMIN)
        assert not people.fits(connection, "kari", GOOD)
        with pytest.raises(Refusal, match="was disabled"):
            people.named(connection, "kari", "")


@pytest.mark.parametrize(
    ("name", "roles", "password", "said"),
    [
        ("", [Role.CLERK], GOOD, "can't be called"),
        ("a/b", [Role.CLERK], GOOD, "can't be called"),
        ("new", [Role.CLERK], GOOD, "can't be called"),
        (people.SERVICE, [Role.CLERK], GOOD, "can't be called"),
        ("kari", [], GOOD, "at least one role"),
        ("kari", [Role.CLERK], "short", "at least 12 characters; this has 5"),
        ("kari", [Role.CLERK], "x" * 1001, "at most 1000 characters"),
        ("kari", [Role.CLERK], GOOD, "the first user is an administrator"),
    ],
)
def test_a_user_that_could_not_be_held_to_account_is_refused(
    engine: Engine, name: str, roles: list[Role], password: str, said: str
) -> None:
    with pytest.raises(Refusal, match=said), engine.begin() as connection:
        people.add(connection, name, roles, password, None, person=ADMIN)


@pytest.fixture
def two(engine: Engine) -> Engine:
    """A site with the administrators arne and berit, and the clerk kari."""
    with engine.begin() as connection:
        for name in ("arne", "berit"):
            people.add(connection, name, [Role.ADMIN], None, None, person=ADMIN)
        people.add(connection, "kari", [Role.CLERK], None, None, person=ADMIN)
    return engine


def test_the_last_administrator_stays_one_until_another_is(two: Engine) -> None:
    with two.begin() as c:
        people.disable(c, "arne", person=ADMIN)
    with pytest.raises(Refusal, match="berit is the last administrator"), two.begin() as c:
        people.disable(c, "berit", person=ADMIN)
    with pytest.raises(Refusal, match="berit is the last administrator"), two.begin() as c:
        people.change_roles(c, "berit", [Role.CLERK], person=ADMIN)
    with two.begin() as c:
        people.enable(c, "arne", person=ADMIN)
        people.change_roles(c, "berit", [Role.CLERK], person=ADMIN)


def test_of_two_administrators_who_end_each_other_at_once_one_is_left(two: Engine) -> None:
    arne, berit = (Person(name, "", frozenset({Role.ADMIN})) for name in ("arne", "berit"))

    def second() -> str:
        with two.begin() as connection:
            try:
                return people.disable(connection, "arne", person=berit).sentence
            except Refusal as no:
                return str(no)

    with ThreadPoolExecutor(1) as pool, two.begin() as first:
        people.disable(first, "berit", person=arne)
        waits = pool.submit(second)
        with two.connect() as watching:
            until(lambda: bool(watching.execute(_WAITING).scalar()))
        first.commit()
        assert "arne is the last administrator" in waits.result()


_WAITING = text("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")


def test_who_is_disabled_comes_back_without_the_tokens_and_sessions_of_before(two: Engine) -> None:
    with two.begin() as connection:
        _, token = tokens.make_token(connection, "kari", "a test", 1, person=ADMIN)
        cookie = sessions.begin(connection, "kari")
    assert sessions.bearer(two, token) is not None
    with two.begin() as connection:
        people.disable(connection, "kari", person=ADMIN)
        people.enable(connection, "kari", person=ADMIN)

    assert sessions.bearer(two, token) is None
    assert sessions.visitor(two, cookie) is None


def test_nobody_adds_a_user_who_is_there_already(two: Engine) -> None:
    with pytest.raises(Refusal, match=r"kari is there already.*; last: add user by root"), two.begin() as c:
        people.add(c, "kari", [Role.ADMIN], None, None, person=ADMIN)


def test_one_changes_ones_own_password_only_knowing_it_and_makes_tokens_for_oneself_alone(
    two: Engine,
) -> None:
    kari = Person("kari", "", frozenset({Role.CLERK}))
    with two.begin() as c:
        people.set_password(c, "kari", GOOD, person=ADMIN)
        people.change_password(c, GOOD, GOOD + " 2", person=kari)
        tokens.make_token(c, "kari", "", 1, person=kari)
    with pytest.raises(Refusal, match="the password of before is not that"), two.begin() as c:
        people.change_password(c, GOOD, "another password", person=kari)
    with pytest.raises(NotAllowed, match="set password"), two.begin() as c:
        people.set_password(c, "kari", "another password", person=kari)
    with pytest.raises(NotAllowed, match="make token"), two.begin() as c:
        tokens.make_token(c, "arne", "", 1, person=kari)
    with two.begin() as c:
        assert people.fits(c, "kari", GOOD + " 2")
        tokens.end_token(c, 1, person=kari)
