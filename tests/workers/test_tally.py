"""Sums that are kept: every statement is in them, two at once wait for nobody, and folding changes no sum."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from ops import migrations
from ops.balance import CHECKS
from ops.balance.asking import ask
from schemas.case import Kind
from schemas.money import kr
from tests.ops.ledger import Ledger, standing
from workers.store import tally
from workers.store.bulk import copy, driver

_COLUMNS = (
    "file_id", "position", "line", "account", "booked_on", "interest_on", "amount", "is_reversal", "fingerprint",
    "company", "state",
)  # fmt: skip
DAY = date(2026, 3, 2)
VERSIONS = Path(migrations.__file__).parent / "versions"


def _sums(connection: Connection, of: str) -> dict[str, tuple[int, int]]:
    found = connection.execute(
        text(
            "SELECT state, sum(number)::bigint, sum(amount)::bigint FROM tally WHERE of = :of GROUP BY state "
            "HAVING sum(number) <> 0"
        ),
        {"of": of},
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _agree(connection: Connection) -> bool:
    kept = [check for check in CHECKS if check.name.endswith(" sums")]
    assert len(kept) == 4
    return all(ask(connection, check).holds for check in kept)


def _copied(connection: Connection, first: int, number: int) -> None:
    copy(
        connection,
        "payment",
        _COLUMNS,
        ((1, n, n, "9999", DAY, DAY, 100, False, n, "100", "waiting") for n in range(first, first + number)),
    )


def test_what_is_copied_in_is_counted_and_what_moves_is_counted_elsewhere(engine: Engine) -> None:
    with engine.begin() as connection:
        _copied(connection, 0, 50)
    with engine.begin() as connection:
        connection.execute(text("UPDATE payment SET state = 'parked' WHERE position < 20"))

        assert _sums(connection, "payment") == {"waiting": (30, 3000), "parked": (20, 2000)}


def test_a_statement_that_moves_nothing_writes_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        _copied(connection, 0, 5)
        connection.execute(text("UPDATE payment SET kid = '1'"))

        assert connection.execute(text("SELECT count(*) FROM tally")).scalar_one() == 1


def test_a_ledger_of_all_states_agrees_before_and_after_the_fold(engine: Engine) -> None:
    standing(engine)
    with engine.begin() as connection:
        before = {of: _sums(connection, of) for of in ("payment", "voucher", "parked")}
        assert _agree(connection)
    with engine.begin() as connection:
        assert tally.fold(connection) > 0
    with engine.begin() as connection:
        assert {of: _sums(connection, of) for of in ("payment", "voucher", "parked")} == before
        assert connection.execute(text("SELECT count(*) FROM tally WHERE NOT folded")).scalar_one() == 0
        assert _agree(connection)
        assert tally.fold(connection) == 0


@pytest.fixture
def two(engine: Engine) -> Iterator[tuple[Connection, Connection]]:
    """Two workers, each in a transaction of its own; one that must wait for the other fails at once."""
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            connection.execute(text("SET lock_timeout = '1s'"))
            connection.commit()
        yield first, second


def test_two_workers_at_once_wait_for_nobody_and_both_are_counted(
    engine: Engine, two: tuple[Connection, Connection]
) -> None:
    with engine.begin() as connection:
        _copied(connection, 0, 100)
    first, second = two
    first.execute(text("UPDATE payment SET state = 'refused' WHERE position < 10"))
    second.execute(text("UPDATE payment SET state = 'refused' WHERE position BETWEEN 10 AND 29"))
    second.commit()
    first.commit()

    with engine.begin() as connection:
        assert _sums(connection, "payment") == {"waiting": (70, 7000), "refused": (30, 3000)}
        assert _agree(connection)


def test_a_fold_while_a_worker_is_under_way_loses_nothing_of_it(
    engine: Engine, two: tuple[Connection, Connection]
) -> None:
    with engine.begin() as connection:
        _copied(connection, 0, 100)
    worker, clock = two
    worker.execute(text("UPDATE payment SET state = 'refused' WHERE position < 10"))
    assert tally.fold(clock) == 1
    clock.commit()
    worker.commit()
    assert tally.fold(clock) == 3  # the folded row, and what the worker added
    clock.commit()

    with engine.begin() as connection:
        assert _sums(connection, "payment") == {"waiting": (90, 9000), "refused": (10, 1000)}
        assert _agree(connection)


def test_two_deliveries_of_a_day_at_once_wait_for_nobody_and_both_are_booked(
    engine: Engine, two: tuple[Connection, Connection]
) -> None:
    with engine.begin() as connection:
        ledger = Ledger(connection)
        ledger.set_up()
        payments = ledger.file(kr(300), kr(50))
        for payment, amount in zip(payments, (kr(300), kr(50)), strict=True):
            ledger.split(payment, Kind.SUSPENSE, amount)
        vouchers = [ledger.voucher(payment, state="sending") for payment in payments]
        assert _sums(connection, "booked") == {}
    for connection, voucher in zip(two, vouchers, strict=True):
        connection.execute(
            text("UPDATE voucher SET state = 'delivered', voucher_no = '1' WHERE id = :id"), {"id": voucher}
        )
    two[1].commit()
    tally.fold(two[1])
    two[1].commit()
    two[0].commit()

    with engine.begin() as connection:
        assert _sums(connection, "booked") == {"from_bank": (2, kr(350))}
        assert _agree(connection)
        connection.execute(text("UPDATE voucher SET state = 'by_hand', ledger_state = 'posted'"))
        connection.execute(
            text("UPDATE voucher SET state = 'refused', voucher_no = NULL WHERE id = :id"),
            {"id": vouchers[0]},
        )
        assert _sums(connection, "booked") == {"from_bank": (1, kr(50))}
        assert _agree(connection)


def test_what_was_booked_before_the_sum_was_kept_is_in_it(engine: Engine, owner: Engine) -> None:
    standing(engine)
    with owner.begin() as connection:
        before = _sums(connection, "booked")
        connection.execute(text("DELETE FROM tally WHERE of = 'booked'"))
        connection.execute(text("ALTER TABLE voucher DROP COLUMN moved"))
        for name in ("vouchers", "transactions"):
            connection.execute(text(f"DROP FUNCTION tally_booked_{name} CASCADE"))
        assert before != {}

        driver(connection).execute((VERSIONS / "0027_what_is_booked_is_kept.sql").read_bytes())

        assert _sums(connection, "booked") == before
        assert _agree(connection)


def test_a_second_clock_leaves_the_fold_to_the_first(
    engine: Engine, two: tuple[Connection, Connection]
) -> None:
    with engine.begin() as connection:
        _copied(connection, 0, 1)
    first, second = two
    assert tally.fold(first) == 1

    assert tally.fold(second) == 0


def test_a_parked_row_is_counted_with_its_payments_money_until_it_is_closed(engine: Engine) -> None:
    with engine.begin() as connection:
        ledger = Ledger(connection)
        ledger.set_up()
        payment, *_ = ledger.file(kr(77))
        ledger.work("settle", "PaymentParked", {}, state="parked", reason="unknown_kid", payment=payment)

        assert _sums(connection, "parked") == {"settle": (1, kr(77))}

        connection.execute(text("UPDATE work SET state = 'done'"))

        assert _sums(connection, "parked") == {}
