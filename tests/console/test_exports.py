"""A list as a file: it says what the list says, keeps what Excel would spoil, and runs nothing."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from ops.desk import exports
from ops.desk.exports import Language, as_csv, as_xlsx
from ops.desk.listing import Column, Listing, Shape
from tests.console.visiting import Visitor
from tests.ops.ledger import Standing

LIST = Listing(
    "things", "Things", "/things", "things",
    tuple(Column(shape.value, shape.value.title(), shape.value, shape) for shape in Shape),
)  # fmt: skip
PLAIN = Language(str, str, str)
ROW: dict[str, Any] = {
    "text": "Rådhuset", "code": "0012345", "written": "held", "word": "parked", "words": ["clerk", "admin"], "money": -123456, "number": 7, "day": date(2026, 3, 2),
    "moment": datetime(2026, 3, 2, 11, 0, tzinfo=UTC),
}  # fmt: skip
HOSTILE = ["=1+1", "+47 22", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x";"y")', "=cmd|' /C calc'!A0"]  # fmt: skip


def csv_of(*rows: dict[str, Any]) -> list[list[str]]:
    written = b"".join(as_csv(LIST, rows, PLAIN))
    assert written.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";"))


def xlsx_of(*rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    to = BytesIO()
    as_xlsx(LIST, rows, PLAIN, to)
    return list(load_workbook(to).active.iter_rows())


def test_a_csv_is_as_norwegian_excel_reads_it() -> None:
    heads, row = csv_of(ROW)

    assert heads == [shape.value.title() for shape in Shape]
    assert dict(zip((shape.value for shape in Shape), row, strict=True)) == {
        "text": "Rådhuset", "code": '="0012345"', "written": "held", "word": "parked", "words": "clerk, admin", "money": "-1234,56", "number": "7",
        "day": "2026-03-02", "moment": "2026-03-02 12:00:00",
    }  # fmt: skip


def test_a_sheet_has_numbers_dates_and_texts() -> None:
    _, cells = xlsx_of(ROW)
    values = {shape.value: cell.value for shape, cell in zip(Shape, cells, strict=True)}

    assert values["code"] == "0012345"
    assert Decimal(str(values["money"])) == Decimal("-1234.56")
    assert values["day"] == datetime(2026, 3, 2)  # noqa: DTZ001 - a day as Excel has it
    assert values["moment"] == datetime(2026, 3, 2, 12)  # noqa: DTZ001 - by the clock in Norway
    formats = {shape.value: cell.number_format for shape, cell in zip(Shape, cells, strict=True)}
    assert (formats["money"], formats["day"]) == ("#,##0.00", "dd.mm.yyyy")


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("column", ["text", "code", "word"])
def test_what_begins_like_a_formula_is_a_text(hostile: str, column: str) -> None:
    place = list(Shape).index(Shape(column))
    assert csv_of(ROW | {column: hostile})[1][place] == f"'{hostile}"

    cell = xlsx_of(ROW | {column: hostile})[1][place]
    assert cell.data_type == "s"
    assert cell.value.replace("_x000D_", "\r") == hostile


@given(st.text(max_size=40))
def test_no_text_becomes_a_formula_or_breaks_the_file(text: str) -> None:
    place = list(Shape).index(Shape.TEXT)
    told, after = csv_of(ROW | {"text": text}, ROW)[1:]

    assert len(told) == len(Shape)
    assert after[place] == "Rådhuset"
    assert not told[place].startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("code", ["0", "17", "99991042764", "0221-00000038"])
def test_a_code_that_excel_leaves_alone_is_left_alone(code: str) -> None:
    assert csv_of(ROW | {"code": code})[1][list(Shape).index(Shape.CODE)] == code


def test_a_file_of_the_payments_is_what_the_list_says(kari: Visitor, stands: Standing) -> None:
    answer = kari.client.get("/payments.csv?state=parked&sort=-id")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="payments.csv"'
    told = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    rows = kari.get("/payments?state=parked").tree.xpath("//table/tbody/tr")
    assert len(told) == 1 + len(rows) > 1

    sheet = load_workbook(BytesIO(kari.client.get("/payments.xlsx?state=parked").content)).active
    assert sheet.max_row == len(told)
    assert [each for each in kari.get("/payments").links() if each.startswith("/payments.")] == ["/payments.csv", "/payments.xlsx"]  # fmt: skip


def test_more_than_a_sheet_holds_is_refused_and_a_wrong_question_too(
    kari: Visitor, stands: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST", 1)
    assert kari.get("/payments.csv").status == 400
    assert kari.get("/payments.xlsx?state=gone").status == 400
    kari.client.cookies.clear()
    assert "/sign-in" in str(kari.client.get("/payments.csv").url)
