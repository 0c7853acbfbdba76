"""Which payments of a new file were perhaps received before: found in one pass, whatever the planner knows of the file."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, Engine, text

from schemas.bank import Assignment
from workers.facts.intake import possible_twins, told_in_another_format
from workers.store.bulk import copy

MANY = 20_000
_COLUMNS = (
    "file_id", "position", "line", "account", "booked_on", "interest_on", "amount", "is_reversal", "fingerprint", "state",
)  # fmt: skip


def a_file(connection: Connection, file_id: int, marks: Sequence[int], *, state: str = "waiting") -> None:
    """A file with a payment of each of these fingerprints, line by line."""
    day, account = "2026-03-16", "99991042764"
    copy(
        connection,
        "payment",
        _COLUMNS,
        (
            (file_id, n, n, account, day, day, 100 + mark, False, mark, state)
            for n, mark in enumerate(marks, 1)
        ),
    )


def twins(connection: Connection, file_id: int) -> list[tuple[int, int, int]]:
    """Line, ordinal and number alike of what was found."""
    lines = {row.id: row.line for row in connection.execute(text("SELECT id, line FROM payment"))}
    return [(lines[t.payment_id], t.ordinal, t.alike) for t in possible_twins(connection, file_id)]


def test_only_what_has_a_twin_in_an_earlier_file_is_found_with_its_number_among_the_alike(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        a_file(connection, 1, (7, 7, 8))
        a_file(connection, 2, (7, 9), state="parked")
        a_file(connection, 3, (8, 10), state="refused")
        a_file(connection, 4, (5, 7, 10, 8, 7, 7, 5))

        assert twins(connection, 4) == [(2, 1, 3), (4, 1, 1), (5, 2, 3), (6, 3, 3)]


def test_a_large_file_that_comes_a_second_time_is_seen_through_in_seconds(engine: Engine) -> None:
    with engine.begin() as connection:
        a_file(connection, 1, range(MANY))
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE payment"))
    with engine.begin() as connection:
        a_file(connection, 2, range(MANY))
        connection.execute(text("SET LOCAL statement_timeout = '10s'"))

        assert len(possible_twins(connection, 2)) == MANY


DAY = date(2026, 3, 16)
MINE = (Assignment(2, 3, "99991042764", "", "N1", MANY, 0, 0, DAY, DAY),)


def an_ocr_file(connection: Connection, day: date = DAY) -> None:
    """File 1 is an OCR giro file of the account, of a day."""
    connection.execute(
        text(
            "INSERT INTO bank_file (id, sha256, name, size, state, format, assignments) VALUES (1, '1', '1', 1, 'read', "
            """'ocr-giro', jsonb_build_array(jsonb_build_object('account', '99991042764', 'earliest', CAST(:day AS text), """
            "'latest', CAST(:day AS text))))"
        ),
        {"day": str(day)},
    )


def told(connection: Connection, format_: str = "camt.054") -> list[tuple[int, int]]:
    """Ordinal and number alike of the payments of file 2."""
    return [(t.ordinal, t.alike) for t in told_in_another_format(connection, 2, format_, MINE)]


def test_what_a_file_of_another_format_tells_is_counted_and_nothing_else(engine: Engine) -> None:
    with engine.begin() as connection:
        a_file(connection, 1, (7, 7, 8))
        a_file(connection, 2, (7, 7, 7, 8, 9))
        assert told(connection) == []

        an_ocr_file(connection)

        assert told(connection) == [(1, 2), (2, 2), (3, 2), (1, 1), (1, 0)]
        assert told(connection, "ocr-giro") == []
        connection.execute(text("UPDATE bank_file SET state = 'refused'"))
        assert told(connection) == []


def test_a_file_of_other_days_is_not_looked_into(engine: Engine) -> None:
    with engine.begin() as connection:
        a_file(connection, 1, (7,))
        a_file(connection, 2, (7,))
        an_ocr_file(connection, date(2026, 3, 17))

        assert told(connection) == []


def test_a_large_file_that_came_in_another_format_is_seen_through_in_seconds(engine: Engine) -> None:
    with engine.begin() as connection:
        a_file(connection, 1, range(MANY))
        an_ocr_file(connection)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE payment"))
    with engine.begin() as connection:
        a_file(connection, 2, range(MANY))
        connection.execute(text("SET LOCAL statement_timeout = '10s'"))

        assert told(connection) == [(1, 1)] * MANY
