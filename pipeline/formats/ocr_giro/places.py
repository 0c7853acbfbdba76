"""Which record may stand where: what is open decides it, and a record elsewhere is the first thing to be said."""

from dataclasses import dataclass

from pipeline.formats.ocr_giro.fields import Record, fault_at
from pipeline.formats.ocr_giro.layout import (
    AVTALEGIRO,
    END,
    IDENTITY,
    OCR,
    RECORD,
    SERVICE,
    START,
    TRANSMISSION,
    TRANSMISSION_END,
    TRANSMISSION_START,
    TYPE,
    Field,
    is_digits,
)
from pipeline.formats.ocr_giro.sums import NOTHING, Sums
from schemas.bank import Fault
from schemas.money import Money

AUTHORISATION = "70"
_AUTHORISATION_TYPE = "24"


@dataclass(slots=True)
class OpenAssignment:
    """An assignment of any service between its start and its end."""

    start: Record
    service: str
    sums: Sums = NOTHING
    authorisations: int = 0

    @property
    def is_authorisations(self) -> bool:
        """Whether it holds standing authorisations (FBO), which are known well enough to be checked a little."""
        return self.service == AVTALEGIRO and self.start.of(TYPE) == _AUTHORISATION_TYPE


@dataclass(slots=True)
class OpenTransmission:
    """A transmission between its start and its end.

    `stated`: the control totals of its OCR assignments together, with their signs and as they stand.
    `other_transactions`, `other_total`: what the ends of other services' assignments (but authorisations) say, None if
    that is no number.
    """

    start: Record
    sums: Sums = NOTHING
    stated: tuple[Money, ...] = (0, 0)
    assignments: int = 0
    authorisations: int = 0
    other_transactions: int | None = 0
    other_total: Money | None = 0


def misplaced(
    record: Record,
    transmission: OpenTransmission | None,
    assignment: OpenAssignment | None,
    *,
    is_first: bool,
) -> Fault | None:
    """The fault of a record that may not stand where these are open; None if it may. `is_first`: no transmission has
    ended yet. Items of payments are not asked about while an assignment of OCR giro is open."""
    if transmission is None:
        expectation = _outside(record, is_first=is_first)
    elif assignment is None:
        expectation = _between_assignments(record)
    else:
        expectation = _within(record, assignment)
    if expectation is None:
        return None
    where, expected = expectation
    return fault_at(record.line, where, expected, record.of(where))


def _outside(record: Record, *, is_first: bool) -> tuple[Field, str] | None:
    if record.of(IDENTITY) == TRANSMISSION_START:
        return None
    if is_first:
        return IDENTITY, f"{TRANSMISSION_START}, the start of a transmission"
    return IDENTITY, f"nothing after {TRANSMISSION_END}, or {TRANSMISSION_START} of another transmission"


def _between_assignments(record: Record) -> tuple[Field, str] | None:
    service = record.of(SERVICE)
    if record.of(IDENTITY) == TRANSMISSION_END:
        return None
    if not is_digits(service):
        return SERVICE, "a service of two digits"
    if record.of(RECORD) != START or service == TRANSMISSION:
        return IDENTITY, f"the start of an assignment or {TRANSMISSION_END}, the end of the transmission"
    return (TYPE, "00") if service == OCR and record.of(TYPE) != "00" else None


def _within(record: Record, assignment: OpenAssignment) -> tuple[Field, str] | None:
    service, kind = record.of(SERVICE), record.of(RECORD)
    if service == TRANSMISSION or (kind == START and is_digits(service)):
        return (
            IDENTITY,
            f"NY{assignment.service}…88, the end of the assignment of line {assignment.start.line}",
        )
    if service != assignment.service:
        return SERVICE, assignment.service
    if assignment.is_authorisations and kind not in (AUTHORISATION, END):
        return RECORD, f"{AUTHORISATION} or {END}: an authorisation or the end of the assignment"
    if service == OCR and kind != END:
        return RECORD, f"30 or {END}: a payment or the end of the assignment"
    return (TYPE, "00") if service == OCR and record.of(TYPE) != "00" else None
