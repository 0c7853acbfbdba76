"""The corpus of the release gate: what two bank files become, as text that can be laid beside an earlier release's.

`python -m tests.stories.replayed` writes the answers anew; each changed byte is then explained in CHANGELOG.md.
"""

import hashlib
import tempfile
from datetime import date
from pathlib import Path

from ops import repairs
from schemas.money import kr
from tests.servers import database_of_its_own
from tests.site import Site, kid_of, site

HERE = Path(__file__).parents[1] / "golden" / "replay"
FILES = ("first-day.ocr", "second-day.ocr")


def replay(here: Site) -> dict[str, str]:
    """Give the answers by name: what each payment became, and each voucher's message, of a site without cases."""
    _cases(here)
    _come(here, FILES[0])
    strayed, home = here.one(
        "SELECT p.id, c.id FROM payment p, kk2_case c WHERE p.kid = :stray AND c.kid = :home",
        stray=kid_of(77), home=kid_of(3),
    )  # fmt: skip
    here.act(repairs.assign, strayed, home, original=None)
    _come(here, FILES[1])
    here.rest()
    here.prove()
    return {"splits.txt": _splits(here), "vouchers.xml": _vouchers(here)}


def _come(here: Site, name: str) -> None:
    here.drop((HERE / name).read_bytes(), name)
    here.drain()


def fingerprint() -> str:
    """The name of the corpus as it stands: the first digits of the SHA-256 of its files and answers."""
    read = hashlib.sha256()
    for path in sorted(HERE.iterdir()):
        read.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return read.hexdigest()[:16]


def _cases(here: Site) -> None:
    """Cases that differ in what they owe: interest across a change of rate, a fee, costs, invoices of two ages, closed."""
    here.case(1, kr(1000), date(2025, 6, 1))
    here.case(2, kr(1000), date(2026, 1, 31), fee=kr(38))
    here.case(3, kr(2500), date(2025, 11, 30), fee=kr(38), costs=kr(700))
    here.case(
        4, kr(400), date(2025, 12, 15), more=[(kr(600), date(2026, 1, 15)), (kr(0, 1), date(2026, 2, 1))]
    )
    here.case(5, kr(300), date(2026, 2, 20), state="recalled")
    here.case(6, kr(12345, 67), date(2024, 12, 31), costs=kr(1750, 50))


def _splits(here: Site) -> str:
    rows = here.all(
        "SELECT f.name, p.line, p.amount, p.state, coalesce(c.case_no, '-'), s.kind, coalesce(i.invoice_no, '-'), s.amount "
        "FROM payment p JOIN bank_file f ON f.id = p.file_id LEFT JOIN split s ON s.payment_id = p.id "
        "LEFT JOIN kk2_case c ON c.id = s.case_id LEFT JOIN item i ON i.id = s.item_id ORDER BY p.id, s.id"
    )
    return "".join("\t".join(str(value) for value in row) + "\n" for row in rows)


def _vouchers(here: Site) -> str:
    rows = here.all("SELECT request FROM exchange WHERE request <> '' ORDER BY voucher_id, id")
    return "".join(f"{row[0]}\n" for row in rows)


def _write_anew() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with database_of_its_own(folder) as engine, site(engine, folder) as here:
            for answer, content in replay(here).items():
                (HERE / answer).write_text(content, encoding="utf-8")
    print(f"written; CHANGELOG.md says why, and names {fingerprint()}")


if __name__ == "__main__":
    _write_anew()
