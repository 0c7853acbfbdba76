"""The exact pass over a refused file: line by line, to say what is wrong, where, and what should stand there.

It follows the same rules as `checks` and the same `ledger`, one record at a time. A record out of place ends it, since
all that follows would be measured against the wrong neighbour; faults of fields do not, but a sum over a payment that
cannot be read is not compared.
"""

from typing import BinaryIO

from pipeline.formats.ocr_giro import encoding, layout
from pipeline.formats.ocr_giro.fields import Record, fault_at
from pipeline.formats.ocr_giro.kids import kid_in
from pipeline.formats.ocr_giro.layout import ITEM_1, ITEM_2, ITEM_3, OCR, WIDTH, is_digits
from pipeline.formats.ocr_giro.ledger import Ledger
from pipeline.formats.ocr_giro.lines import LONGEST_LINE, Line, each_line
from pipeline.formats.ocr_giro.notes import Code
from pipeline.formats.ocr_giro.sums import Sums
from pipeline.formats.reading import ReadOptions
from pipeline.formats.recognition import recognise
from pipeline.formats.saying import shown
from schemas.bank import Fault

MOST_FAULTS = 20
"""After this many the rest of the file is not looked at."""


class _Silence:
    """Takes no notes: a refused file has faults."""

    def add(self, line: int, code: Code, text: str) -> None:
        """Forget it."""


def faults(stream: BinaryIO, options: ReadOptions) -> tuple[Fault, ...]:
    """The faults of a file in the order of its lines; none if nothing is wrong with it."""
    walk = _Walk(options)
    last_line = 0
    for line in each_line(stream, _Silence()):
        if line.is_blank:
            continue
        last_line = line.number
        if not walk.step(line):
            return tuple(walk.faults)
    walk.end(last_line)
    return tuple(walk.faults)


class _Walk:
    """One way through a file."""

    def __init__(self, options: ReadOptions) -> None:
        self.faults: list[Fault] = []
        self._first_year = options.first_year
        self._ledger = Ledger(options.first_year, _Silence(), strict_dates=options.strict_dates)
        self._begun: list[Record] = []  # the items of the payment that is not complete yet
        self._numbers: dict[str, int] = {}  # of the assignment, with the lines of their items 1
        self._is_first = True

    def step(self, line: Line) -> bool:
        """Look at one record; whether to go on."""
        record, fault = self._record(line)
        self._is_first = False
        if record is None or fault is not None:
            if fault is not None:
                self.faults.append(fault)
            return False
        fault = self._item(record) if self._is_item(record) else self._other(record)
        self.faults += record.faults
        if fault is not None:
            self.faults.append(fault)
        return fault is None and len(self.faults) < MOST_FAULTS

    def end(self, last_line: int) -> None:
        """The end of the file."""
        if self._begun:
            what = f"{self._awaited()}, the next item of the payment of line {self._begun[0].line}"
            self.faults.append(Fault(last_line, None, "end of file", what, "the end of the file"))
            return
        fault = self._ledger.end(last_line)
        if fault is not None:
            self.faults.append(fault)

    def _record(self, line: Line) -> tuple[Record | None, Fault | None]:
        """The record on a line of 80 characters that begins with NY, or what is wrong with the line."""
        known = recognise(line.raw) if self._is_first else None
        if known is not None:
            return None, Fault(line.number, layout.FORMAT.columns, "format", "NY (an OCR giro file)", known)
        text = encoding.characters(line.raw)
        starts_right = text[:2] == "NY"
        if self._is_first and not starts_right:
            return None, Fault(
                line.number, layout.FORMAT.columns, "format", "NY (an OCR giro file)", shown(text[:8])
            )
        length = min([len(text), *(text.index(end) for end in "\r\n" if end in text)])
        if length != WIDTH:
            return None, _wrong_length(line, length)
        if not starts_right:
            return None, fault_at(line.number, layout.FORMAT, "NY", text[:2])
        return Record(line.number, text), None

    def _is_item(self, record: Record) -> bool:
        is_ocr = record.of(layout.SERVICE) == OCR and self._ledger.in_payments
        return bool(self._begun) or (is_ocr and record.of(layout.RECORD) in (ITEM_1, ITEM_2, ITEM_3))

    def _awaited(self) -> str:
        return (ITEM_1, ITEM_2, ITEM_3)[len(self._begun)]

    def _item(self, record: Record) -> Fault | None:
        """An item of a payment, or what stands in the place of one; the fault if it may not stand here."""
        awaited = self._awaited()
        service = record.of(layout.SERVICE)
        if service == layout.TRANSMISSION:
            return fault_at(record.line, layout.IDENTITY, self._expectation(), record.text[:8])
        if service != OCR:
            return fault_at(record.line, layout.SERVICE, OCR, service)
        if record.of(layout.RECORD) != awaited:
            return fault_at(record.line, layout.RECORD, self._expectation(), record.of(layout.RECORD))
        if self._begun:
            fault = self._unlike(record)
            if fault is not None:
                return fault
        self._begun.append(record)
        (self._first, self._second, self._third)[len(self._begun) - 1](record)
        is_complete = len(self._begun) == (3 if self._begun[0].of(layout.TYPE) in ("20", "21") else 2)
        if is_complete:
            self._pay()
        return None

    def _expectation(self) -> str:
        if not self._begun:
            return f"{ITEM_1} or 88: a payment or the end of the assignment"
        return f"{self._awaited()}, the next item of the payment of line {self._begun[0].line}"

    def _unlike(self, record: Record) -> Fault | None:
        """What differs from the payment's item 1."""
        first = self._begun[0]
        for place in (layout.TYPE, layout.NUMBER):
            if record.of(place) != first.of(place):
                expected = f"{shown(first.of(place))} as on line {first.line}"
                return fault_at(record.line, place, expected, record.of(place))
        return None

    def _first(self, record: Record) -> None:
        kind = record.of(layout.TYPE)
        if not is_digits(kind) or not layout.FIRST_TYPE <= int(kind) <= layout.LAST_TYPE:
            record.refuse(layout.TYPE, "a transaction type from 10 to 21")
        number = record.digits(layout.NUMBER)
        if number is not None:
            before = self._numbers.setdefault(number, record.line)
            if before != record.line:
                record.refuse(
                    layout.NUMBER, f"a number that the assignment has not used, as it has on line {before}"
                )
        self._booked_on(record)
        record.digits(layout.STATEMENT_REF)
        if record.of(layout.SIGN) not in ("0", "-", " "):
            record.refuse(layout.SIGN, "0 or -")
        record.digits(layout.AMOUNT)
        if kid_in(record.of(layout.KID)) is None:
            record.refuse(layout.KID, "a KID: digits, the last one perhaps a dash, with blanks in front")

    def _booked_on(self, record: Record) -> None:
        if record.of(layout.BOOKED_ON) == layout.NO_DATE:
            record.refuse(layout.BOOKED_ON, "a day as DDMMYY")
        record.date(layout.BOOKED_ON, self._first_year)

    def _second(self, record: Record) -> None:
        for place in (layout.FORM, layout.REFERENCE, layout.BANK_DATE, layout.DEBIT_ACCOUNT):
            if not record.of(place).strip(" "):
                continue
            if place is layout.BANK_DATE:
                record.date(place, self._first_year)
            else:
                record.digits(place)

    def _third(self, record: Record) -> None:
        """Free text and filler: nothing that could be wrong."""

    def _pay(self) -> None:
        """Tell the ledger the payment that is complete now, as far as it could be read."""
        first = self._begun[0]
        text = first.of(layout.AMOUNT)
        amount = int(text) if is_digits(text) else None
        net = added = moved = amount
        if amount is not None:
            is_negative = first.of(layout.SIGN) == "-"
            is_reversal = first.of(layout.TYPE) in ("18", "20")
            net = -amount if is_negative else amount
            added = -amount if is_negative and not is_reversal else amount
            moved = -amount if is_negative or is_reversal else amount
        digits = first.of(layout.BOOKED_ON)
        booked_on = layout.day(digits, self._first_year) if is_digits(digits) else None
        is_known = booked_on is not None
        self._ledger.pay(Sums(1, len(self._begun), net, added, moved, booked_on, booked_on, is_known))
        self._begun = []

    def _other(self, record: Record) -> Fault | None:
        """A record around the payments."""
        fault = self._ledger.place(record.line, record.text)
        if fault is None:
            record.faults += self._ledger.record(record.line, record.text)
            if not self._ledger.in_payments:
                self._numbers = {}
        return fault


def _wrong_length(line: Line, length: int) -> Fault:
    """A short line names the columns that are missing, a long one those that are too many."""
    columns = (length + 1, WIDTH) if length < WIDTH else (WIDTH + 1, length)
    found = f"{length}" if len(line.raw) <= LONGEST_LINE else f"more than {LONGEST_LINE}"
    return Fault(line.number, columns, "length of the line", f"{WIDTH} characters", found)
