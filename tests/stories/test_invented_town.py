"""The demo's whole municipality through the real stages, in order and with messages shuffled and repeated: as foretold."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.conversion_file import read, sha256_of
from ops.demo import comparing, finding, in_visma
from ops.demo.bank_files import to_bytes
from ops.demo.oracle import foretell
from ops.demo.stack import set_up
from ops.demo.town import COMPANY, Town
from ops.demo.towns import demo_town, kill_town
from ops.repairs.conversions import ConversionFile, convert
from schemas.events import FetchDue, ImportDue
from tests.site import Site, site


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
        in_visma.propose(here.simulator.base, town)
        earlier = tmp_path / "earlier.csv"
        in_visma.write_earlier(town, earlier)
        of = ConversionFile(COMPANY, "", sha256_of(earlier), earlier.name, read(earlier))
        here.act(convert, of, accepts=False)
        here.happen(ImportDue(COMPANY))
        here.drain(shuffled)
        for file, content in zip(town.files, contents, strict=True):
            here.drop(content, file.name)
            here.drain(shuffled)
        ids = in_visma.book(here.simulator.base, town)
        _fetch(here, shuffled)
        in_visma.correct(here.simulator.base, town, ids)
        _fetch(here, shuffled)

        ledger = finding.vouchers(here.simulator.base)
        said = comparing.payments(expected.payments, finding.payments(engine, digests))
        said += comparing.cases(expected.cases, finding.cases(engine)) + comparing.booked_twice(ledger)
        said += comparing.vouchers(expected.vouchers, ledger)
        assert said == []
        here.prove()


def _fetch(here: Site, shuffled: int | None) -> None:
    here.happen(FetchDue(COMPANY))
    here.drain(shuffled)
