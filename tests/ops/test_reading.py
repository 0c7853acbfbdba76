"""`kk2 read FILE`: JSON a line, tables for people, faults on standard error, exit statuses."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ops.bank_writer import OcrAssignment, OcrPayment, OcrTransmission, an_account, generate, write
from ops.reading import READ, REFUSED, UNREADABLE, print_reading

DAY = date(2026, 10, 6)
PAYMENT = OcrPayment(
    10,
    DAY,
    125_000,
    "0010017",
    value_on=date(2026, 10, 5),
    reference="123456789",
    debit_account="86011117947",
)
CREDIT = replace(PAYMENT, amount=25_000, kid="0010033", is_negative=True)
TEXT = OcrPayment(21, DAY, 3_000, "", text='Kjøp "på nett" \\')


def a_file(folder: Path, *payments: OcrPayment) -> Path:
    path = folder / "OCR.D061026"
    path.write_bytes(write(OcrTransmission(1, DAY, (OcrAssignment("12345678903", payments, DAY),))))
    return path


def test_json_has_an_object_a_payment_and_a_summary_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(tmp_path, PAYMENT, CREDIT, TEXT)

    assert print_reading(path, as_json=True, payments=False, encoding=None) == READ

    objects = [json.loads(line) for line in capsys.readouterr().out.split("\n")[:-1]]
    assert objects[0] == {
        "line": 3,
        "account": "12345678903",
        "type": "10",
        "booked_on": "2026-10-06",
        "value_on": "2026-10-05",
        "statement_ref": "0106100001",
        "form": None,
        "amount_ore": 125_000,
        "kid": "0010017",
        "debit_account": "86011117947",
        "reference": "123456789",
        "debtor": None,
        "text": None,
        "is_reversal": False,
    }
    assert list(objects[0]) == list(objects[1]) == list(objects[2])
    assert [one["amount_ore"] for one in objects[:3]] == [125_000, -25_000, 3_000]
    assert (objects[2]["kid"], objects[2]["text"]) == (None, 'Kjøp "på nett" \\')
    assert objects[3] == {
        "summary": {
            "format": "ocr-giro",
            "transmissions": 1,
            "assignments": 1,
            "payments": 3,
            "total_ore": 103_000,
            "authorisations": 0,
            "notes": [],
        }
    }
    assert len(objects) == 4


def test_a_note_says_line_code_and_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = a_file(tmp_path, replace(PAYMENT, type=18))

    print_reading(path, as_json=True, payments=False, encoding=None)

    summary = json.loads(capsys.readouterr().out.split("\n")[-2])["summary"]
    assert [(note["line"], note["code"]) for note in summary["notes"]] == [(5, "total-with-reversals")]
    assert "1 250,00 kr" in summary["notes"][0]["text"]
    assert "-1 250,00 kr" in summary["notes"][0]["text"]


def test_people_get_a_table_of_assignments_and_the_notes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(tmp_path, PAYMENT, replace(PAYMENT, kid="0010018"))

    assert print_reading(path, as_json=False, payments=False, encoding=None) == READ

    printed = capsys.readouterr().out
    assert "ocr-giro: 1 transmission, 1 assignment, 2 payments, 2 500,00 kr, 0 authorisations" in printed
    assert "12345678903" in printed
    assert "line 5: the KID passes neither MOD10 nor MOD11 (kid-control)" in printed
    assert "0010017" not in printed


def test_people_get_each_payment_when_they_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = a_file(tmp_path, PAYMENT, TEXT)

    assert print_reading(path, as_json=False, payments=True, encoding=None) == READ

    printed = capsys.readouterr().out
    assert "0010017" in printed
    assert "1 250,00" in printed
    assert 'Kjøp "på nett"' in printed


def test_a_refused_file_prints_only_faults_with_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(tmp_path, PAYMENT)
    path.write_bytes(path.read_bytes().replace(b"125000", b"12500O", 1))

    for as_json in (True, False):
        assert print_reading(path, as_json=as_json, payments=True, encoding=None) == REFUSED
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err == f"{path}:3:33-49: amount: expected 17 digits, found '0000000000012500O'\n"


def test_an_empty_file_is_refused_on_line_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.ocr"
    path.write_bytes(b"")

    assert print_reading(path, as_json=True, payments=False, encoding=None) == REFUSED
    assert capsys.readouterr().err.startswith(f"{path}:0: file: expected NY000010")


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path / "nowhere.ocr", tmp_path):
        assert print_reading(path, as_json=False, payments=False, encoding=None) == UNREADABLE
        assert capsys.readouterr().err.startswith(f"{path}: cannot be read: ")


def test_an_encoding_can_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = a_file(tmp_path, replace(TEXT, text="bl}b{r"))

    assert print_reading(path, as_json=True, payments=False, encoding="iso646-no") == READ
    assert json.loads(capsys.readouterr().out.split("\n")[0])["text"] == "blåbær"
    assert print_reading(path, as_json=True, payments=False, encoding="klingon") == UNREADABLE
    assert "klingon" in capsys.readouterr().err


def test_a_reader_of_the_output_may_leave_early(tmp_path: Path) -> None:
    path = tmp_path / "large.ocr"
    with path.open("wb") as out:
        generate(20_000, 1, out)
    program = (
        "import sys; from pathlib import Path; from ops.reading import print_reading; "
        "sys.exit(print_reading(Path(sys.argv[1]), as_json=True, payments=False, encoding=None))"
    )
    root = Path(__file__).parents[2]

    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["line"] == 3
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_the_generator_writes_a_million_in_a_stream() -> None:
    """Only that it streams: nothing is written at once that is larger than some thousand records."""

    class Counting(io.BytesIO):
        largest = 0

        def write(self, piece: object, /) -> int:
            assert isinstance(piece, bytes)
            self.largest = max(self.largest, len(piece))
            return len(piece)

    out = Counting()
    generate(10_000, 1, out)

    assert 0 < out.largest < 500_000


def test_a_payment_that_does_not_fit_its_columns_is_not_written() -> None:
    with pytest.raises(ValueError, match="17 digits"):
        replace(PAYMENT, amount=10**17)
    with pytest.raises(ValueError, match="17 digits"):
        replace(PAYMENT, amount=-1)
    with pytest.raises(ValueError, match="from 10 to 21"):
        replace(PAYMENT, type=22)
    with pytest.raises(ValueError, match="does not fit"):
        replace(PAYMENT, kid="1" * 26)
    with pytest.raises(ValueError, match="does not fit"):
        replace(PAYMENT, form="1")


def test_invented_accounts_are_accounts() -> None:
    assert an_account(9_999_104_276) == "99991042764"
    assert len({an_account(number) for number in range(0, 1000, 2)}) > 400
