"""Users: who may act, with which roles, and that no act goes by another way."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.access import ACTS, ALL_ROLES, Role, may
from ops.repairs import Person, Refusal, braking, people
from ops.repairs.acts import NotAllowed

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


def test_a_viewer_and_an_auditor_may_do_nothing_and_each_act_is_somebodys() -> None:
    assert all(roles and not roles & {Role.VIEWER, Role.AUDITOR} for roles in ACTS.values())


def test_a_site_without_users_lets_whoever_reaches_it_begin(engine: Engine) -> None:
    with engine.begin() as connection:
        assert people.named(connection, "root", "").roles == ALL_ROLES
        people.add(connection, "kari", [Role.CLERK], GOOD, None, person=ADMIN)
        assert people.named(connection, "kari", "why") == Person("kari", "why", frozenset({Role.CLERK}))
        with pytest.raises(Refusal, match="root is none of them"):
            people.named(connection, "root", "")


def test_a_clerk_cannot_stop_delivery_and_nothing_is_left_of_the_try(engine: Engine) -> None:
    clerk = Person("kari", "why", frozenset({Role.CLERK}))

    assert not may(clerk.roles, "stop delivery")
    with pytest.raises(NotAllowed, match=r"kari may not do this \(stop delivery\)"), engine.begin() as c:
        braking.stop_delivery(c, "*", person=clerk)
    with engine.begin() as c:
        assert c.execute(text("SELECT count(*) FROM brake")).scalar_one() == 0


def test_a_password_is_kept_as_a_hash_and_ends_with_its_user(engine: Engine) -> None:
    with engine.begin() as connection:
        people.add(connection, "kari", [Role.CLERK], GOOD, None, person=ADMIN)
        kept = connection.execute(text("SELECT password FROM person")).scalar_one()
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
        ("", [Role.CLERK], GOOD, "needs a name"),
        ("kari", [], GOOD, "at least one role"),
        ("kari", [Role.CLERK], "short", "at least 12 characters; this has 5"),
    ],
)
def test_a_user_that_could_not_be_held_to_account_is_refused(
    engine: Engine, name: str, roles: list[Role], password: str, said: str
) -> None:
    with pytest.raises(Refusal, match=said), engine.begin() as connection:
        people.add(connection, name, roles, password, None, person=ADMIN)
