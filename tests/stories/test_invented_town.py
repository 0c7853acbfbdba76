"""The demo's whole municipality through the real stages, in order and with messages shuffled and repeated: as foretold."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.demo import comparing, finding
from ops.demo.bank_files import to_bytes
from ops.demo.oracle import foretell
from ops.demo.stack import set_up
from ops.demo.town import Town
from ops.demo.towns import demo_town, kill_town
from tests.site import site


@pytest.mark.parametrize(
    ("town", "shuffled"),
    [(demo_town(4), None), (kill_town(5, 4), 11)],
    ids=["in order", "shuffled and repeated"],
)
def test_every_ore_is_where_the_oracle_says(
    engine: Engine, tmp_path: Path, town: Town, shuffled: int | None
) -> None:
    expected = foretell(town)
    contents = [to_bytes(file, number) for number, file in enumerate(town.files, start=1)]
    digests = tuple(hashlib.sha256(content).hexdigest() for content in contents)
    with site(engine, tmp_path) as here:
        set_up(engine, tmp_path, town, here.simulator.url, 10)
        here.drain()
        for file, content in zip(town.files, contents, strict=True):
            here.drop(content, file.name)
            here.drain(shuffled)

        ledger = finding.vouchers(here.simulator.base)
        said = comparing.payments(expected.payments, finding.payments(engine, digests))
        said += comparing.cases(expected.cases, finding.cases(engine)) + comparing.booked_twice(ledger)
        said += comparing.vouchers(expected.vouchers, ledger)
        assert said == []
        here.prove()
