"""Damaged files by the thousand: each is read or refused with a place, never a traceback, and both passes agree.

3,000 in the suite; `KK2_FUZZ=100000 pytest tests/pipeline/test_ocr_giro_fuzz.py` for a night's worth.
"""

import io
import os
import random

import pytest

from pipeline.formats import DEFAULT, Refusal, read
from pipeline.formats.ocr_giro.exact import faults as exact_faults
from tests.pipeline.ocr_giro_cases import faults, hard_cases

PARTS = 10
FILES = int(os.environ.get("KK2_FUZZ", "3000"))
SEEDS = [case.raw for case in hard_cases()] + [case.raw for case in faults()]
BYTES = b"0123456789-+ \t\r\n\0\x1aNYXy\x85\xc3\xa5\xe5\xff"


def damaged(chance: random.Random) -> bytes:
    raw = bytearray(chance.choice(SEEDS))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 10))):
        chance.choice(DAMAGES)(raw, chance)
    return bytes(raw)


def overwrite(raw: bytearray, chance: random.Random) -> None:
    if raw:
        raw[chance.randrange(len(raw))] = chance.choice(BYTES)


def insert(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    raw[at:at] = bytes(chance.choice(BYTES) for _ in range(chance.choice((1, 1, 2, 81))))


def remove(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    del raw[at : at + chance.choice((1, 1, 2, 80, 81, 162))]


def cut(raw: bytearray, chance: random.Random) -> None:
    del raw[chance.randrange(len(raw) + 1) :]


def move_a_line(raw: bytearray, chance: random.Random) -> None:
    records = raw.split(b"\n")
    records.insert(chance.randrange(len(records)), records.pop(chance.randrange(len(records))))
    raw[:] = b"\n".join(records)


def repeat_a_line(raw: bytearray, chance: random.Random) -> None:
    records = raw.split(b"\n")
    records.insert(chance.randrange(len(records)), chance.choice(records))
    raw[:] = b"\n".join(records)


def append_another(raw: bytearray, chance: random.Random) -> None:
    raw += chance.choice(SEEDS)


def change_line_ends(raw: bytearray, chance: random.Random) -> None:
    raw[:] = raw.replace(b"\n", chance.choice((b"\r\n", b"\r", b"", b"\n\n")), chance.choice((-1, 1, 3)))


def noise(raw: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(raw) + 1)
    raw[at : at + 40] = chance.randbytes(chance.randrange(40))


DAMAGES = (
    overwrite,
    overwrite,
    insert,
    remove,
    cut,
    move_a_line,
    repeat_a_line,
    append_another,
    change_line_ends,
    noise,
)


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_damaged_file_is_read_or_refused_and_never_raises(part: int) -> None:
    chance = random.Random(part)
    for number in range(FILES // PARTS):
        raw = damaged(chance)
        reading = read(io.BytesIO(raw), options=DEFAULT)
        if isinstance(reading, Refusal):
            first = reading.faults[0]
            assert "could not be placed" not in first.found, (part, number, raw)
            assert first.line <= len(raw) + 1
            continue
        assert exact_faults(io.BytesIO(raw), DEFAULT) == (), (part, number, raw)
        rows = [row for batch in reading.batches() for row in batch.rows()]
        assert (len(rows), sum(row[8] for row in rows)) == (reading.payments, reading.total), (
            part,
            number,
            raw,
        )
        assert len(set(reading.positions().tolist())) == reading.payments
