"""What only shows in a whole file: several blocks, sums beyond 64 bits, positions and cuts, notes without end."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise

import pytest

from ops.bank_writer import OcrPayment, OcrTransmission, generate, write
from pipeline.formats import DEFAULT, Reading, ReadOptions, Refusal, read, recognise
from pipeline.formats.reading import Kids
from pipeline.formats.saying import LISTED, FaultyFileError
from tests.pipeline.ocr_giro_cases import (
    A_PAYMENT,
    DAY,
    DAY_BEFORE,
    OTHER_ACCOUNT,
    THREE,
    WITH_TEXT,
    a_file,
    assignment,
    put,
    transmission,
)

MANY = 12_000
"""Payments of more than one block."""


def reading_of(raw: bytes, options: ReadOptions = DEFAULT) -> Reading:
    reading = read(io.BytesIO(raw), options=options)
    assert not isinstance(reading, Refusal), [str(fault) for fault in reading.faults]
    return reading


def many(
    line_end: str = "\n", change: Callable[[int, OcrPayment], OcrPayment] = lambda _, payment: payment
) -> bytes:
    payments = (change(place, THREE[place % 3]) for place in range(MANY))
    return write(transmission(assignment(*payments)), line_end=line_end)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", ""])
def test_a_file_of_several_blocks_is_read_whole_with_any_line_end(line_end: str) -> None:
    reading = reading_of(many(line_end))

    rows = [row for batch in reading.batches() for row in batch.rows()]
    assert (reading.payments, len(rows)) == (MANY, MANY)
    assert [row[0] for row in rows] == list(range(3, 3 + 2 * MANY, 2))
    assert reading.total == sum(row[8] for row in rows) == MANY // 3 * 174_951


def test_a_payment_may_lie_across_two_blocks() -> None:
    """Items 3 shift the records, so that block ends fall between the items of a payment in every way."""
    for shift in range(4):
        reading = reading_of(many(change=partial(_some_with_text, shift)))
        rows = [row for batch in reading.batches() for row in batch.rows()]
        assert [row[0] for row in rows] == sorted({row[0] for row in rows})
        assert (len(rows), sum(row[8] for row in rows)) == (MANY, reading.total)


def _some_with_text(shift: int, place: int, payment: OcrPayment) -> OcrPayment:
    return WITH_TEXT if place < shift or place % 1_000 == 0 else payment


def test_an_oddity_in_the_middle_of_a_large_file_costs_only_a_note() -> None:
    raw = many()
    middle = 81 * 15_000
    reading = reading_of(raw[:middle] + b"\n" + raw[middle:])

    assert [(note.line, note.code) for note in reading.notes] == [(15_001, "blank-line")]
    assert [row[0] for batch in reading.batches() for row in batch.rows()][-1] == 2 * MANY + 2


def test_a_fault_in_the_middle_of_a_large_file_is_placed() -> None:
    raw = bytearray(many())
    at = 81 * 15_002 + 40
    raw[at : at + 1] = b"x"

    refusal = read(io.BytesIO(bytes(raw)), options=DEFAULT)

    assert isinstance(refusal, Refusal)
    assert (refusal.faults[0].line, refusal.faults[0].columns) == (15_003, (33, 49))


def test_sums_beyond_64_bits_are_exact() -> None:
    """100 payments of 17 nines on either side: the net fits its field, the sums on the way do not fit a word."""
    largest = replace(A_PAYMENT, amount=10**17 - 1)
    back = replace(largest, is_negative=True)
    reading = reading_of(a_file(*[largest] * 200, *[back] * 199))

    assert reading.total == reading.control_total == 10**17 - 1


def test_a_total_that_does_not_fit_its_field_is_refused() -> None:
    largest = replace(A_PAYMENT, amount=10**17 - 1)
    raw = a_file(largest, largest)  # the writer lets it run over the columns

    assert isinstance(read(io.BytesIO(raw), options=DEFAULT), Refusal)


def test_positions_rank_by_kid_and_then_by_line() -> None:
    kids = [
        "0010025",
        "0010017",
        "001009-",
        "",
        "1234567890123456789012347",
        "0010017",
        "17",
        "0000000000000000017",
    ]
    reading = reading_of(a_file(*(replace(A_PAYMENT, kid=kid) for kid in kids)))

    positions = reading.positions().tolist()

    assert sorted(positions) == list(range(len(kids)))
    by_position = [kids[ordinal] for ordinal in sorted(range(len(kids)), key=positions.__getitem__)]
    assert by_position == sorted(
        kids, key=lambda kid: (kid.rjust(25)[:9].strip().rjust(9, "0"), len(kid), kid)
    )
    same = [positions[ordinal] for ordinal, kid in enumerate(kids) if kid == "0010017"]
    assert same[1] == same[0] + 1, "equal KIDs are neighbours, in file order"
    assert len(
        {(int(h), int(low)) for h, low in zip(reading.kids.high, reading.kids.low, strict=True)}
    ) == len(set(kids))


def test_cuts_keep_equal_kids_together_unless_there_are_too_many() -> None:
    kids = ["0010017"] * 2 + ["0010025"] * 3 + ["0010033"] * 7 + ["0010041"]
    reading = reading_of(a_file(*(replace(A_PAYMENT, kid=kid) for kid in kids)))

    assert reading.cuts(4) == [(0, 2), (2, 5), (5, 9), (9, 13)]
    assert reading.cuts(5) == [(0, 5), (5, 10), (10, 13)]
    assert reading.cuts(100) == [(0, 13)]
    assert reading.cuts(1) == [(place, place + 1) for place in range(13)]
    with pytest.raises(ValueError, match="at least one"):
        reading.cuts(0)


def test_an_empty_file_of_payments_has_no_cuts() -> None:
    reading = reading_of(write(transmission()))

    assert (reading.cuts(1_000), reading.positions().tolist(), list(reading.batches())) == ([], [], [])


def test_cuts_of_a_large_file_cover_every_position_once() -> None:
    out = io.BytesIO()
    generate(30_000, 5, out)
    reading = reading_of(out.getvalue())

    cuts = reading.cuts(1_000)

    assert cuts[0][0] == 0
    assert cuts[-1][1] == 30_000
    assert all(end == start for (_, end), (start, _) in pairwise(cuts))
    assert all(0 < end - start <= 1_000 for start, end in cuts)
    assert isinstance(reading.kids, Kids)


def test_notes_of_one_code_are_listed_up_to_a_limit_and_then_counted() -> None:
    reading = reading_of(many(change=lambda _, payment: replace(payment, kid="0010018")))

    found = [note for note in reading.notes if note.code == "kid-control"]
    assert len(found) == LISTED + 1
    assert found[-1].text.startswith(f"and {MANY - LISTED} more")


def test_assignments_say_where_they_stand_and_what_they_hold() -> None:
    credit = replace(A_PAYMENT, is_negative=True, amount=200_000, booked_on=DAY_BEFORE)
    raw = write(
        transmission(assignment(A_PAYMENT, credit), assignment(WITH_TEXT, account=OTHER_ACCOUNT, number=2))
    )

    reading = reading_of(raw)

    first, second = reading.assignments
    assert (first.line, first.last_line, first.payments) == (2, 7, 2)
    assert (first.total, first.control_total) == (-75_000, -75_000)
    assert (first.earliest, first.latest) == (DAY_BEFORE, DAY)
    assert (second.account, second.number, second.line, second.last_line) == (OTHER_ACCOUNT, "0000002", 8, 12)
    only = reading.transmissions[0]
    assert (only.line, only.number, only.recipient, only.made_on) == (1, "0000123", "00010200", DAY)


def test_several_faults_that_do_not_depend_on_each_other_are_all_named() -> None:
    raw = put(3, 33, "x", put(5, 50, "y", put(10, 17, "00000099")))

    refusal = read(io.BytesIO(raw), options=DEFAULT)

    assert isinstance(refusal, Refusal)
    assert [(fault.line, fault.columns) for fault in refusal.faults] == [
        (3, (33, 49)),
        (5, (50, 74)),
        (10, (17, 24)),
    ]


def test_dates_that_differ_are_noted_when_not_strict() -> None:
    raw = put(9, 54, "131026")

    reading = reading_of(raw, replace(DEFAULT, strict_dates=False))

    assert [(note.line, note.code) for note in reading.notes] == [(9, "dates-differ")]
    assert isinstance(read(io.BytesIO(raw), options=DEFAULT), Refusal)


def test_the_window_of_years_is_a_setting() -> None:
    raw = a_file(replace(A_PAYMENT, booked_on=date(1992, 1, 20)))

    assert reading_of(raw).assignments[0].earliest == date(1992, 1, 20)
    assert reading_of(raw, replace(DEFAULT, first_year=2000)).assignments[0].earliest == date(2092, 1, 20)


@pytest.mark.parametrize(
    ("encoding", "raw", "text"),
    [
        ("latin-1", b"bl\xe5b\xe6r\x85", "blåbær…"),
        ("iso646-no", b"bl}b{r \\st", "blåbær Øst"),
        ("cp865", "blåbær".encode("cp865"), "blåbær"),
    ],
)
def test_text_is_read_in_the_encoding_that_is_asked_for(encoding: str, raw: bytes, text: str) -> None:
    file = a_file(replace(WITH_TEXT, text="#" * len(raw))).replace(b"#" * len(raw), raw)

    reading = reading_of(file, replace(DEFAULT, encoding=encoding))

    assert [row[12] for batch in reading.batches() for row in batch.rows()] == [text]


def test_utf_8_text_keeps_characters_that_no_single_byte_has() -> None:
    file = a_file(replace(WITH_TEXT, text="ærlig #")).decode("latin-1").replace("#", "€").encode()

    assert [row[12] for batch in reading_of(file).batches() for row in batch.rows()] == ["ærlig €"]


@pytest.mark.parametrize("encoding", ["utf-16", "cp037", "no-such-thing"])
def test_an_encoding_that_cannot_be_is_said_at_once(encoding: str) -> None:
    with pytest.raises(ValueError, match=encoding):
        replace(DEFAULT, encoding=encoding)


@pytest.mark.parametrize("year", [1899, 2101])
def test_a_window_of_years_far_away_is_said_at_once(year: int) -> None:
    with pytest.raises(ValueError, match=str(year)):
        replace(DEFAULT, first_year=year)


def test_a_stream_that_gives_less_than_asked_for_is_read_to_its_end() -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 1_000))

    reading = read(Trickle(a_file()), options=DEFAULT)

    assert isinstance(reading, Reading)
    assert reading.payments == 3


def test_recognise_keeps_silent_about_what_may_be_ocr_giro() -> None:
    assert recognise(a_file()) is None
    assert recognise(b"") is None
    assert recognise(
        b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"/>'
    ) == ("an XML file (camt.054)")
    assert recognise(b"<!DOCTYPE html><html>") == "an HTML page"
    assert recognise(b'{"a": 1}') == "JSON"


def test_the_same_reading_gives_its_batches_again() -> None:
    reading = reading_of(write(OcrTransmission(1, DAY, (assignment(*THREE),))))

    assert [[*b.rows()] for b in reading.batches()] == [[*b.rows()] for b in reading.batches()]


def test_a_file_that_changes_between_the_passes_is_not_taken_for_the_proven_one() -> None:
    stream = io.BytesIO(a_file(*THREE))
    reading = read(stream, options=DEFAULT)
    assert isinstance(reading, Reading)
    stream.seek(0)
    stream.write(a_file(A_PAYMENT))
    stream.truncate()

    with pytest.raises(FaultyFileError, match="changed"):
        list(reading.batches())


def test_a_great_many_blank_lines_are_an_empty_file() -> None:
    refusal = read(io.BytesIO(b"\n" * 100_000), options=DEFAULT)

    assert isinstance(refusal, Refusal)
    assert refusal.faults[0].line == 0


def test_a_line_without_end_is_refused_without_being_held() -> None:
    refusal = read(io.BytesIO(b"NY000010" + b"0" * 5_000_000), options=DEFAULT)

    assert isinstance(refusal, Refusal)
    assert refusal.faults[0].line == 1
    assert "more than" in refusal.faults[0].found
