"""Each column of a right file written over: refused at the right place, or proven harmless."""

import io
from dataclasses import replace

import pytest

from ops.bank_writer import write
from pipeline.formats import DEFAULT, Refusal, read
from pipeline.formats.ocr_giro.exact import faults as exact_faults
from schemas.bank import Fault, Payment
from tests.pipeline.ocr_giro_cases import (
    THREE,
    WITH_TEXT,
    assignment,
    authorisations,
    lines,
    put,
    transmission,
)

RAW = write(transmission(assignment(*THREE, replace(WITH_TEXT, amount=7_00)), authorisations()))
RECORDS = lines(RAW)
PAIRED = {(5, 6): "type", (9, 15): "number"}
"""Fields of item 1 that only item 2 can contradict: then the fault is on its line."""


def payments_of(raw: bytes) -> list[Payment] | tuple[Fault, ...]:
    reading = read(io.BytesIO(raw), options=DEFAULT)
    if isinstance(reading, Refusal):
        return reading.faults
    assert exact_faults(io.BytesIO(raw), DEFAULT) == ()
    return [payment for batch in reading.batches() for payment in batch.payments()]


RIGHT = payments_of(RAW)


def notes_of(raw: bytes) -> set[int]:
    reading = read(io.BytesIO(raw), options=DEFAULT)
    assert not isinstance(reading, Refusal)
    return {note.line for note in reading.notes}


def holds(fault: Fault, line: int, column: int) -> bool:
    return fault.line == line and fault.columns is not None and fault.columns[0] <= column <= fault.columns[1]


def is_item(line: int, record: str) -> bool:
    return RECORDS[line - 1][2:4] == "09" and RECORDS[line - 1][6:8] == record


def is_passed_over(line: int, column: int) -> bool:
    """Content of another service's records (but the counts of its end), and columns that nothing is defined for."""
    record = RECORDS[line - 1]
    if record[2:4] == "21":
        return column > 8 and not (record[6:8] == "88" and column <= 24)
    return is_item(line, "31") and 35 <= column <= 41


@pytest.mark.parametrize("line", range(1, len(RECORDS) + 1))
def test_a_letter_in_any_column_is_refused_there_or_changes_nothing(line: int) -> None:
    for column in range(1, 81):
        raw = put(line, column, "X", RAW)
        found = payments_of(raw)
        if isinstance(found, tuple):
            assert holds(found[0], line, column), (line, column, str(found[0]))
        elif is_item(line, "32") and 16 <= column <= 55:
            assert [replace(payment, text=None) for payment in found] == [
                replace(payment, text=None) for payment in RIGHT if isinstance(payment, Payment)
            ]
        else:
            assert found == RIGHT, (line, column)
            assert is_passed_over(line, column) or line in notes_of(raw) or is_free(line, column), (
                line,
                column,
            )


def is_free(line: int, column: int) -> bool:
    """Columns 5-6 of an AvtaleGiro record: its type only says what is counted."""
    return RECORDS[line - 1][2:4] == "21" and column in (5, 6)


@pytest.mark.parametrize("line", range(1, len(RECORDS) + 1))
def test_another_digit_in_any_column_is_refused_or_seen_in_that_payment_alone(line: int) -> None:
    for column in range(1, 81):
        digit = RECORDS[line - 1][column - 1]
        if not digit.isdigit():
            continue
        found = payments_of(put(line, column, str((int(digit) + 1) % 10), RAW))
        if isinstance(found, tuple):
            assert is_right_place(found[0], line, column), (line, column, str(found[0]))
            continue
        assert isinstance(RIGHT, list)
        changed = [here for here, there in zip(found, RIGHT, strict=True) if here != there]
        starts_payments = RECORDS[line - 1].startswith("NY090020")
        assert starts_payments or all(line - 2 <= payment.line <= line for payment in changed), (line, column)


def is_right_place(fault: Fault, line: int, column: int) -> bool:
    """At the column, or where the rest of the file contradicts it: the payment's other item, or the sums."""
    if holds(fault, line, column):
        return True
    if is_item(line, "30"):
        pair = fault.line == line + 1 and fault.columns in PAIRED and column in range(5, 16)
        total = 33 <= column <= 49 and fault.columns == (25, 41)
        dates = 16 <= column <= 21 and fault.columns in ((48, 53), (54, 59))
        another_record = column in (5, 6) and fault.line > line and fault.columns == (7, 8)
        return pair or total or dates or another_record
    starts_another_service = RECORDS[line - 1][6:8] == "20" and column in (3, 4)
    return starts_another_service and fault.line == line + 1 and fault.columns == (3, 4)
