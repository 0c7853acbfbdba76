"""What the writer writes the reader reads, for invented payments of every kind and for the generator's files."""

import io
from datetime import date

import netsgiro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.bank_writer import OcrAssignment, OcrPayment, OcrTransmission, an_account, generate, write
from pipeline.formats import DEFAULT, Reading, Refusal, read
from schemas.bank import Payment
from schemas.kid import mod10, mod11

ORDINARY = st.sampled_from(range(10, 20))
BODIES = st.text("0123456789", min_size=3, max_size=24)
KIDS = BODIES.map(lambda body: body + mod10(body)) | BODIES.map(lambda body: body + mod11(body))
DAYS = st.dates(date(1990, 1, 1), date(2089, 12, 31))
TEXTS = st.text("abcæøåÆØÅ .,-0123456789", max_size=40).map(str.strip)
DIGITS = {width: st.text("0123456789", min_size=width, max_size=width) for width in (9, 10)}
ACCOUNTS = st.integers(0, 10**10 - 1).map(an_account)


@st.composite
def payments(draw: st.DrawFn) -> OcrPayment:
    has_text = draw(st.booleans())
    return OcrPayment(
        type=draw(st.sampled_from((20, 21))) if has_text else draw(ORDINARY),
        booked_on=draw(DAYS),
        # up to 96 of them must fit the 17 digits of a total
        amount=draw(st.integers(0, 10**15) | st.integers(0, 10**6)),
        kid="" if has_text else draw(KIDS),
        is_negative=draw(st.booleans()),
        value_on=draw(st.none() | DAYS),
        statement_ref=draw(DIGITS[10]),
        form=draw(DIGITS[10]),
        reference=draw(DIGITS[9]),
        debit_account=draw(ACCOUNTS | st.just("0" * 11)),
        text=draw(TEXTS) if has_text else "",
    )


ASSIGNMENTS = st.builds(
    OcrAssignment,
    account=ACCOUNTS,
    payments=st.lists(payments(), max_size=6).map(tuple),
    made_on=DAYS,
    number=st.integers(0, 9_999_999),
)
TRANSMISSIONS = st.builds(
    OcrTransmission,
    number=st.integers(0, 9_999_999),
    made_on=DAYS,
    assignments=st.lists(ASSIGNMENTS, max_size=4).map(tuple),
)


def read_whole(raw: bytes) -> tuple[Reading, list[Payment]]:
    reading = read(io.BytesIO(raw), options=DEFAULT)
    assert not isinstance(reading, Refusal), [str(fault) for fault in reading.faults]
    return reading, [payment for batch in reading.batches() for payment in batch.payments()]


def as_read(account: str, line: int, payment: OcrPayment) -> Payment:
    """What a payment that was written on `line` must be read as."""
    goes_out = payment.is_negative or payment.type in (18, 20)
    has_value_date = payment.value_on is not None and payment.value_on <= payment.booked_on
    return Payment(
        line=line,
        account=account,
        type=str(payment.type),
        booked_on=payment.booked_on,
        value_on=payment.value_on if has_value_date else None,
        statement_ref=payment.statement_ref,
        form=payment.form if payment.form.strip("0") else None,
        amount=-payment.amount if goes_out else payment.amount,
        kid=payment.kid or None,
        debit_account=payment.debit_account if payment.debit_account.strip("0") else None,
        reference=payment.reference if payment.reference.strip("0") else None,
        debtor=None,
        text=payment.text or None,
        is_reversal=payment.type in (18, 20),
    )


@settings(max_examples=150)
@given(st.lists(TRANSMISSIONS, min_size=1, max_size=2), st.sampled_from(("\n", "\r\n", "\r", "")))
def test_what_is_written_is_read(transmissions: list[OcrTransmission], line_end: str) -> None:
    raw = write(*transmissions, line_end=line_end)

    reading, found = read_whole(raw)

    expected, line = [], 0
    for transmission in transmissions:
        line += 1
        for assignment in transmission.assignments:
            line += 1
            assert isinstance(assignment, OcrAssignment)
            for payment in assignment.payments:
                expected.append(as_read(assignment.account, line + 1, payment))
                line += 3 if payment.type >= 20 else 2
            line += 1
        line += 1
    assert found == expected
    assert reading.total == sum(payment.amount for payment in expected)
    assert [a.account for a in reading.assignments] == [
        a.account for t in transmissions for a in t.assignments
    ]


@pytest.mark.parametrize("count", [0, 1, 9_994, 25_000])
def test_a_generated_file_is_read_whole_in_batches_that_are_not_too_large(count: int) -> None:
    out = io.BytesIO()
    generate(count, 7, out)

    reading, found = read_whole(out.getvalue())

    assert reading.payments == len(found) == count
    assert reading.total == sum(payment.amount for payment in found)
    assert [batch.ordinal.tolist() for batch in reading.batches()] == [
        list(range(start, min(start + len(batch), count)))
        for batch, start in zip(
            reading.batches(), [int(b.ordinal[0]) for b in reading.batches()], strict=True
        )
    ]
    assert all(0 < len(batch) <= 5_000 for batch in reading.batches())
    assert [note.code for note in reading.notes] == ([] if count else ["empty-assignment"])


def test_the_generator_repeats_itself_by_its_seed() -> None:
    files = []
    for seed in (1, 1, 2):
        out = io.BytesIO()
        generate(300, seed, out)
        files.append(out.getvalue())

    assert files[0] == files[1] != files[2]


def test_netsgiro_reads_the_same_where_it_is_right() -> None:
    """An independent reader of the same format: netsgiro 2.0.1, which compares no totals and overlooks the sign."""
    out = io.BytesIO()
    generate(2_000, 3, out)
    _, found = read_whole(out.getvalue())

    theirs = netsgiro.parse(out.getvalue().decode("latin-1"))

    transactions = [one for assignment in theirs.assignments for one in assignment.transactions]
    assert len(transactions) == len(found)
    for ours, one in zip(found, transactions, strict=True):
        assert isinstance(one, netsgiro.Transaction)
        assert (ours.type, ours.booked_on, abs(ours.amount)) == (
            f"{int(one.type)}",
            one.date,
            int(one.amount * 100),
        )
        assert (ours.kid, ours.text or "") == (one.kid, (one.text or "").strip())
        lump_sum = (f"{one.partial_settlement_number}", one.partial_settlement_serial_number)
        assert ours.statement_ref == "".join(
            (one.centre_id or "", f"{one.day_code:02d}", lump_sum[0], lump_sum[1] or "")
        )
        assert ours.debit_account == (one.debit_account if one.debit_account != "0" * 11 else None)
