"""The sums of payments, and how a control record's total and dates are compared with them."""

from dataclasses import dataclass
from datetime import date

from pipeline.formats.ocr_giro.fields import Record
from pipeline.formats.ocr_giro.layout import EARLIEST, LATEST, TOTAL
from pipeline.formats.ocr_giro.lines import NoteTaker
from pipeline.formats.ocr_giro.notes import Code
from schemas.money import Money, in_kroner


@dataclass(frozen=True, slots=True)
class Sums:
    """Payments together. `net`: as column 32 signs them; `added`: reversals (18, 20) positive; `moved`: negative.

    None where a payment could not be read, so that nothing can be compared.
    """

    payments: int
    records: int
    net: Money | None
    added: Money | None
    moved: Money | None
    earliest: date | None
    latest: date | None
    dates_known: bool

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        earliest = [day for day in (self.earliest, other.earliest) if day is not None]
        latest = [day for day in (self.latest, other.latest) if day is not None]
        return Sums(
            self.payments + other.payments,
            self.records + other.records,
            plus(self.net, other.net),
            plus(self.added, other.added),
            plus(self.moved, other.moved),
            min(earliest, default=None),
            max(latest, default=None),
            self.dates_known and other.dates_known,
        )


NOTHING = Sums(0, 0, 0, 0, 0, None, None, dates_known=True)


def plus(one: int | None, other: int | None) -> int | None:
    """The sum, unknown if one of them is."""
    return None if one is None or other is None else one + other


def compare_total(
    record: Record, sums: Sums, stated: tuple[Money, ...], beside: Money | None, notes: NoteTaker | None
) -> Money:
    """Compare columns 25-41 with the payments; the control total with its sign, 0 if there is none to trust.

    The field has no sign: it holds the net without it. Reversals (18, 20) may stand in it as column 32 signs them or
    added. `stated` are other sums that are as good (of the assignments' own totals), `beside` is another services'
    total, which may be in it too. Without `notes` nothing is noted.
    """
    found = record.number(TOTAL)
    if found is None:
        return 0
    if sums.net is None or sums.added is None:
        return found
    for value in (sums.net, sums.added, *stated):
        if found in {abs(value), abs(value) + (beside or 0), abs(value + (beside or 0))}:
            if notes is not None:
                _note_total(record.line, value, sums, notes)
            return value
    expected = f"{abs(sums.net):017d}"
    if sums.added != sums.net:
        expected += f", or {abs(sums.added):017d} with the reversals added"
    record.refuse(TOTAL, expected)
    return 0


def _note_total(line: int, value: Money, sums: Sums, notes: NoteTaker) -> None:
    if value < 0:
        notes.add(
            line,
            Code.NET_NEGATIVE,
            f"the control total {in_kroner(-value)} kr is a net that is negative, without sign",
        )
    if sums.moved is not None and value != sums.moved:
        notes.add(
            line,
            Code.TOTAL_WITH_REVERSALS,
            f"the control total is {in_kroner(value)} kr with reversals added, the money {in_kroner(sums.moved)} kr",
        )


def compare_dates(record: Record, sums: Sums, first_year: int, notes: NoteTaker, *, strict: bool) -> None:
    """Compare the earliest and latest date, columns 48-53 and 54-59, with the payments, if there are any."""
    for place, booked_on in ((EARLIEST, sums.earliest), (LATEST, sums.latest)):
        found = record.date(place, first_year)
        text = record.of(place)
        if not sums.payments or not sums.dates_known or booked_on is None or found == booked_on:
            continue
        if found is None and text.strip("0"):
            continue  # no day at all, and refused as such
        if strict:
            record.refuse(place, f"{booked_on:%d%m%y}")
        else:
            notes.add(
                record.line,
                Code.DATES_DIFFER,
                f"columns {place.first}-{place.last} should hold {booked_on:%d%m%y} and hold {text}",
            )
