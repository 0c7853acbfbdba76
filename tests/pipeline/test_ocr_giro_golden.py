"""Whole files and what `kk2 read --json` prints of them, byte for byte."""

from pathlib import Path

import pytest

from ops.reading import READ, REFUSED, print_reading

GOLDEN = Path(__file__).parents[1] / "golden" / "ocr"
RIGHT = sorted(path.stem for path in GOLDEN.glob("*.jsonl"))
WRONG = sorted(path.stem for path in GOLDEN.glob("*.faults"))


def test_every_golden_file_has_its_answer() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.ocr")) == sorted(RIGHT + WRONG)
    assert RIGHT
    assert WRONG


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_is_printed_exactly_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = print_reading(GOLDEN / f"{name}.ocr", as_json=True, payments=False, encoding=None)

    printed = capsys.readouterr()
    assert status == READ
    assert printed.out == (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8")
    assert printed.err == ""


@pytest.mark.parametrize("name", WRONG)
def test_a_file_is_refused_exactly_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = GOLDEN / f"{name}.ocr"

    status = print_reading(path, as_json=True, payments=False, encoding=None)

    printed = capsys.readouterr()
    assert status == REFUSED
    assert printed.out == ""
    assert printed.err == "".join(
        f"{path}:{line}\n"
        for line in (GOLDEN / f"{name}.faults").read_text(encoding="utf-8").split("\n")[:-1]
    )
