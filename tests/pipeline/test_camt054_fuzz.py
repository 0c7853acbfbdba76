"""Damaged notifications by the thousand: each is refused with a line, or read as an independent reader reads it.

1,500 in the suite; `KK2_FUZZ=100000 pytest tests/pipeline/test_camt054_fuzz.py` for a night's worth.
"""

import io
import os
import random
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import pytest

from ops.notification_writer import CamtEntry, CamtMessage, CamtNotification, CamtTransaction, write_message
from pipeline.formats import DEFAULT, Refusal, read
from schemas.money import from_decimal_text
from tests.damaged_xml import BYTES, ELEMENT, a_byte, a_tag, an_element, cut

PARTS = 5
FILES = int(os.environ.get("KK2_FUZZ", "1500"))
DAY = date(2026, 10, 6)
TWO = (
    CamtTransaction(200_000, "0010041", debtor="Ås & Co"),
    CamtTransaction(274_750, kids=(("0010025", 274_700), ("0010033", 50))),
)
SEEDS = [
    write_message(
        CamtMessage(
            (
                CamtNotification(
                    "12345678903",
                    (
                        CamtEntry(DAY, TWO, reference="261006-2-1"),
                        CamtEntry(DAY, TWO[:1], is_debit=True, is_reversal=True, reference="261006-2-2"),
                        CamtEntry(DAY, amount=4_500, text="Gebyr", is_debit=True),
                        CamtEntry(DAY, TWO[:1], status="PDNG"),
                    ),
                ),
                CamtNotification("86011117947", (CamtEntry(DAY, TWO[:1]),), id="N2"),
            ),
            DAY,
            version=version,
        )
    )
    for version in ("02", "08")
] + [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "golden/camt").glob("*.xml"))]


def insert(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    raw[at:at] = bytes(chance.choice(BYTES) for _ in range(chance.choice((1, 1, 2, 9))))


def another_digit(raw: bytearray, chance: random.Random) -> None:
    digits = [at for at, byte in enumerate(raw) if 48 <= byte <= 57]
    if digits:
        raw[chance.choice(digits)] = chance.choice(b"0123456789")


def remove(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    del raw[at : at + chance.choice((1, 1, 2, 40))]


def broken_off(raw: bytearray, chance: random.Random) -> None:
    """An element is nothing but the beginning of another."""
    elements = list(ELEMENT.finditer(raw))
    if elements:
        one = chance.choice(elements)
        raw[one.start() : one.end()] = b"<Amt>"


def a_line(raw: bytearray, chance: random.Random) -> None:
    lines = raw.split(b"\n")
    line = chance.choice(lines)
    lines.insert(chance.randrange(len(lines)), line)
    if chance.random() < 0.5:
        lines.remove(line)
    raw[:] = b"\n".join(lines)


def encoded(raw: bytearray, chance: random.Random) -> None:
    raw[:] = raw.decode("latin-1").encode(chance.choice(("utf-16", "utf-8", "cp500", "utf-32")))


DAMAGES = (
    a_byte,
    another_digit,
    another_digit,
    insert,
    remove,
    cut,
    an_element,
    an_element,
    broken_off,
    a_line,
    a_tag,
    encoded,
)


def damaged(chance: random.Random) -> bytes:
    raw = bytearray(chance.choice(SEEDS))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 10))):
        if raw:
            chance.choice(DAMAGES)(raw, chance)
    return bytes(raw)


def of(element: ET.Element, path: str) -> str | None:
    """The first text at a path of local names."""
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return None if found is None else (found.text or "").strip()


def oracle(raw: bytes) -> list[int]:
    """The booked money of a file that is known to have no document type: what each payment must be, in øre."""
    amounts = []
    for entry in ET.fromstring(raw).iterfind(".//{*}Ntry"):
        if (of(entry, "Sts/Cd") or of(entry, "Sts")) != "BOOK":
            continue
        way = of(entry, "CdtDbtInd")
        whole = [(of(entry, "Amt"), way)]
        each = [
            (of(one, "Amt") or of(one, "AmtDtls/TxAmt/Amt") or of(entry, "Amt"), of(one, "CdtDbtInd") or way)
            for one in entry.iterfind("{*}NtryDtls/{*}TxDtls")
        ]
        amounts += [
            from_decimal_text(amount or "") * (-1 if w == "DBIT" else 1) for amount, w in each or whole
        ]
    return amounts


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_damaged_file_is_refused_or_read_as_it_stands(part: int) -> None:
    chance = random.Random(part)
    accepted = 0
    for number in range(FILES // PARTS):
        raw = damaged(chance)
        reading = read(io.BytesIO(raw), options=DEFAULT)
        if isinstance(reading, Refusal):
            assert 0 <= reading.faults[0].line <= len(raw) + 1, (part, number, raw)
            continue
        accepted += 1
        rows = [row for batch in reading.batches() for row in batch.rows()]
        amounts = [row[8] for row in rows]
        assert amounts == oracle(raw), (part, number, raw)
        assert (len(rows), sum(amounts)) == (reading.payments, reading.total), (part, number, raw)
        assert len(set(reading.positions().tolist())) == reading.payments

    assert accepted > FILES // PARTS // 20


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_file_that_is_cut_anywhere_is_refused(seed: bytes) -> None:
    whole = len(seed.rstrip())
    for length in range(1, whole, 3):
        assert isinstance(read(io.BytesIO(seed[:length]), options=DEFAULT), Refusal), length
