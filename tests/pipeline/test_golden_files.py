"""Whole files of both formats and what `kk2 read --json` prints of them, byte for byte."""

from pathlib import Path

import pytest

from ops.reading import READ, REFUSED, print_reading

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = {path.stem: path for path in (*GOLDEN.glob("ocr/*.ocr"), *GOLDEN.glob("camt/*.xml"))}
RIGHT = sorted(name for name, path in FILES.items() if path.with_suffix(".jsonl").exists())
WRONG = sorted(name for name, path in FILES.items() if path.with_suffix(".faults").exists())


def test_every_golden_file_has_its_answer() -> None:
    assert sorted(FILES) == sorted(RIGHT + WRONG)
    assert (
        {FILES[name].suffix for name in RIGHT} == {FILES[name].suffix for name in WRONG} == {".ocr", ".xml"}
    )


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_is_printed_exactly_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = print_reading(FILES[name], as_json=True, payments=False, encoding=None)

    printed = capsys.readouterr()
    assert status == READ
    assert printed.out == FILES[name].with_suffix(".jsonl").read_text(encoding="utf-8")
    assert printed.err == ""


@pytest.mark.parametrize("name", WRONG)
def test_a_file_is_refused_exactly_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = FILES[name]

    status = print_reading(path, as_json=True, payments=False, encoding=None)

    printed = capsys.readouterr()
    assert status == REFUSED
    assert printed.out == ""
    assert printed.err == "".join(
        f"{path}:{line}\n"
        for line in path.with_suffix(".faults").read_text(encoding="utf-8").split("\n")[:-1]
    )
