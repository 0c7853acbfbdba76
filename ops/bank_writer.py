"""Writes OCR giro files: from payments that are given, for the demo and the tests, or invented from a seed."""

import io
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import BinaryIO, TypeAlias

from schemas.bank import passes_account_control
from schemas.kid import Kid, mod10
from schemas.money import Money

_WIDTH = 80
_NO_ACCOUNT = "00000000000"
_BUFFERED = 4_096


@dataclass(frozen=True, slots=True)
class OcrPayment:
    """A payment to write. `amount` is never negative: `is_negative` puts `-` in column 32, and types 18 and 20 go out
    whatever the sign. `kid` "" for free text payments (types 20, 21), which have `text`. `card` is columns 75-76."""

    type: int
    booked_on: date
    amount: Money
    kid: Kid
    is_negative: bool = False
    value_on: date | None = None
    statement_ref: str = "0106100001"
    form: str = "0000000000"
    reference: str = "000000000"
    debit_account: str = _NO_ACCOUNT
    text: str = ""
    card: str = "00"

    def __post_init__(self) -> None:
        if not 10 <= self.type <= 21:
            raise ValueError(f"a transaction type is from 10 to 21, not {self.type}")
        if not 0 <= self.amount < 10**17:
            raise ValueError(f"an amount has at most 17 digits of øre and no sign: {self.amount}")
        fits = len(self.kid) <= 25 and len(self.text) <= 40
        lengths = (
            len(self.statement_ref),
            len(self.form),
            len(self.reference),
            len(self.debit_account),
            len(self.card),
        )
        if not fits or lengths != (10, 10, 9, 11, 2):
            raise ValueError(f"a field does not fit its columns: {self}")


@dataclass(frozen=True, slots=True)
class OcrAssignment:
    """Payments to one account, in the order in which they are to stand. They are taken once, so may be a generator."""

    account: str
    payments: Iterable[OcrPayment]
    made_on: date
    number: int = 1
    agreement: str = "001008566"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A standing authorisation (FBO) of AvtaleGiro. `registration`: 0 all active, 1 new or changed, 2 deleted."""

    kid: Kid
    registration: int = 1
    wants_notice: bool = False


@dataclass(frozen=True, slots=True)
class AuthorisationAssignment:
    """Standing authorisations on one account."""

    account: str
    authorisations: tuple[Authorisation, ...]
    number: int = 1


@dataclass(frozen=True, slots=True)
class OcrTransmission:
    """One transmission of the bank's. `made_on` None writes zeros, as for authorisations alone."""

    number: int
    made_on: date | None
    assignments: tuple[OcrAssignment | AuthorisationAssignment, ...]
    recipient: str = "00010200"
    transmitter: str = "00008080"


@dataclass(slots=True)
class _Counts:
    """What an end record tells of the records before it."""

    transactions: int = 0
    records: int = 0
    net: Money = 0
    days: set[date] = field(default_factory=set)


_Records: TypeAlias = Iterator[str]


def write(*transmissions: OcrTransmission, line_end: str = "\n", encoding: str = "latin-1") -> bytes:
    """The bytes of a file with these transmissions."""
    out = io.BytesIO()
    for transmission in transmissions:
        write_to(out, transmission, line_end=line_end, encoding=encoding)
    return out.getvalue()


def write_to(
    out: BinaryIO, transmission: OcrTransmission, *, line_end: str = "\n", encoding: str = "latin-1"
) -> None:
    """Write a transmission without holding more than a few thousand records of it."""
    lines: list[str] = []
    for record in _transmission(transmission):
        lines.append(record.ljust(_WIDTH, "0"))
        if len(lines) == _BUFFERED:
            out.write((line_end.join(lines) + line_end).encode(encoding))
            lines.clear()
    out.write("".join(line + line_end for line in lines).encode(encoding))


def _transmission(transmission: OcrTransmission) -> _Records:
    whole = _Counts()
    yield f"NY000010{transmission.transmitter:>08}{transmission.number:07d}{transmission.recipient:>08}"
    for assignment in transmission.assignments:
        counts = _Counts()
        if isinstance(assignment, OcrAssignment):
            yield from _payments(assignment, counts)
        else:
            yield from _authorisations(assignment, counts)
        whole.transactions += counts.transactions
        whole.records += counts.records
        whole.net += counts.net
    yield (
        f"NY000089{whole.transactions:08d}{whole.records + 2:08d}{abs(whole.net):017d}{_ddmmyy(transmission.made_on)}"
    )


def _payments(assignment: OcrAssignment, counts: _Counts) -> _Records:
    yield f"NY090020{assignment.agreement:>09}{assignment.number:07d}{assignment.account}"
    counts.records = 2
    for payment in assignment.payments:
        counts.transactions += 1
        sign = "-" if payment.is_negative else "0"
        counts.net += -payment.amount if payment.is_negative else payment.amount
        counts.days.add(payment.booked_on)
        number = counts.transactions
        yield (
            f"NY09{payment.type}30{number:07d}{_ddmmyy(payment.booked_on)}{payment.statement_ref}"
            f"{sign}{payment.amount:017d}{payment.kid:>25}{payment.card}"
        )
        yield (
            f"NY09{payment.type}31{number:07d}{payment.form}{payment.reference}0000000"
            f"{_ddmmyy(payment.value_on)}{payment.debit_account}"
        )
        counts.records += 2
        if payment.type >= 20:
            yield f"NY09{payment.type}32{number:07d}{payment.text:40}"
            counts.records += 1
    days = counts.days
    yield (
        f"NY090088{counts.transactions:08d}{counts.records:08d}{abs(counts.net):017d}{_ddmmyy(assignment.made_on)}"
        f"{_ddmmyy(min(days, default=None))}{_ddmmyy(max(days, default=None))}"
    )


def _authorisations(assignment: AuthorisationAssignment, counts: _Counts) -> _Records:
    counts.transactions = len(assignment.authorisations)
    counts.records = counts.transactions + 2
    yield f"NY212420{0:09d}{assignment.number:07d}{assignment.account}"
    for number, one in enumerate(assignment.authorisations, 1):
        yield f"NY219470{number:07d}{one.registration}{one.kid:>25}{'J' if one.wants_notice else 'N'}"
    yield f"NY212488{counts.transactions:08d}{counts.records:08d}"


def _ddmmyy(day: date | None) -> str:
    return "000000" if day is None else f"{day.day:02d}{day.month:02d}{day.year % 100:02d}"


def an_account(number: int) -> str:
    """An account number with its control digit, invented from `number`; another one where that has none."""
    for tried in range(number, number + 20):
        base = f"{tried % 10**10:010d}"
        for control in "0123456789":
            if passes_account_control(base + control):
                return base + control
    raise AssertionError("two bases in a row cannot both be without a control digit")


def generate(payments: int, seed: int, out: BinaryIO) -> None:
    """Write an invented file of so many payments, the same for the same seed: mostly giros with a KID to one of up to
    three accounts, on a few days, some with free text, some credit notes. Streams; a million take some 10 s."""
    chance = random.Random(seed)  # noqa: S311 - invented payments, repeatable by seed
    first_day = date(2026, 1, 5) + timedelta(seed % 300)
    accounts = min(3, payments // 1_000 + 1)
    shares = [payments // accounts + (place < payments % accounts) for place in range(accounts)]
    assignments = tuple(
        OcrAssignment(
            an_account(6_000_000_000 + chance.randrange(10**9)),
            _invented(share, first_day, chance),
            first_day + timedelta(5),
            number=place + 1,
        )
        for place, share in enumerate(shares)
    )
    number = 1 + chance.randrange(9_999_998)
    write_to(out, OcrTransmission(number, first_day + timedelta(5), assignments))


def _invented(count: int, first_day: date, chance: random.Random) -> Iterator[OcrPayment]:
    payers = [_NO_ACCOUNT, *(an_account(8_000_000_000 + chance.randrange(10**9)) for _ in range(997))]
    kinds = (10, 11, 13, 13, 13, 15, 15, 16)
    for place in range(count):
        booked_on = first_day + timedelta(place * 5 // count)
        draw = chance.getrandbits(62)
        kind = kinds[draw % 8]
        has_text = draw % 401 == 0
        text = f"Faktura {draw % 100_000} betalt på nett" if has_text else ""
        body = f"{draw % 10**13:013d}"
        yield OcrPayment(
            type=21 if has_text else kind,
            booked_on=booked_on,
            amount=100 + draw % 2_000_000,
            kid="" if has_text else body + mod10(body),
            is_negative=not has_text and draw % 499 == 0,
            value_on=booked_on - timedelta(1) if draw % 3 else None,
            statement_ref=f"01{booked_on:%d}1{place // 250 % 100_000:05d}",
            reference=f"{draw % 999_999_937:09d}",
            form=f"{draw % 9_999_999_967:010d}" if kind == 10 else "0000000000",
            debit_account=_NO_ACCOUNT if has_text else payers[draw % 998],
            text=text,
        )
