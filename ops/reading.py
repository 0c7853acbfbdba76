"""What `kk2 read FILE` prints: the format reader by itself, without database and setup."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from pipeline.formats import DEFAULT, Batch, Reading, ReadOptions, Refusal, read
from schemas.bank import Assignment, Payment, PaymentList, PaymentRow
from schemas.money import in_kroner
from schemas.wording import counted

READ, REFUSED, UNREADABLE = 0, 1, 2
"""The exit statuses: the file was read, is refused, or cannot be opened (or the encoding is unknown)."""

_Q, _NULL = '"', "null"
_ASSIGNMENT = "{:<11}  {:>9}  {:>8}  {:>20}  {:>20}  {:<10}  {:<10}"
_PAYMENT = "{:>8}  {:<11}  {:<4}  {:<10}  {:<10}  {:>20}  {:<25}  {:<11}  {:<9}  {}"


def print_reading(path: Path, *, as_json: bool, payments: bool, encoding: str | None) -> int:
    """Read the file at `path` and print it; the exit status.

    `as_json`: an object a payment and a summary last; else a table of assignments and the notes, and with `payments`
    a row for each payment. `encoding`: of the text fields, None for ISO-8859-1. Nothing of a file that is refused
    goes to standard output.
    """
    try:
        options = DEFAULT if encoding is None else replace(DEFAULT, encoding=encoding)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    try:
        with path.open("rb") as stream:
            return _print_stream(path, stream, options, as_json=as_json, payments=payments)
    except BrokenPipeError:
        _leave_standard_output()
        return READ
    except OSError as error:
        sys.stderr.write(f"{path}: cannot be read: {error.strerror or error}\n")
        return UNREADABLE


def _print_stream(
    path: Path, stream: BinaryIO, options: ReadOptions, *, as_json: bool, payments: bool
) -> int:
    reading = read(stream, options=options)
    if isinstance(reading, Refusal):
        sys.stderr.write("".join(f"{path}:{fault}\n" for fault in reading.faults))
        return REFUSED
    for part in _json(reading) if as_json else _tables(reading, payments=payments):
        sys.stdout.write(part)
    sys.stdout.flush()
    return READ


def _leave_standard_output() -> None:
    """The reader of our output went away: send what is still buffered nowhere, or Python complains at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _json(reading: Reading) -> Iterator[str]:
    for batch in reading.batches():
        yield _json_lines(batch)
    summary = {
        "format": reading.format,
        "transmissions": len(reading.transmissions),
        "assignments": len(reading.assignments),
        "payments": reading.payments,
        "total_ore": reading.total,
        "authorisations": reading.authorisations,
        "notes": [{"line": note.line, "code": note.code, "text": note.text} for note in reading.notes],
    }
    yield json.dumps({"summary": summary}) + "\n"


def _json_lines(batch: Batch) -> str:
    """A batch as lines of JSON, put together by hand, for json.dumps takes four times as long. In a file of columns all
    but the text are digits, dashes and dates, so only the text needs quoting; where XML has words, each is quoted."""
    if isinstance(batch, PaymentList):
        return "".join(map(_json_line, batch.payments()))
    return "".join(
        [
            f'{{"line": {line}, "account": "{account}", "type": "{kind}", "booked_on": {_day(booked_on)}, '
            f'"value_on": {_day(value_on)}, "statement_ref": "{statement_ref}", '
            f'"form": {_Q + form + _Q if form else _NULL}, "amount_ore": {amount}, '
            f'"kid": {_Q + kid + _Q if kid else _NULL}, '
            f'"debit_account": {_Q + debit_account + _Q if debit_account else _NULL}, '
            f'"reference": {_Q + reference + _Q if reference else _NULL}, "debtor": null, '
            f'"text": {json.dumps(text) if text else _NULL}, '
            f'"is_reversal": {"true" if is_reversal else "false"}}}\n'
            for (
                line,
                account,
                kind,
                booked_on,
                value_on,
                _,
                statement_ref,
                form,
                amount,
                kid,
                debit_account,
                reference,
                text,
                is_reversal,
                _,
                _,
            ) in batch.rows()
        ]
    )


def _json_line(payment: Payment) -> str:
    said: dict[str, object] = {
        "line": payment.line,
        "account": payment.account,
        "type": payment.type or None,
        "booked_on": f"{payment.booked_on}",
        "value_on": None if payment.value_on is None else f"{payment.value_on}",
        "statement_ref": payment.statement_ref,
        "form": payment.form,
        "amount_ore": payment.amount,
        "kid": payment.kid,
    }
    if payment.kids:
        said["kids"] = [share.kid for share in payment.kids]
    said |= {
        "debit_account": payment.debit_account,
        "reference": payment.reference,
        "debtor": payment.debtor,
        "text": payment.text,
        "is_reversal": payment.is_reversal,
    }
    return json.dumps(said) + "\n"


@lru_cache(maxsize=4_096)
def _day(day: date | None) -> str:
    """A day as JSON; a file has few, and many payments."""
    return _NULL if day is None else f'"{day}"'


def _tables(reading: Reading, *, payments: bool) -> Iterator[str]:
    yield (
        f"{reading.format}: {counted(len(reading.transmissions), 'transmission')}, "
        f"{counted(len(reading.assignments), 'assignment')}, {counted(reading.payments, 'payment')}, "
        f"{in_kroner(reading.total)} kr, {counted(reading.authorisations, 'authorisation')}\n"
    )
    yield from _assignments(reading.assignments)
    if payments:
        yield "\n" + _row(
            _PAYMENT,
            (
                "line",
                "account",
                "type",
                "booked on",
                "value on",
                "kroner",
                "KID",
                "from",
                "reference",
                "text",
            ),
        )
        for batch in reading.batches():
            yield "".join(_payment(row) for row in batch.rows())
    if reading.notes:
        yield "\nNotes\n"
        yield "".join(f"  line {note.line}: {note.text} ({note.code})\n" for note in reading.notes)


def _assignments(assignments: tuple[Assignment, ...]) -> Iterator[str]:
    if assignments:
        titles = ("account", "number", "payments", "kroner", "control total", "earliest", "latest")
        yield "\n" + _row(_ASSIGNMENT, titles)
    for one in assignments:
        money = (in_kroner(one.total), in_kroner(one.control_total))
        days = (f"{one.earliest or ''}", f"{one.latest or ''}")
        yield _row(_ASSIGNMENT, (one.account, one.number, f"{one.payments}", *money, *days))


def _payment(row: PaymentRow) -> str:
    (
        line,
        account,
        kind,
        booked_on,
        value_on,
        _,
        _,
        _,
        amount,
        kid,
        debit_account,
        reference,
        text,
        _,
        debtor,
        kids,
    ) = row
    told = " / ".join(part for part in (debtor, text) if part)
    several = "+".join(share[0] for share in json.loads(kids)) if kids else ""
    money, absent = in_kroner(amount), ""
    return _row(
        _PAYMENT,
        (
            f"{line}",
            account,
            kind,
            f"{booked_on}",
            f"{value_on or absent}",
            money,
            kid or several,
            debit_account or absent,
            reference or absent,
            told,
        ),
    )


def _row(form: str, cells: tuple[str, ...]) -> str:
    return form.format(*cells).rstrip() + "\n"
