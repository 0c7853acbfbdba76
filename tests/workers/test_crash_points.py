"""A worker is killed at every crash point of the stages, and nothing is lost and nothing is booked twice."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.access import ALL_ROLES
from ops.repairs import ConversionFile, Which
from ops.simulator import Fault, FaultKind
from schemas.conversion import ConversionRow
from schemas.events import ControlDue, FetchDue, ImportDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.points import KILLED, crash_points
from tests.site import Site, kid_of, paid, site

ROOT = Path(__file__).parents[2]
DUE = date(2026, 1, 31)


_NOT_MET = re.compile(
    r"(add|archive|epoch|file|quarantine|recover|ring|sweep|tick|watch|inquire\.unanswered|import\.(lost_page|not_offered|turn)|visma\.GetInstallation)\b"
)
"""What belongs to other processes, or comes only when something else is amiss: `tests/faults` kills there."""
POINTS = [
    # what was committed or said is the better place to die at: the long suite dies before it, too
    pytest.param(point, marks=[] if ".after" in point else pytest.mark.faults)
    for point in crash_points()
    if not _NOT_MET.match(point)
]


@pytest.fixture(scope="module")
def maker() -> Iterator["subprocess.Popen[str]"]:
    """The process that makes workers to be killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.workers.crashing"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30.0)


def dies(point: str, here: Site, maker: "subprocess.Popen[str]") -> None:
    """A worker does what is due, and dies on the way."""
    assert maker.stdin is not None
    assert maker.stdout is not None
    url = here.engine.url.render_as_string(hide_password=False)
    print(point, url, here.folder, sep="\t", file=maker.stdin, flush=True)
    assert int(maker.stdout.readline()) == signal.SIGKILL, "no stage came by this point"
    KILLED[point] += 1
    here.pass_leases()


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path, dunning_code="EWS") as made:
        made.set_up_client(case_no_pattern="NY-####")
        yield made


def transferred_earlier(here: Site) -> ConversionFile:
    """A conversion is begun of a case whose invoice was paid in part in Visma; gives its file."""
    here.case(4, kr(500), DUE)
    here.simulator.propose(
        "100",
        "EWS",
        approved=False,
        invoices=[{"invoice_no": "F4-1", "customer_no": "4", "original": "500.00", "due_on": "2026-01-31"}],
    )
    here.simulator.transact("100", TransactionKind.PAYMENT, DUE, [("F4-1", kr(-200))])
    row = ConversionRow(2, "0221-00000004", "4", "F4-1", kid_of(4), kr(500))
    file = ConversionFile("100", "", "0" * 64, "tidligere.csv", [row])
    with here.engine.begin() as connection:
        repairs.convert(connection, file, accepts=False, person=repairs.Person("kari", "", ALL_ROLES))
    return file


def retry_all_that_was_refused(here: Site) -> None:
    """A job is made of the refused vouchers."""
    which = Which(None, None, None, None)
    with here.engine.begin() as connection:
        number, total = repairs.matching(connection, which)
        assert number
        person = repairs.Person("kari", "the period is open", ALL_ROLES)
        repairs.retry_all(connection, which, vouchers=number, total=total, person=person)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_may_be_killed_at(point: str, here: Site, maker: "subprocess.Popen[str]") -> None:
    changed = here.case(1, kr(1000), DUE, fee=kr(38))
    here.case(2, kr(2000), DUE)
    here.simulator.close_period("100", "2026-03")
    here.come(*(paid(kid_of(1), kr(9 + m), ref="0106100000") for m in range(3)))
    here.simulator.open_period("100", "2026-03")
    retry_all_that_was_refused(here)
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))
    here.drop(here.file(*(paid(kid_of(n), kr(100 * n + m)) for n in (1, 2, 77) for m in range(4))))
    here.owe_more(changed, kr(50))
    transferred = transferred_earlier(here)
    here.simulator.propose(
        "100",
        "EWS",
        invoices=[
            {
                "invoice_no": str(n),
                "customer_no": "9",
                "original": "50.00",
                "due_on": "2026-01-31",
                "sub_ledger_type": kind,
            }
            for n, kind in ((901, "K"), (902, "K"), (903, "none"))
        ],
    )
    here.happen(ImportDue("100"), ControlDue("100"))
    moved = here.with_us(3, kr(500), DUE)
    here.moves(TransactionKind.PAYMENT, -kr(200), 3)
    here.happen(FetchDue("100"))

    dies(point, here, maker)
    here.drain()
    here.rest()
    assert here.parked() == ["no_setup", *["unknown_kid"] * 4]
    assert here.all("SELECT case_no FROM kk2_case WHERE case_no LIKE 'NY-%' ORDER BY 1") == [
        ("NY-0001",),
        ("NY-0002",),
    ]
    assert [
        i.case_no for i in here.simulator.invoices("100") if i.invoice.invoice_no not in ("F3-1", "F4-1")
    ] == [
        "NY-0001",
        "NY-0002",
        "",
    ]
    assert here.all("SELECT DISTINCT state FROM voucher") == [("delivered",)]
    ours = [v for v in here.simulator.vouchers("100") if v.reference]
    assert sorted(v.reference for v in ours) == sorted(
        str(row[0]) for row in here.all("SELECT reference FROM voucher")
    )
    assert here.one("SELECT sum(total) FROM voucher") == (sum(v.total for v in ours),)
    assert here.one("SELECT balance FROM kk2_case WHERE id = :id", id=moved) == (kr(300),)
    assert here.all("SELECT state FROM ledger_transaction") == [("applied",)] * 2
    assert here.all("SELECT company FROM control_run") == [("100",)]
    with here.engine.begin() as connection:
        again = repairs.convert(
            connection, transferred, accepts=False, person=repairs.Person("kari", "", ALL_ROLES)
        )
    assert again.sentence == "conversion 1, the same file: each row is done already, or on its way"
    assert here.all("SELECT state FROM conversion") == [("done",)]
    assert here.all("SELECT outcome, note FROM conversion_row") == [("done", "")]
    assert here.one("SELECT balance FROM kk2_case WHERE case_no = '0221-00000004'") == (kr(300),)
    here.prove()
