"""The parts of the product that are mutated, each with the quick tests that must notice: none of them starts a server."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Part(NamedTuple):
    """`sources` are files and folders that are mutated; `tests` run in this order until the first that fails."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[str]:
        """The sources' files, relative to a root."""
        found = [file for each in self.sources for file in [root / each, *(root / each).rglob("*.py")]]
        return sorted({file.relative_to(root).as_posix() for file in found if file.is_file()})


def _pipeline(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/pipeline/test_{name}.py" for name in names)


PARTS = {
    "formats": Part(
        ("pipeline/formats", "schemas/kid.py"),
        (
            "tests/schemas/test_kid.py",
            *_pipeline("golden_files", "ocr_giro_cases", "camt054_faults", "ocr_giro_whole_files"),
            *_pipeline("camt054_round_trip", "ocr_giro_round_trip", "ocr_giro_mutations"),
        ),
    ),
    "split": Part(
        ("pipeline/allocation", "pipeline/matching", "pipeline/intake.py", "pipeline/ledger_payments.py"),
        _pipeline(
            *("matching", "intake", "ledger_payments", "allocation", "reversals_and_waivers", "movements"),
            *("golden_payments", "allocation_properties"),
        ),
    ),
    "interest": Part(
        ("pipeline/interest.py", "pipeline/rates.py", "pipeline/bankdays.py", "schemas/money.py"),
        ("tests/schemas/test_money.py", *_pipeline("rates", "interest", "bankdays", "golden_payments")),
    ),
    "posting": Part(
        ("pipeline/posting", "pipeline/numbering.py", "schemas/voucher.py"),
        _pipeline("posting", "conclusions", "retries", "numbering"),
    ),
}
