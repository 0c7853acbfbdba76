"""The columns of the records, as in *System specification OCR giro* (Nets, 2010), and the dates in them."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from schemas.bank import Columns

WIDTH = 80
OCR, TRANSMISSION, AVTALEGIRO = "09", "00", "21"
ITEM_1, ITEM_2, ITEM_3 = "30", "31", "32"
START, END = "20", "88"
TRANSMISSION_START, TRANSMISSION_END = "NY000010", "NY000089"
FIRST_TYPE, LAST_TYPE = 10, 21
FIRST_TYPE_WITH_TEXT = 20
REVERSALS = (18, 20)
FIRST_TYPE_WITH_CARD = 18


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name for people and its first and last column, 1-based, inclusive."""

    name: str
    first: int
    last: int

    @property
    def columns(self) -> Columns:
        return (self.first, self.last)

    @property
    def width(self) -> int:
        return self.last - self.first + 1

    @property
    def cut(self) -> slice:
        """The same columns for Python: 0-based, half-open."""
        return slice(self.first - 1, self.last)

    def of(self, record: str) -> str:
        """The field's characters in a record."""
        return record[self.first - 1 : self.last]


FORMAT = Field("format", 1, 2)
SERVICE = Field("service", 3, 4)
TYPE = Field("type", 5, 6)
RECORD = Field("record type", 7, 8)
IDENTITY = Field("record", 1, 8)

# NY000010, transmission start
TRANSMITTER = Field("data transmitter", 9, 16)
TRANSMISSION_NUMBER = Field("transmission number", 17, 23)
RECIPIENT = Field("data recipient", 24, 31)
FILLER_10 = Field("filler", 32, 80)

# NY090020, assignment start
AGREEMENT = Field("agreement id", 9, 17)
ASSIGNMENT_NUMBER = Field("assignment number", 18, 24)
ACCOUNT = Field("assignment account", 25, 35)
FILLER_20 = Field("filler", 36, 80)

# NY09tt30, amount item 1
NUMBER = Field("transaction number", 9, 15)
BOOKED_ON = Field("Nets date", 16, 21)
STATEMENT_REF = Field("centre id, day code, partial settlement and serial number", 22, 31)
SIGN = Field("sign", 32, 32)
AMOUNT = Field("amount", 33, 49)
KID = Field("KID", 50, 74)
CARD = Field("card issuer", 75, 76)
FILLER_30 = Field("filler", 77, 80)

# NY09tt31, amount item 2
FORM = Field("form number", 16, 25)
REFERENCE = Field("archive reference", 26, 34)
BANK_DATE = Field("bank date", 42, 47)
DEBIT_ACCOUNT = Field("debit account", 48, 58)
FILLER_31 = Field("filler", 59, 80)  # columns 35-41 hold values in the bank's own example: not looked at

# NY09tt32, amount item 3
TEXT = Field("text", 16, 55)
FILLER_32 = Field("filler", 56, 80)

# NY090088, assignment end; the first three are the same in NY000089
TRANSACTIONS = Field("number of transactions", 9, 16)
RECORDS = Field("number of records", 17, 24)
TOTAL = Field("total amount", 25, 41)
MADE_ON = Field("Nets date", 42, 47)
EARLIEST = Field("earliest Nets date", 48, 53)
LATEST = Field("latest Nets date", 54, 59)
FILLER_88 = Field("filler", 60, 80)
FILLER_89 = Field("filler", 48, 80)

NO_DATE = "000000"
INVALID_DAY = np.iinfo(np.int32).min
"""What the table of days holds for six digits that are no day."""


_ITEMS = {
    ITEM_1: (IDENTITY, NUMBER, BOOKED_ON, STATEMENT_REF, SIGN, AMOUNT, KID, CARD),
    ITEM_2: (IDENTITY, NUMBER, FORM, REFERENCE, BANK_DATE, DEBIT_ACCOUNT),
    ITEM_3: (IDENTITY, NUMBER, TEXT),
}


def fields_of(record: str, *, item: int) -> tuple[Field, ...]:
    """Give the fields of a payment's record, `item` 0 for its first; none where the record is something else."""
    wanted = (ITEM_1, ITEM_2, ITEM_3)[item]
    is_it = len(record) >= WIDTH and SERVICE.of(record) == OCR and RECORD.of(record) == wanted
    return _ITEMS[wanted] if is_it else ()


def is_digits(text: str) -> bool:
    """Only 0-9, and at least one: str.isdigit takes digits of all the world's scripts."""
    return text.isascii() and text.isdigit()


def day(digits: str, first_year: int) -> date | None:
    """The day that DDMMYY names in the hundred years from `first_year`; None if there is no such day."""
    year = first_year + (int(digits[4:]) - first_year) % 100
    try:
        return date(year, int(digits[2:4]), int(digits[:2]))
    except ValueError:
        return None


@lru_cache(maxsize=4)
def days(first_year: int) -> npt.NDArray[np.int32]:
    """For every DDMMYY as a number the days since 1970-01-01, or INVALID_DAY: 4 MB that save a parse per date."""
    table = np.full(1_000_000, INVALID_DAY, np.int32)
    every = np.arange(f"{first_year}-01-01", f"{first_year + 100}-01-01", dtype="datetime64[D]")
    months = every.astype("datetime64[M]")
    day_of_month = (every - months.astype("datetime64[D]")).astype(np.int64) + 1
    month = months.astype(np.int64) % 12 + 1
    year = every.astype("datetime64[Y]").astype(np.int64) + 1970
    table[day_of_month * 10_000 + month * 100 + year % 100] = every.astype(np.int64)
    return table
