"""A file of cases transferred earlier: every shape in which people keep such a table, and what is refused in a sentence."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from ops import table_file
from ops.case_rows import BadFileError
from ops.conversion_file import read
from schemas.conversion import ConversionRow
from schemas.money import kr

HEAD = "Saksnummer;Kundenummer;Fakturanummer;KID;Beløp"
ROW = ConversionRow(2, "0221-00000038", "10038", "38", "4100000000386", kr(1234, 50))


def csv_of(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "saker.csv"
    path.write_bytes(text.encode(encoding))
    return path


def xlsx_of(folder: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    path = folder / "saker.xlsx"
    book.save(path)
    return path


def shared(workbook: Path, table: bytes = b"") -> Path:
    """The same workbook with its texts in a table of their own, as Excel itself keeps them; or with another table."""
    path = workbook.with_name("shared.xlsx")
    texts: list[bytes] = []

    def to_number(found: re.Match[bytes]) -> bytes:
        texts.append(found[1])
        return b't="s"><v>%d</v></c>' % (len(texts) - 1)

    with zipfile.ZipFile(workbook) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = re.sub(rb't="inlineStr"><is><t>([^<]*)</t></is></c>', to_number, content)
            if name == "[Content_Types].xml":
                part = (
                    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
                    b'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
                )
                content = content.replace(b"</Types>", part)
            new.writestr(name, content)
        items = b"".join(b"<si><t>%s</t></si>" % each for each in texts)
        sst = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>' % items
        new.writestr("xl/sharedStrings.xml", table or sst)
    assert texts
    return path


def faults_of(path: Path) -> list[str]:
    with pytest.raises(BadFileError) as error:
        list(read(path))
    return [str(fault) for fault in error.value.faults]


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\r\n0221-00000038;10038;38;4100000000386;1 234,50\r\n",
        f"\ufeff{HEAD}\n0221-00000038;10038;38;4100000000386;1234,5\n",
        "case_no,customer_no,invoice_no,kid,amount\n0221-00000038,10038,38,4100000000386,1234.50\n",
        'Case no.,Customer no.,Invoice no.,KID,Amount\n0221-00000038,10038,38,4100000000386,"1234,50"\n',
        "Navn\tSaksnr.\tKundenr.\tFakturanr.\tKID-nummer\tHovedstol\nKari\t0221-00000038\t10038\t38\t4100000000386\t1\xa0234,50",
        "Kid;Beløp;Sak;Kunde;Faktura\n41000 00000386; 1234.50 ;0221-00000038;10038;38\n;;;;\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_table_as_people_save_it_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    if text.startswith("\ufeff") and encoding != "utf-8":
        encoding = "utf-8"

    assert list(read(csv_of(tmp_path, text, encoding))) == [ROW]


def test_a_workbook_is_read_with_numbers_as_codes_and_text_as_amounts(tmp_path: Path) -> None:
    path = xlsx_of(
        tmp_path,
        [
            HEAD.split(";"),
            ["0221-00000038", 10038, 38, "4100000000386", 1234.5],
            [None, None],
            ["0221-00000039", 10039, "39", 4100000000394, "1 234,50"],
            ["0221-00000040", 10040.0, 40, None, 0.1 + 0.2],
        ],
    )

    assert (
        list(read(path))
        == list(read(shared(path)))
        == [
            ROW,
            ConversionRow(4, "0221-00000039", "10039", "39", "4100000000394", kr(1234, 50)),
            ConversionRow(5, "0221-00000040", "10040", "40", "", 30),
        ]
    )


def test_a_formula_is_never_worked_out_but_read_as_the_value_that_was_kept(tmp_path: Path) -> None:
    path = xlsx_of(tmp_path, [HEAD.split(";"), ["0221-00000038", 10038, 38, "4100000000386", "=1000+234.5"]])

    assert faults_of(path) == [
        "2: amount (column 5): expected kroner above 0 with at most two decimals, as 1 234,50 or 1234.50, found nothing"
    ]


@pytest.mark.parametrize("amount", ["0", "-1", "1,234", "1.234,50", "tusen", "NaN", "1e20", "=1+1"])
def test_an_amount_that_can_be_read_in_two_ways_or_none_is_refused(tmp_path: Path, amount: str) -> None:
    found = faults_of(csv_of(tmp_path, f"{HEAD}\n0221-00000038;10038;38;4100000000386;{amount}\n"))

    assert len(found) == 1
    assert found[0].startswith("2: amount (column 5): expected kroner above 0")


def test_every_fault_names_its_row_and_column_and_all_are_told(tmp_path: Path) -> None:
    text = f"{HEAD}\n;10038;38;41x;1\n0221-00000038;1 2;38;4100000000386;1\n0221-1;1;5;4100000000386;1\n0221-2;2;5;4100000000386;1\n"

    assert faults_of(csv_of(tmp_path, text)) == [
        "2: case no (column 1): expected text without blanks, 1 to 16 characters, found nothing",
        "2: kid (column 4): expected a KID of 2 to 25 digits, the last of which may be a dash, found '41x'",
        "3: customer no (column 2): expected text without blanks, 1 to 11 characters, found '1 2'",
        "5: invoice number: expected each invoice once, row 4 has it, found '5'",
    ]


def test_a_heading_that_is_missing_or_there_twice_is_told_with_its_names(tmp_path: Path) -> None:
    found = faults_of(csv_of(tmp_path, "Sak;Saksnummer;Kunde;Faktura;KID\n1;1;1;1;12;5\n"))

    assert [each.split(": expected")[0] for each in found] == [
        "1: heading of case no",
        "1: heading of amount",
    ]
    assert "named beløp or hovedstol" in found[1]


def test_a_kid_that_a_spreadsheet_has_cut_is_refused(tmp_path: Path) -> None:
    path = xlsx_of(tmp_path, [HEAD.split(";"), ["0221-00000038", 10038, 38, 4100000000386123456, 1]])

    assert "format the column as text" in faults_of(path)[0]


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    for text in ("", HEAD, f"{HEAD}\n;;;;\n"):
        assert faults_of(csv_of(tmp_path, text)) == [
            "0: file: expected headings and a row or more below them, found none"
        ]


def test_a_file_that_is_too_large_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes(2 << 20))
    monkeypatch.setattr(table_file, "MOST_UNPACKED", 1 << 20)

    assert faults_of(path) == [
        "0: file: expected a workbook of at most 1 MiB unpacked, in 1000 parts, found 2 MiB in 1"
    ]

    monkeypatch.setattr(table_file, "MOST_BYTES", 1 << 10)
    assert "cut it in two" in faults_of(path)[0]


def test_more_rows_than_anybody_meant_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "MOST_ROWS", 2)
    rows = "".join(f"0221-{n};{n};{n};;1\n" for n in range(1, 4))

    assert "at most 2 rows" in faults_of(csv_of(tmp_path, f"{HEAD}\n{rows}"))[0]


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml", ""])
def test_a_workbook_that_is_damaged_or_holds_entities_is_refused(tmp_path: Path, part: str) -> None:
    whole = xlsx_of(tmp_path, [HEAD.split(";"), ["0221-00000038", 10038, 38, "4100000000386", 1]])
    path = tmp_path / "bad.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, BOMB if name == part else old.read(name))
    if not part:
        path.write_bytes(whole.read_bytes()[:2_000])

    assert faults_of(path)[0].startswith("0: file: expected a workbook")


def test_a_table_of_texts_that_holds_entities_is_refused(tmp_path: Path) -> None:
    whole = xlsx_of(tmp_path, [HEAD.split(";"), ["0221-00000038", 10038, 38, "4100000000386", 1]])

    assert faults_of(shared(whole, BOMB))[0].startswith("0: file: expected a workbook")
