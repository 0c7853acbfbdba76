"""What the records around the payments say, followed through a file and compared with the payments themselves.

Both passes use it: the fast one tells it the sums of many payments at once, the exact one of each payment.
"""

from collections import Counter
from dataclasses import replace

from pipeline.formats.ocr_giro.fields import Record
from pipeline.formats.ocr_giro.layout import (
    ACCOUNT,
    AGREEMENT,
    ASSIGNMENT_NUMBER,
    AVTALEGIRO,
    END,
    FILLER_10,
    FILLER_20,
    FILLER_88,
    FILLER_89,
    MADE_ON,
    OCR,
    RECIPIENT,
    RECORD,
    RECORDS,
    SERVICE,
    TOTAL,
    TRANSACTIONS,
    TRANSMISSION_END,
    TRANSMISSION_NUMBER,
    TRANSMISSION_START,
    TRANSMITTER,
    Field,
    is_digits,
)
from pipeline.formats.ocr_giro.lines import NoteTaker
from pipeline.formats.ocr_giro.notes import Code
from pipeline.formats.ocr_giro.places import AUTHORISATION, OpenAssignment, OpenTransmission, misplaced
from pipeline.formats.ocr_giro.sums import NOTHING, Sums, compare_dates, compare_total, plus
from schemas.bank import Assignment, Fault, Transmission, passes_account_control


class Ledger:
    """Follows the control records of a file. `place` says whether a record may stand here, `record` reads it."""

    def __init__(self, first_year: int, notes: NoteTaker, *, strict_dates: bool) -> None:
        self._first_year = first_year
        self._strict_dates = strict_dates
        self._notes = notes
        self._transmission: OpenTransmission | None = None
        self._assignment: OpenAssignment | None = None
        self.transmissions: list[Transmission] = []
        self.assignments: list[Assignment] = []
        self.authorisations = 0
        self.others: Counter[str] = Counter()

    @property
    def in_payments(self) -> bool:
        """Whether an assignment of OCR giro is open, so that payments may come."""
        return self._assignment is not None and self._assignment.service == OCR

    def pay(self, sums: Sums) -> None:
        """Payments of the open assignment."""
        assert self._assignment is not None
        self._assignment.sums = self._assignment.sums.plus(sums)

    def place(self, line: int, text: str) -> Fault | None:
        """The fault of a record that may not stand here; None if it may."""
        return misplaced(
            Record(line, text), self._transmission, self._assignment, is_first=not self.transmissions
        )

    def record(self, line: int, text: str) -> list[Fault]:
        """Read a record that may stand here and is no part of a payment; its faults."""
        record = Record(line, text)
        kind = RECORD.of(text)
        if self._transmission is None:
            self._start_transmission(record)
        elif self._assignment is None:
            self._end_transmission(record) if kind == "89" else self._start_assignment(record)
        elif kind != END:
            self._pass_over(text)
        elif self._assignment.service == OCR:
            self._end_assignment(record, self._assignment)
        else:
            self._end_other(record, self._assignment)
        return record.faults

    def end(self, last_line: int) -> Fault | None:
        """What is missing at the end of the file."""
        if self._assignment is not None:
            what = f"NY{self._assignment.service}…88, the end of the assignment of line {self._assignment.start.line}"
        elif self._transmission is not None:
            what = f"{TRANSMISSION_END}, the end of the transmission of line {self._transmission.start.line}"
        elif not self.transmissions:
            return Fault(0, None, "file", f"{TRANSMISSION_START}, the start of a transmission", "nothing")
        else:
            return None
        return Fault(last_line, None, "end of file", what, "the end of the file")

    def _start_transmission(self, record: Record) -> None:
        for place in (TRANSMITTER, TRANSMISSION_NUMBER, RECIPIENT):
            record.digits(place)
        record.filler(FILLER_10, self._notes)
        if self.transmissions:
            self._notes.add(
                record.line, Code.SEVERAL_TRANSMISSIONS, "another transmission starts in the same file"
            )
        self._transmission = OpenTransmission(record)

    def _start_assignment(self, record: Record) -> None:
        service = record.of(SERVICE)
        self._assignment = OpenAssignment(record, service)
        if service != OCR:
            self.others[service] += 1
            return
        record.digits(AGREEMENT)
        record.digits(ASSIGNMENT_NUMBER)
        account = record.digits(ACCOUNT)
        record.filler(FILLER_20, self._notes)
        if account is not None and not passes_account_control(account):
            self._notes.add(record.line, Code.ACCOUNT_CONTROL, f"account {account} fails its control (MOD11)")

    def _pass_over(self, text: str) -> None:
        assert self._assignment is not None
        self.others[self._assignment.service] += 1
        self._assignment.sums = replace(self._assignment.sums, records=self._assignment.sums.records + 1)
        if self._assignment.service == AVTALEGIRO and RECORD.of(text) == AUTHORISATION:
            self._assignment.authorisations += 1

    def _end_assignment(self, record: Record, opened: OpenAssignment) -> None:
        assert self._transmission is not None
        sums = opened.sums
        record.count(TRANSACTIONS, sums.payments)
        record.count(RECORDS, sums.records + 2)
        total = compare_total(record, sums, (), 0, self._notes)
        made_on = record.date(MADE_ON, self._first_year)
        compare_dates(record, sums, self._first_year, self._notes, strict=self._strict_dates)
        record.filler(FILLER_88, self._notes)
        if not sums.payments:
            self._notes.add(record.line, Code.EMPTY_ASSIGNMENT, "the assignment holds no payments")
        elif made_on is None and not record.faults:
            self._notes.add(
                record.line, Code.DATE_MISSING, "the assignment's own date (columns 42-47) is 000000"
            )
        self.assignments.append(
            Assignment(
                opened.start.line,
                record.line,
                opened.start.of(ACCOUNT),
                opened.start.of(AGREEMENT),
                opened.start.of(ASSIGNMENT_NUMBER),
                sums.payments,
                sums.moved or 0,
                total,
                sums.earliest,
                sums.latest,
            )
        )
        self._close(replace(sums, records=sums.records + 2))
        signed, standing = self._transmission.stated
        self._transmission.stated = (signed + total, standing + abs(total))

    def _end_other(self, record: Record, opened: OpenAssignment) -> None:
        """The end of another service's assignment: its counts matter, for the transmission's include them."""
        assert self._transmission is not None
        self.others[opened.service] += 1
        self.authorisations += opened.authorisations
        if opened.is_authorisations:
            record.count(TRANSACTIONS, opened.authorisations)
        if opened.service == AVTALEGIRO:
            record.count(RECORDS, opened.sums.records + 2)
        if not opened.is_authorisations:
            text = (
                f"service {opened.service}: records passed over between start and end: {opened.sums.records}"
            )
            self._notes.add(opened.start.line, Code.OTHER_SERVICE, text)
        transmission = self._transmission
        if opened.is_authorisations:
            transmission.authorisations += opened.authorisations
        else:
            declared = _declared(record, TRANSACTIONS)
            transmission.other_transactions = plus(transmission.other_transactions, declared)
            transmission.other_total = plus(transmission.other_total, _declared(record, TOTAL))
        self._close(replace(NOTHING, records=opened.sums.records + 2))

    def _close(self, sums: Sums) -> None:
        assert self._transmission is not None
        self._transmission.sums = self._transmission.sums.plus(sums)
        self._transmission.assignments += 1
        self._assignment = None

    def _end_transmission(self, record: Record) -> None:
        opened = self._transmission
        assert opened is not None
        sums = opened.sums
        _count_transactions(record, sums.payments + opened.authorisations, opened.other_transactions)
        record.count(RECORDS, sums.records + 2)
        if opened.other_total is None:
            record.number(TOTAL)
        else:
            compare_total(record, sums, opened.stated, opened.other_total, None)
        made_on = record.date(MADE_ON, self._first_year)
        record.filler(FILLER_89, self._notes)
        if not opened.assignments:
            self._notes.add(record.line, Code.EMPTY_TRANSMISSION, "the transmission holds no assignments")
        elif made_on is None and sums.payments and not record.faults:
            self._notes.add(
                record.line, Code.DATE_MISSING, "the transmission's own date (columns 42-47) is 000000"
            )
        start = opened.start
        self.transmissions.append(
            Transmission(
                start.line, start.of(TRANSMITTER), start.of(TRANSMISSION_NUMBER), start.of(RECIPIENT), made_on
            )
        )
        self._transmission = None


def _declared(record: Record, place: Field) -> int | None:
    """What another service's end record says; None, and no fault, if that is no number there."""
    text = record.of(place)
    return int(text) if is_digits(text) else None


def _count_transactions(record: Record, counted: int, beside: int | None) -> None:
    """Columns 9-16 of the transmission's end: with other services' transactions, which nobody here can count, or
    without. Unknown (`beside` None) they leave nothing to compare."""
    found = record.number(TRANSACTIONS)
    if beside is not None and found not in (None, counted, counted + beside):
        record.refuse(TRANSACTIONS, f"{counted + beside:08d}")
