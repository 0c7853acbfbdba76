"""Every numbered case of the format: the hard ones are read and said, the faults are refused with their place."""

import io

import pytest

from pipeline.formats import DEFAULT, Reading, Refusal, read
from pipeline.formats.ocr_giro.exact import faults as exact_faults
from schemas.bank import Payment
from tests.pipeline.ocr_giro_cases import Readable, Wrong, faults, hard_cases


def reading_of(raw: bytes) -> Reading:
    reading = read(io.BytesIO(raw), options=DEFAULT)
    assert not isinstance(reading, Refusal), [str(fault) for fault in reading.faults]
    return reading


def payments_of(raw: bytes) -> list[Payment]:
    return [payment for batch in reading_of(raw).batches() for payment in batch.payments()]


@pytest.mark.parametrize("case", hard_cases(), ids=lambda case: case.name)
def test_a_legal_file_is_read_and_its_oddities_are_said(case: Readable) -> None:
    reading = reading_of(case.raw)
    payments = payments_of(case.raw)

    assert (reading.payments, reading.total) == (case.payments, case.total)
    assert (len(payments), sum(payment.amount for payment in payments)) == (case.payments, case.total)
    assert {note.code for note in reading.notes} == case.codes


@pytest.mark.parametrize("case", hard_cases(), ids=lambda case: case.name)
def test_the_exact_pass_finds_nothing_in_a_legal_file(case: Readable) -> None:
    assert exact_faults(io.BytesIO(case.raw), DEFAULT) == ()


@pytest.mark.parametrize("case", faults(), ids=lambda case: case.name)
def test_a_wrong_file_is_refused_with_line_and_columns(case: Wrong) -> None:
    refusal = read(io.BytesIO(case.raw), options=DEFAULT)

    assert isinstance(refusal, Refusal)
    first = refusal.faults[0]
    assert (first.line, first.columns) == (case.line, case.columns), str(first)
    assert first.expected != first.found
    assert "expected " in str(first)
    assert list(refusal.faults) == sorted(refusal.faults, key=lambda fault: fault.line)


def test_the_same_faults_are_found_with_other_line_ends() -> None:
    for case in faults():
        if case.name.startswith(("34", "40", "72", "73")):
            continue  # these are about line ends or about no lines at all
        refusal = read(io.BytesIO(case.raw.replace(b"\n", b"\r\n")), options=DEFAULT)
        assert isinstance(refusal, Refusal)
        assert (refusal.faults[0].line, refusal.faults[0].columns) == (case.line, case.columns), case.name
