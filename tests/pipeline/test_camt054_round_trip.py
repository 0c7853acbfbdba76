"""What the writer of notifications writes the reader reads, in every version, for invented entries of every kind."""

import io
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from ops.bank_writer import an_account
from ops.notification_writer import CamtEntry, CamtMessage, CamtNotification, CamtTransaction, write_message
from pipeline.formats import DEFAULT, Reading, read
from schemas.bank import KidShare, Payment
from schemas.kid import mod10, mod11

BODIES = st.text("0123456789", min_size=3, max_size=24)
KIDS = BODIES.map(lambda body: body + mod10(body)) | BODIES.map(lambda body: body + mod11(body))
DAYS = st.dates(date(1990, 1, 1), date(2089, 12, 31))
TEXTS = st.text("abcæøåÆØÅ &<>\"'.,-0123456789€", max_size=60).map(lambda text: " ".join(text.split()))
ACCOUNTS = st.integers(0, 10**10 - 1).map(an_account)
AMOUNTS = st.integers(0, 10**15) | st.integers(0, 10**6)


@st.composite
def transactions(draw: st.DrawFn) -> CamtTransaction:
    amount = draw(AMOUNTS)
    kids = draw(st.lists(KIDS, min_size=2, max_size=2, unique=True) | st.none())
    first = draw(st.integers(0, amount))
    return CamtTransaction(
        amount,
        kid=draw(KIDS | st.just("")) if kids is None else "",
        kids=() if kids is None else ((kids[0], first), (kids[1], amount - first)),
        text=draw(TEXTS),
        debtor=draw(TEXTS),
        debit_account=draw(ACCOUNTS | st.just("")),
        reference=draw(st.text("0123456789", max_size=9)),
    )


ENTRIES = st.builds(
    CamtEntry,
    booked_on=DAYS,
    transactions=st.lists(transactions(), max_size=4).map(tuple),
    amount=AMOUNTS,
    text=TEXTS,
    is_debit=st.booleans(),
    is_reversal=st.booleans(),
    status=st.sampled_from(("BOOK", "BOOK", "BOOK", "PDNG")),
    value_on=st.none() | DAYS,
    code=st.sampled_from(("230", "233", "")),
)


def as_read(account: str, entry: CamtEntry, one: CamtTransaction | None, reference: str) -> Payment:
    """What a transaction, or an entry without any, must be read as; its line aside."""
    sign = -1 if entry.is_debit else 1
    told = one or CamtTransaction(entry.amount, text=entry.text)
    several = len(told.kids) > 1
    return Payment(
        line=0,
        account=account,
        type=entry.code,
        booked_on=entry.booked_on,
        value_on=entry.value_on if entry.value_on and entry.value_on <= entry.booked_on else None,
        statement_ref=reference,
        form=None,
        amount=sign * told.amount,
        kid=told.kid or None,
        debit_account=told.debit_account or None,
        reference=told.reference or None,
        debtor=told.debtor or None,
        text=None if told.kid or several else told.text or None,
        is_reversal=entry.is_reversal,
        kids=tuple(KidShare(kid, sign * (share or 0)) for kid, share in told.kids),
    )


@settings(max_examples=150)
@given(
    st.lists(st.tuples(ACCOUNTS, st.lists(ENTRIES, max_size=4)), min_size=1, max_size=3),
    st.sampled_from(("02", "04", "08")),
    st.booleans(),
)
def test_what_is_written_is_read(
    accounts: list[tuple[str, list[CamtEntry]]], version: str, has_summary: bool
) -> None:
    written = tuple(
        CamtNotification(account, tuple(entries), id=f"N{place}", has_summary=has_summary)
        for place, (account, entries) in enumerate(accounts)
    )
    raw = write_message(CamtMessage(written, date(2026, 1, 1), version=version))

    reading = read(io.BytesIO(raw), options=DEFAULT)

    assert isinstance(reading, Reading), [str(fault) for fault in reading.faults]
    expected = [
        as_read(one.account, entry, transaction, f"{one.id}/{number}")
        for one in written
        for number, entry in enumerate(one.entries, 1)
        if entry.status == "BOOK"
        for transaction in entry.transactions or (None,)
    ]
    found = [payment for batch in reading.batches() for payment in batch.payments()]
    lines = raw.decode().splitlines()
    assert all(
        "<TxDtls>" in lines[payment.line - 1] or "<Ntry>" in lines[payment.line - 1] for payment in found
    )
    assert [as_compared(payment) for payment in found] == [as_compared(payment) for payment in expected]
    assert reading.total == sum(payment.amount for payment in expected)
    assert [assignment.account for assignment in reading.assignments] == [account for account, _ in accounts]


def as_compared(payment: Payment) -> tuple[object, ...]:
    """All but the line."""
    return tuple(getattr(payment, name) for name in Payment.__slots__ if name != "line")
