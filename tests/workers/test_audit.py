"""The chain of people's acts: it grows by one at a time, and shows where it was touched."""

import threading

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from workers import audit


def three_acts(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        return [
            audit.note(
                connection, "kari", "assign", f"payment {n}", "KID skrevet feil", {"case_id": n, "liste": [1]}
            )
            for n in (1, 2, 3)
        ]


def touch(owner: Engine, statement: str) -> None:
    """Do what only an owner of the database can: past the triggers."""
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER append_only"))
        connection.execute(text(statement))
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER append_only"))


def test_an_untouched_chain_holds(engine: Engine) -> None:
    three_acts(engine)

    with engine.begin() as connection:
        assert audit.verify(connection) is None


def test_an_empty_chain_holds(engine: Engine) -> None:
    with engine.begin() as connection:
        assert audit.verify(connection) is None


@pytest.mark.parametrize(
    "change",
    ["reason = 'noe annet'", "actor = 'ola'", "detail = '{\"case_id\": 9}'", "at = at + interval '1 second'"],
)
def test_a_changed_act_is_found(engine: Engine, owner: Engine, change: str) -> None:
    _, second, _ = three_acts(engine)

    touch(owner, f"UPDATE audit SET {change} WHERE id = {second}")

    with engine.begin() as connection:
        assert audit.verify(connection) == second


def test_an_act_taken_out_of_the_middle_is_found_at_the_next_one(engine: Engine, owner: Engine) -> None:
    _, second, third = three_acts(engine)

    touch(owner, f"DELETE FROM audit WHERE id = {second}")

    with engine.begin() as connection:
        assert audit.verify(connection) == third


def test_the_database_refuses_to_change_an_act(engine: Engine, owner: Engine) -> None:
    three_acts(engine)

    with pytest.raises(DBAPIError, match="append-only"), owner.begin() as connection:
        connection.execute(text("UPDATE audit SET reason = 'noe annet'"))


def test_acts_of_several_people_at_once_make_one_chain(engine: Engine) -> None:
    def acts(actor: str) -> None:
        for n in range(10):
            with engine.begin() as connection:
                audit.note(connection, actor, "retry", f"voucher {n}", "", {})

    people = [threading.Thread(target=acts, args=(name,)) for name in ("kari", "ola", "per", "siv")]
    for person in people:
        person.start()
    for person in people:
        person.join()

    with engine.begin() as connection:
        assert audit.verify(connection) is None
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == 40


def test_an_act_without_a_name_is_no_act(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(ValueError, match="name of the person"):
        audit.note(connection, " ", "retry", "voucher 1", "", {})


def test_the_latest_act_says_who_was_first(engine: Engine) -> None:
    three_acts(engine)

    with engine.begin() as connection:
        act = audit.latest(connection, "payment 2")
        assert act is not None
        assert (act.actor, act.act, act.reason) == ("kari", "assign", "KID skrevet feil")
        assert audit.latest(connection, "payment 99") is None
