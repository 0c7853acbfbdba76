"""The fields of one record, read one at a time: what cannot be read, or is not as it must be, becomes a fault."""

from dataclasses import dataclass, field
from datetime import date

from pipeline.formats.ocr_giro.layout import NO_DATE, Field, day, is_digits
from pipeline.formats.ocr_giro.lines import NoteTaker
from pipeline.formats.ocr_giro.notes import Code
from pipeline.formats.saying import shown
from schemas.bank import Fault


@dataclass(slots=True)
class Record:
    """The 80 characters of a record on a line of the file, with the faults found in it so far, in reading order."""

    line: int
    text: str
    faults: list[Fault] = field(default_factory=list)

    def of(self, place: Field) -> str:
        """The characters of a field."""
        return place.of(self.text)

    def refuse(self, place: Field, expected: str) -> None:
        """The field is not what it must be."""
        self.faults.append(fault_at(self.line, place, expected, self.of(place)))

    def digits(self, place: Field) -> str | None:
        """The field's digits; None and a fault if there is anything else in it."""
        text = self.of(place)
        if is_digits(text):
            return text
        self.refuse(place, f"{place.width} digits")
        return None

    def number(self, place: Field) -> int | None:
        """The field as a number; None and a fault if it is not one."""
        text = self.digits(place)
        return None if text is None else int(text)

    def date(self, place: Field, first_year: int) -> date | None:
        """The day in the field; None for 000000, and None and a fault for what is no day."""
        text = self.digits(place)
        if text is None or text == NO_DATE:
            return None
        found = day(text, first_year)
        if found is None:
            self.refuse(place, "a day as DDMMYY")
        return found

    def count(self, place: Field, counted: int) -> None:
        """The field must hold the number that was counted."""
        if self.number(place) not in (None, counted):
            self.refuse(place, f"{counted:0{place.width}d}")

    def filler(self, place: Field, notes: NoteTaker) -> None:
        """The field should hold zeros; what else it holds is noted, never refused."""
        text = self.of(place)
        if text.strip("0"):
            found = "blanks" if not text.strip(" 0") else shown(text)
            notes.add(
                self.line, Code.FILLER, f"columns {place.first}-{place.last} should be zeros and hold {found}"
            )


def fault_at(line: int, place: Field, expected: str, found: str) -> Fault:
    """A fault that names a field."""
    return Fault(line, place.columns, place.name, expected, shown(found))
