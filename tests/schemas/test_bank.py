"""Payments in columns and one by one, and the words of a fault."""

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from schemas.bank import BankReference, Fault, Payment, PaymentBatch, passes_account_control

BATCH = PaymentBatch(
    line=np.array([3, 5, 8], np.int64),
    account=np.array([b"12345678903"] * 3, "S11"),
    type=np.array([10, 20, 18], np.uint8),
    booked_on=np.array(["2026-10-06", "2026-10-07", "1992-01-20"], "datetime64[D]"),
    value_on=np.array(["2026-10-05", "NaT", "1992-01-20"], "datetime64[D]"),
    statement_ref=np.array([b"0106100001", b"0106100001", b"0107100002"], "S10"),
    form=np.array([b"", b"", b"0000000017"], "S10"),
    amount=np.array([125_000, -1, -(10**17) + 1], np.int64),
    kid=np.array([b"0010017".rjust(25), b" " * 25, b"001009-".rjust(25)], "S25"),
    debit_account=np.array([b"86011117947", b"", b""], "S11"),
    reference=np.array([b"123456789", b"", b"000000001"], "S9"),
    text=np.array([None, "Kjøp", None], np.object_),
    is_reversal=np.array([False, True, True]),
    ordinal=np.array([0, 1, 2], np.int64),
)

ROWS = list(BATCH.rows())


def part(batch: PaymentBatch, cut: slice) -> PaymentBatch:
    return PaymentBatch(*(getattr(batch, column.name)[cut] for column in fields(batch)))


def test_rows_are_plain_values_in_the_order_of_copy() -> None:
    ref, day = "0106100001", date(2026, 10, 6)
    value_on = date(2026, 10, 5)
    head = (3, "12345678903", "10", day, value_on, value_on, ref, None, 125_000, "0010017")
    assert ROWS[0] == (*head, "86011117947", "123456789", None, False, None, None)
    assert [type(value) for value in ROWS[2]] == (
        [
            int,
            str,
            str,
            date,
            date,
            date,
            str,
            str,
            int,
            str,
            type(None),
            str,
            type(None),
            bool,
            type(None),
            type(None),
        ]
    )


def test_the_interest_date_is_the_value_date_or_else_the_booked_date() -> None:
    assert [row[5] for row in ROWS] == [date(2026, 10, 5), date(2026, 10, 7), date(1992, 1, 20)]
    assert [row[4] for row in ROWS] == [date(2026, 10, 5), None, date(1992, 1, 20)]


def test_payments_are_the_rows_as_objects() -> None:
    second = list(BATCH.payments())[1]

    assert second == Payment(
        5,
        "12345678903",
        "20",
        date(2026, 10, 7),
        None,
        "0106100001",
        None,
        -1,
        None,
        None,
        None,
        None,
        "Kjøp",
        True,
    )


def test_identities_of_columns_and_of_objects_are_the_same() -> None:
    assert BATCH.identities() == [payment.bank_reference.identity() for payment in BATCH.payments()]


def test_an_identity_tells_payments_apart_by_each_of_its_fields() -> None:
    one = BankReference("12345678903", date(2026, 10, 6), 100, "0010017", "86011117947", "123456789", None)
    others = [
        replace(one, account="99991042764"),
        replace(one, booked_on=date(2026, 10, 7)),
        replace(one, amount=-100),
        replace(one, kid=None),
        replace(one, debit_account=None),
        replace(one, reference=None),
        replace(one, form="0000000017"),
    ]

    assert len({one.identity(), *(other.identity() for other in others)}) == 8


@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 1), slice(1, 2), slice(1, 3)])
def test_a_part_of_a_batch_has_the_rows_of_that_part(cut: slice) -> None:
    assert list(part(BATCH, cut).rows()) == ROWS[cut]
    assert part(BATCH, cut).kids() == ["0010017", None, "001009-"][cut]
    assert len(part(BATCH, cut)) == len(ROWS[cut])


def test_long_columns_keep_their_order_with_runs_and_without() -> None:
    count = 100
    long = PaymentBatch(*(np.tile(getattr(BATCH, column.name), count) for column in fields(BATCH)))

    assert list(long.rows()) == ROWS * count
    assert long.identities() == BATCH.identities() * count


def test_a_fault_says_place_and_expectation() -> None:
    fault = Fault(9, (17, 24), "number of records", "00000008", "'00000009'")

    assert str(fault) == "9:17-24: number of records: expected 00000008, found '00000009'"
    assert (
        str(replace(fault, line=0, columns=None))
        == "0: number of records: expected 00000008, found '00000009'"
    )


@pytest.mark.parametrize("account", ["99991042764", "12345678903", "86011117947"])
def test_an_account_passes_its_control(account: str) -> None:
    assert passes_account_control(account)


@pytest.mark.parametrize("account", ["12345678904", "00000000000", "99991042765"])
def test_an_account_fails_its_control(account: str) -> None:
    assert not passes_account_control(account)
