"""OCR giro files for the reader's tests: a right file, and every hard case and fault of the format made from one.

The numbers are those of the list in the handbook (`ops/handbook/formats.md`): 1-33 must be read, 34-73 refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from ops.bank_writer import (
    Authorisation,
    AuthorisationAssignment,
    OcrAssignment,
    OcrPayment,
    OcrTransmission,
    write,
)
from schemas.kid import mod10

DAY = date(2026, 10, 6)
DAY_BEFORE = date(2026, 10, 5)
ACCOUNT, OTHER_ACCOUNT, PAYER = "12345678903", "99991042764", "86011117947"

A_PAYMENT = OcrPayment(
    10, DAY, 125_000, "0010017", value_on=DAY_BEFORE, reference="123456789", debit_account=PAYER
)
THREE = (
    A_PAYMENT,
    replace(A_PAYMENT, type=13, amount=49_950, kid="0010025"),
    replace(A_PAYMENT, type=15, amount=1, kid="123456782", debit_account="00000000000"),
)
WITH_TEXT = OcrPayment(21, DAY, 3_000, "", text="Kjøp på nett")

Lines = list[str]


def assignment(*payments: OcrPayment, account: str = ACCOUNT, number: int = 1) -> OcrAssignment:
    return OcrAssignment(account, payments, DAY, number)


def transmission(
    *assignments: OcrAssignment | AuthorisationAssignment, made_on: date | None = DAY
) -> OcrTransmission:
    return OcrTransmission(123, made_on, assignments)


def authorisations() -> AuthorisationAssignment:
    return AuthorisationAssignment(ACCOUNT, (Authorisation("0010017"), Authorisation("0010025", 2)))


def a_file(*payments: OcrPayment) -> bytes:
    return write(transmission(assignment(*(payments or THREE))))


def lines(raw: bytes | None = None) -> Lines:
    return (a_file() if raw is None else raw).decode("latin-1").removesuffix("\n").split("\n")


def joined(records: Lines) -> bytes:
    return "".join(f"{record}\n" for record in records).encode("latin-1")


def put(line: int, column: int, text: str, raw: bytes | None = None) -> bytes:
    """The right file with `text` written over line `line` from column `column` on, both counted from 1."""
    records = lines(raw)
    record = records[line - 1]
    records[line - 1] = record[: column - 1] + text + record[column - 1 + len(text) :]
    return joined(records)


def edited(edit: Callable[[Lines], object], raw: bytes | None = None) -> bytes:
    """The right file after `edit` changed the list of its lines."""
    records = lines(raw)
    edit(records)
    return joined(records)


@dataclass(frozen=True, slots=True)
class Readable:
    """A file that must be read: how many payments, the money, and the codes that must be noted (no others)."""

    name: str
    raw: bytes
    payments: int
    total: int
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A file that must be refused, the first fault at this line and these columns."""

    name: str
    raw: bytes
    line: int
    columns: tuple[int, int] | None


def _readable(name: str, raw: bytes, *codes: str, payments: int = 3, total: int = 174_951) -> Readable:
    return Readable(name, raw, payments, total, frozenset(codes))


def _one(name: str, payment: OcrPayment, *codes: str) -> Readable:
    total = -payment.amount if payment.is_negative or payment.type in (18, 20) else payment.amount
    return _readable(name, a_file(payment), *codes, payments=1, total=total)


def _other_service(transactions: int) -> bytes:
    records = lines()
    records[9:] = [
        "NY420020".ljust(80, "0"),
        "NY420030".ljust(80, "0"),
        "NY420088" + "00000001" + "00000003".ljust(64, "0"),
        f"NY000089{transactions:08d}" + "00000013" + "00000000000174951" + "061026".ljust(39, "0"),
    ]
    return joined(records)


def hard_cases() -> tuple[Readable, ...]:
    """Files 1-33."""
    clean = a_file()
    credit = replace(A_PAYMENT, is_negative=True, amount=25_000, kid="0010033")
    out_18 = replace(A_PAYMENT, type=18, amount=5_000, kid="0010025")
    out_20 = replace(WITH_TEXT, type=20)
    with_text = a_file(WITH_TEXT)
    two = write(transmission(assignment(A_PAYMENT), assignment(A_PAYMENT, account=OTHER_ACCOUNT, number=2)))
    twins = write(transmission(assignment(A_PAYMENT), assignment(A_PAYMENT, account=OTHER_ACCOUNT)))
    return (
        _readable("1 LF", clean),
        _readable("1 CRLF", write(transmission(assignment(*THREE)), line_end="\r\n")),
        _readable("1 CR", clean.replace(b"\n", b"\r"), "line-ends-cr"),
        _readable("1 no line ends", clean.replace(b"\n", b""), "line-ends-none"),
        _readable("1 no line ends but a last one", clean.replace(b"\n", b"") + b"\r\n", "line-ends-none"),
        _readable("1 mixed line ends", clean.replace(b"\n", b"\r\n", 3), "line-ends-mixed"),
        _readable("1 no final newline", clean.removesuffix(b"\n")),
        _readable("1 no final newline, CRLF", clean.replace(b"\n", b"\r\n").removesuffix(b"\r\n")),
        _readable("1 blank lines in front", b"\n \n" + clean, "blank-line"),
        _readable("1 blank lines behind", clean + b"\n\t\n\n", "blank-line"),
        _readable("1 0x1A behind", clean + b"\x1a", "end-of-file-mark"),
        _readable("1 0x1A on the last line", clean.removesuffix(b"\n") + b"\x1a", "end-of-file-mark"),
        _readable("1 NULs behind", clean + b"\0" * 512, "end-of-file-mark"),
        _readable("1 byte order mark", b"\xef\xbb\xbf" + clean, "byte-order-mark"),
        _one("2 ISO-8859-1 text", WITH_TEXT),
        _readable("2 UTF-8 text", with_text.decode("latin-1").encode(), "utf8-text", payments=1, total=3_000),
        _readable("2 ellipsis 0x85", put(5, 20, "\x85", with_text), "cp1252-text", payments=1, total=3_000),
        _readable(
            "2 a tab in the text", put(5, 20, "\t", with_text), "control-character", payments=1, total=3_000
        ),
        _one("3 MOD11 with a dash", replace(A_PAYMENT, kid="001009-")),
        _one(
            "4 a KID of 25 digits",
            replace(A_PAYMENT, kid="123456789012345678901234" + mod10("123456789012345678901234")),
        ),
        _one("5 leading zeros", replace(A_PAYMENT, kid="0000000000018")),
        _one("6 blank KID, free text", WITH_TEXT),
        _one("6 KID on free text", replace(WITH_TEXT, kid="0010017"), "kid-unexpected"),
        _one("6 blank KID on a giro", replace(A_PAYMENT, kid=""), "kid-missing"),
        _readable("7 credit note", a_file(A_PAYMENT, credit), payments=2, total=100_000),
        _readable(
            "8 type 18, added", a_file(A_PAYMENT, out_18), "total-with-reversals", payments=2, total=120_000
        ),
        _readable(
            "8 type 18 with -, deducted",
            a_file(A_PAYMENT, replace(out_18, is_negative=True)),
            payments=2,
            total=120_000,
        ),
        _readable(
            "8 type 18 with -, added",
            edited(
                lambda records: records.__setitem__(4, records[4][:31] + "-" + records[4][32:]),
                a_file(A_PAYMENT, out_18),
            ),
            "total-with-reversals",
            payments=2,
            total=120_000,
        ),
        _readable(
            "8 type 20, added", a_file(A_PAYMENT, out_20), "total-with-reversals", payments=2, total=122_000
        ),
        _one("9 net negative", credit, "net-negative"),
        _readable("10 values in columns 35-41", put(4, 35, "1883206")),
        _readable("11 bank date 000000", put(4, 42, "000000")),
        _readable(
            "12 card issuer", put(3, 75, "07", a_file(replace(A_PAYMENT, type=19))), payments=1, total=125_000
        ),
        _readable("12 card issuer on a giro", put(3, 75, "07"), "filler"),
        _readable("13 two assignments", two, payments=2, total=250_000),
        _readable("14 two with one number", twins, payments=2, total=250_000),
        _readable(
            "15 empty assignment", write(transmission(assignment())), "empty-assignment", payments=0, total=0
        ),
        _readable("16 empty transmission", write(transmission()), "empty-transmission", payments=0, total=0),
        _readable(
            "17 two transmissions", a_file() + a_file(), "several-transmissions", payments=6, total=349_902
        ),
        _readable("18 OCR and authorisations", write(transmission(assignment(*THREE), authorisations()))),
        _readable(
            "19 authorisations alone",
            write(transmission(authorisations(), made_on=None)),
            payments=0,
            total=0,
        ),
        _readable("20 another service beside", _other_service(4), "other-service"),
        _readable("20 another service, not counted", _other_service(3), "other-service"),
        _one("21 seventeen digits", replace(A_PAYMENT, amount=99_999_999_999_999_999)),
        _one("22 zero amount", replace(A_PAYMENT, amount=0), "amount-zero"),
        _one("23 year 92", replace(A_PAYMENT, booked_on=date(1992, 1, 20))),
        _one("24 29 February", replace(A_PAYMENT, booked_on=date(2028, 2, 29))),
        _readable("25 identical payments", a_file(A_PAYMENT, A_PAYMENT), payments=2, total=250_000),
        _readable(
            "26 unsorted dates",
            a_file(A_PAYMENT, replace(A_PAYMENT, booked_on=DAY_BEFORE)),
            "dates-unsorted",
            payments=2,
            total=250_000,
        ),
        _one("27 KID that fails its control", replace(A_PAYMENT, kid="0010018"), "kid-control"),
        _one("27 KID of three", replace(A_PAYMENT, kid="125"), "kid-short"),
        _readable("28 sign blank", put(3, 32, " "), "sign-blank"),
        _readable("29 debit account zero", put(4, 48, "00000000000")),
        _readable("29 debit account blank", put(4, 48, " " * 11), "blank-for-zero"),
        _readable("30 account failing MOD11", put(2, 25, "12345678904"), "account-control"),
        _readable("31 blank line inside", edited(lambda records: records.insert(4, "")), "blank-line"),
        _readable("32 filler blank", put(2, 36, " " * 45), "filler"),
        _readable("33 KID left-aligned", put(3, 50, "0010017".ljust(25)), "kid-aligned"),
        _readable("number left out", put(7, 9, "0000004", put(8, 9, "0000004")), "numbers-gap"),
        _readable(
            "numbers not ascending",
            put(3, 9, "0000009", put(4, 9, "0000009")),
            "numbers-unsorted",
        ),
        _readable("no date on 88", put(9, 42, "000000"), "date-missing"),
        _readable("no date on 89", put(10, 42, "000000"), "date-missing"),
    )


def faults() -> tuple[Wrong, ...]:
    """Files 34-73."""
    text = a_file(WITH_TEXT)
    last = a_file(A_PAYMENT)
    return (
        Wrong(
            "34 79 characters", edited(lambda records: records.__setitem__(2, records[2][:-1])), 3, (80, 80)
        ),
        Wrong(
            "34 81 characters", edited(lambda records: records.__setitem__(2, records[2] + "0")), 3, (81, 81)
        ),
        Wrong(
            "34 trailing blanks cut",
            edited(lambda records: records.__setitem__(4, records[4][:60])),
            5,
            (61, 80),
        ),
        Wrong(
            "34 81 with a blank",
            edited(lambda records: records.__setitem__(9, records[9] + " ")),
            10,
            (81, 81),
        ),
        Wrong("34 a record broken in two", put(5, 40, "\n", text), 5, (40, 80)),
        Wrong("35 tab", put(3, 50, "\t"), 3, (50, 74)),
        Wrong("36 lower case", put(3, 1, "ny"), 3, (1, 2)),
        Wrong("36 lower case in front", put(1, 1, "ny"), 1, (1, 2)),
        Wrong("37 not NY", put(3, 1, "XY"), 3, (1, 2)),
        Wrong("38 no NY000010", edited(lambda records: records.pop(0)), 1, (1, 8)),
        Wrong("39 no NY000089", edited(lambda records: records.pop()), 9, None),
        Wrong("40 cut in the middle", a_file()[: 81 * 4 + 30], 5, (31, 80)),
        Wrong("40 cut between two items", a_file()[: 81 * 3], 3, None),
        Wrong("40 cut after a payment", a_file()[: 81 * 4], 4, None),
        Wrong("41 no 88", edited(lambda records: records.pop(8)), 9, (1, 8)),
        Wrong(
            "41 no 88 before another assignment",
            edited(lambda records: records.insert(8, records[1])),
            9,
            (1, 8),
        ),
        Wrong("42 a record after 89", edited(lambda records: records.append(records[2])), 11, (1, 8)),
        Wrong("42 a second 89", edited(lambda records: records.append(records[9])), 11, (1, 8)),
        Wrong("43 a second 10", edited(lambda records: records.insert(9, records[0])), 10, (1, 8)),
        Wrong("44 88 transactions", put(9, 9, "00000004"), 9, (9, 16)),
        Wrong("45 88 records", put(9, 17, "00000009"), 9, (17, 24)),
        Wrong("46 88 total", put(9, 25, "00000000000174952"), 9, (25, 41)),
        Wrong("47 89 transactions", put(10, 9, "00000002"), 10, (9, 16)),
        Wrong("48 89 records", put(10, 17, "00000011"), 10, (17, 24)),
        Wrong("49 89 total", put(10, 25, "00000000000174950"), 10, (25, 41)),
        Wrong("50 a payment lost", edited(lambda records: records.__delitem__(slice(4, 6))), 7, (9, 16)),
        Wrong(
            "51 a payment twice",
            edited(lambda records: records.__setitem__(slice(4, 4), records[2:4])),
            5,
            (9, 15),
        ),
        Wrong("52 earliest date", put(9, 48, "051026"), 9, (48, 53)),
        Wrong("52 latest date", put(9, 54, "071026"), 9, (54, 59)),
        Wrong("52 earliest date 000000", put(9, 48, "000000"), 9, (48, 53)),
        Wrong("53 item 2 missing", edited(lambda records: records.pop(3)), 4, (7, 8)),
        Wrong("54 item 1 missing", edited(lambda records: records.pop(2)), 3, (7, 8)),
        Wrong("55 item 3 missing", edited(lambda records: records.pop(4), text), 5, (7, 8)),
        Wrong(
            "56 item 3 on a type 10",
            edited(lambda records: records.insert(4, "NY091032" + records[2][8:])),
            5,
            (7, 8),
        ),
        Wrong("57 number mismatch", put(4, 9, "0000009"), 4, (9, 15)),
        Wrong("57 number mismatch in item 3", put(5, 9, "0000009", text), 5, (9, 15)),
        Wrong("58 type mismatch", put(4, 5, "13"), 4, (5, 6)),
        Wrong("59 items swapped", edited(lambda records: records.insert(2, records.pop(3))), 3, (7, 8)),
        Wrong("60 items interleaved", edited(lambda records: records.insert(3, records.pop(4))), 4, (7, 8)),
        Wrong("61 letter in the amount", put(3, 45, "O"), 3, (33, 49)),
        Wrong("62 superscript digit", put(3, 45, "\xb2"), 3, (33, 49)),
        Wrong("62 Arabic digit", put(3, 45, "#").replace(b"#", "٣".encode()), 3, (33, 49)),
        Wrong("63 blank in the amount", put(3, 33, " " * 11), 3, (33, 49)),
        Wrong("64 plus sign", put(3, 32, "+"), 3, (32, 32)),
        Wrong("65 minus in the amount", put(3, 33, "-"), 3, (33, 49)),
        Wrong("66 31 September", put(3, 16, "310926"), 3, (16, 21)),
        Wrong("66 29 February 2026", put(3, 16, "290226"), 3, (16, 21)),
        Wrong("66 bank date", put(4, 42, "310926"), 4, (42, 47)),
        Wrong("66 date of 88", put(9, 42, "310926"), 9, (42, 47)),
        Wrong("66 date of 89", put(10, 42, "310926"), 10, (42, 47)),
        Wrong("67 date 000000", put(3, 16, "000000"), 3, (16, 21)),
        Wrong("68 letter in the KID", put(3, 70, "O"), 3, (50, 74)),
        Wrong("68 blank in the KID", put(3, 70, " "), 3, (50, 74)),
        Wrong("68 dash in the KID", put(3, 70, "-"), 3, (50, 74)),
        Wrong("68 nothing but a dash", put(3, 50, "-".rjust(25)), 3, (50, 74)),
        Wrong("69 type 22", put(3, 5, "22", put(4, 5, "22")), 3, (5, 6)),
        Wrong("69 type 00", put(3, 5, "00", put(4, 5, "00")), 3, (5, 6)),
        Wrong("70 record type 40", put(3, 7, "40"), 3, (7, 8)),
        Wrong("71 duplicate number", put(5, 9, "0000001", put(6, 9, "0000001")), 5, (9, 15)),
        Wrong("71 duplicate number, not beside", put(7, 9, "0000001", put(8, 9, "0000001")), 7, (9, 15)),
        Wrong("72 empty", b"", 0, None),
        Wrong("72 blank", b"\r\n  \r\n", 0, None),
        Wrong("72 NULs", b"\0" * 4_096, 0, None),
        Wrong("73 XML", b'<?xml version="1.0"?>\n<Document/>\n', 1, (1, 2)),
        Wrong("73 EDIFACT", b"UNA:+.? 'UNB+UNOC:3+x+y'", 1, (1, 2)),
        Wrong("73 BgMax", b"01BGMAX               0120261006173035010331P".ljust(80) + b"\n", 1, (1, 2)),
        Wrong("73 EBCDIC", lines()[0].encode("cp037") + b"\x25", 1, (1, 2)),
        Wrong("73 UTF-16", a_file().decode("latin-1").encode("utf-16"), 1, (1, 2)),
        Wrong("73 UTF-16 without a mark", a_file().decode("latin-1").encode("utf-16-le"), 1, (1, 2)),
        Wrong("73 ZIP", b"PK\x03\x04" + b"\0" * 100, 1, (1, 2)),
        Wrong("73 PDF", b"%PDF-1.7\n", 1, (1, 2)),
        Wrong("73 anything else", b"Hei, her er filen.\n", 1, (1, 2)),
        Wrong("account with a letter", put(2, 30, "X"), 2, (25, 35)),
        Wrong("service of an item", put(4, 3, "21"), 4, (3, 4)),
        Wrong("88 total with a letter", put(9, 30, "X"), 9, (25, 41)),
        Wrong(
            "authorisations not counted",
            put(5, 9, "00000001", write(transmission(authorisations()))),
            5,
            (9, 16),
        ),
        Wrong("another service, miscounted", _other_service(5), 13, (9, 16)),
        Wrong("one payment, then nothing", last[: 81 * 2] + last[81 * 3 :], 3, (7, 8)),
    )
