"""The crash points that no ordinary day comes by: a closed period, a page that Visma has forgotten, a share on another disk."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import repairs
from ops.access import ALL_ROLES
from schemas.events import ImportDue
from schemas.money import kr
from schemas.setup import ClosedPeriodPolicy
from tests.points import KILLED, crash_points
from tests.site import Site, kid_of, paid, site, until
from tests.workers import watching
from tests.workers.test_crash_points import dies, maker
from workers.store import setup as setup_store

__all__ = ["maker"]
DUE = date(2026, 1, 31)
Maker = subprocess.Popen[str]
PERSON = repairs.Person("kari", "the account is there now", ALL_ROLES)

pytestmark = pytest.mark.faults


def points(act: str) -> list[str]:
    """Before and after an act."""
    found = [point for point in crash_points() if point.rpartition(".")[0] == act]
    assert len(found) == 2
    return found


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    moved = ClosedPeriodPolicy.NEXT_OPEN
    with site(engine, tmp_path, dunning_code="EWS", closed_period_policy=moved) as made:
        made.set_up_client(case_no_pattern="NY-#####")
        yield made


@pytest.mark.parametrize("point", points("visma.GetInstallation"))
def test_while_it_asks_which_periods_are_open(point: str, here: Site, maker: Maker) -> None:
    here.case(1, kr(1000), DUE)
    here.simulator.close_period("100", "2026-03")
    here.simulator.open_period("100", "2026-04")
    here.drop(here.file(paid(kid_of(1), kr(100))))

    dies(point, here, maker)
    here.drain()

    assert here.all("SELECT state FROM voucher ORDER BY id") == [("void",), ("delivered",)]
    assert [v.total for v in here.simulator.vouchers("100")] == [kr(100)]
    here.prove()


@pytest.mark.parametrize("point", points("import.not_offered"))
def test_while_it_notes_that_visma_has_no_such_operation(point: str, here: Site, maker: Maker) -> None:
    with here.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    here.set_up(replace(installation, imports=False))
    here.happen(ImportDue("100"))

    dies(point, here, maker)
    leases_of_imports_pass(here)
    here.drain()

    assert here.parked() == ["not_offered"]


@pytest.mark.parametrize("point", [*points("import.lost_page"), *points("import.turn")])
def test_while_a_long_listing_is_taken_in(point: str, here: Site, maker: Maker) -> None:
    invoices = [
        {
            "invoice_no": str(n),
            "customer_no": str(n),
            "original": "50.00",
            "due_on": "2026-01-31",
            "sub_ledger_type": "K",
        }
        for n in range(1_001)
    ]
    here.simulator.propose("100", "EWS", invoices=invoices)
    here.happen(ImportDue("100"))
    if point.startswith("import.lost_page"):
        with here.engine.begin() as connection:
            connection.execute(text('UPDATE work SET body = body || \'{"page": "of another day"}\''))

    dies(point, here, maker)
    leases_of_imports_pass(here)
    here.drain()

    assert here.one("SELECT count(*), count(DISTINCT case_no) FROM kk2_case") == (1_001, 1_001)
    assert "" not in {each.case_no for each in here.simulator.invoices("100")}


def leases_of_imports_pass(here: Site) -> None:
    """So much time passes."""
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE work SET due_at = now() WHERE state = 'due'"))


@pytest.mark.parametrize("point", [*points("file.keep"), *points("file.put_down")])
def test_while_a_refused_voucher_file_makes_way_for_the_next(
    point: str, engine: Engine, tmp_path: Path, maker: Maker
) -> None:
    with site(engine, tmp_path, by_file=True) as made:
        made.case(1, kr(1000), DUE)
        made.come(paid(kid_of(1), kr(100)), but=("inquire",))
        bilag = made.folder / "bilag"
        (lies,) = bilag.glob("K1-*.xml")
        lies.rename(bilag / f"AVVIST_{lies.name}")
        made.drain()
        with engine.begin() as connection:
            repairs.retry(connection, 1, person=PERSON)

        dies(point, made, maker)
        until(lambda: delivered(made))
        assert [v.total for v in made.simulator.vouchers("100")] == [kr(100)]
        assert made.all("SELECT state FROM voucher") == [("delivered",)]
        made.prove()


def delivered(here: Site) -> bool:
    """Do what is due once; Visma reads its folder, and a person looks where nothing stands there to prove anything."""
    for work_id, stage in here.due():
        here.work(work_id, stage)
    here.simulator.read_files()
    if here.parked() == ["in_doubt"]:
        with here.engine.begin() as connection:
            repairs.absent(connection, 1, person=PERSON)
    (state,) = here.one("SELECT state FROM voucher")
    if (
        state == "refused"
    ):  # died before it made way: Visma's old no still stands there, and is said once more
        with here.engine.begin() as connection:
            repairs.retry(connection, 1, person=PERSON)
    return state == "delivered"


@pytest.mark.parametrize("point", points("quarantine.link"))
def test_while_a_link_is_carried_to_a_quarantine_on_another_disk(
    point: str, engine: Engine, tmp_path: Path
) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk")
    with tempfile.TemporaryDirectory(dir=other) as there:
        made = watching.Site(tmp_path, engine)
        made.quarantine.rmdir()
        made.quarantine.symlink_to(there)
        (made.inbox / "link.dat").symlink_to("/etc/hostname")

        with made.process(crash_at=f"{point}:1") as process:
            assert process.wait(60) == -signal.SIGKILL
        KILLED[point] += 1
        made.watcher().sweep()

        assert made.left() == []
        aside = {path.name for path in Path(there).iterdir() if path.is_symlink()}
        assert aside in ({"link.dat"}, {"link.dat", "link.dat.2"})
        assert made.files() == []
