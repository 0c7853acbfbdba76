"""What crosses to and from Visma, timed against the simulator: it answers at once, and then each call takes a second.

The simulator runs in this process, PostgreSQL and Redis beside it, the product in processes of its own; all share this
machine's cores. A slow Visma is what a site has: there the time must be that of the calls, and hardly more.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy import Engine, text

from ops import embedded
from ops.bench import stand
from ops.embedded import Servers
from ops.simulator import Fault, FaultKind, Simulator
from schemas.events import FetchDue, ImportDue
from schemas.setup import SubLedger
from schemas.transfer import TransactionKind
from workers.accounting import MOST_ROWS
from workers.journal import record
from workers.saves.invoices import numbers_asked
from workers.store import setup as setup_store

_RATE_GOAL = 1_500
_RATIO_GOAL = 1.1
_COMPANY, _CODE = "100", "EWS"
_IMPORTED = "SELECT NOT EXISTS (SELECT FROM work WHERE stage = 'import' AND state = 'due')"
_FETCHED = "SELECT NOT EXISTS (SELECT FROM work WHERE stage = 'fetch' AND state = 'due')"
_NUMBERED = (
    "SELECT NOT EXISTS (SELECT FROM invoice WHERE number_state <> 'written') "
    "AND NOT EXISTS (SELECT FROM work WHERE stage = 'number' AND state = 'due')"
)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs."""

    servers: Servers
    folder: Path
    visma: Simulator


def main() -> int:
    """Measure all; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.transfer", description=__doc__)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--slow-pages", type=int, default=60, help="pages of 1,000 where each call takes 1 s")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kk2-bench-"))
    folder.chmod(0o711)
    try:
        with (
            Simulator(folder / "visma") as visma,
            embedded.start(folder / "servers", durable=True) as servers,
        ):
            stand.make_template(servers, 1, visma.url)
            bench = Bench(servers, folder, visma)
            quick = _measured(bench, asked.invoices, slow=False)
            met = [_is_quick(what, number, seconds) for what, (number, seconds) in quick.items()]
            slow = _measured(bench, asked.slow_pages * MOST_ROWS, slow=True)
            met += [_is_no_slower(what, *slow[what], *quick[what]) for what in slow]
        return 0 if all(met) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measured(bench: Bench, invoices: int, *, slow: bool) -> dict[str, tuple[int, float]]:
    """Import so many invoices into an empty site, write their numbers, fetch what happened; number and seconds of each."""
    with _site(bench, "slow" if slow else "quick") as (engine, run):
        bench.visma.propose(_COMPANY, _CODE, count=invoices)
        if slow:
            for operation in ("GetReadyInvoices", "UpdateCaseNumbers"):
                bench.visma.fault(Fault(FaultKind.SLOW, operation, seconds=1.0))
        taken = {"import": (invoices, _until(engine, "import", [ImportDue(_COMPANY)], _IMPORTED, run))}
        taken["case numbers"] = (invoices, _until(engine, "number", _all_numbers(engine), _NUMBERED, run))
        taken["transactions"] = _fetched(bench, engine, run, slow=slow)
        run.look()
        print(f"  most memory of a process: {max(run.peak.values()) / 2**20:.0f} MiB", flush=True)
    return taken


def _fetched(bench: Bench, engine: Engine, run: stand.Running, *, slow: bool) -> tuple[int, float]:
    """Let something happen in Visma to each invoice, then fetch it and what happened there before, and decide it all."""
    with engine.connect() as connection:
        invoices = list(connection.execute(text("SELECT invoice_no FROM invoice ORDER BY id")).scalars())
    kinds = tuple(TransactionKind)
    for first in range(0, len(invoices), MOST_ROWS):
        happened = [(invoice_no, -100) for invoice_no in invoices[first : first + MOST_ROWS]]
        kind = kinds[first // MOST_ROWS % len(kinds)]
        bench.visma.transact(_COMPANY, kind, date(2026, 3, 16), happened)
    if slow:
        bench.visma.fault(Fault(FaultKind.SLOW, "GetTransactions", seconds=1.0))
    seconds = _until(engine, "fetch", [FetchDue(_COMPANY)], _FETCHED, run)
    with engine.connect() as connection:
        # what an earlier measurement left in Visma is told too, and waits for a case
        fetched = connection.execute(text("SELECT count(*) FROM ledger_transaction")).scalar_one()
    return fetched, seconds


@contextmanager
def _site(bench: Bench, name: str) -> Iterator[tuple[Engine, stand.Running]]:
    """An empty site in shadow mode, so that the import is timed by itself; one worker calls Visma."""
    with stand.site(bench.servers, bench.folder, name, {"w": "delivery"}) as (engine, _, run):
        with engine.begin() as connection:
            setup = setup_store.current(connection)
            company = setup.companies[_COMPANY].latest().value
            client = setup.clients[_COMPANY, "KOM"].latest().value
            rows: list[setup_store.Noun] = [replace(company, dunning_code=_CODE, posting=False)]
            rows.append(replace(client, case_no_pattern="0221-########"))
            rows += [SubLedger("KOM", _COMPANY, kind, "1500", "A") for kind in ("10", "20", "30")]
        _set_up(engine, rows)
        yield engine, run


def _set_up(engine: Engine, rows: list[setup_store.Noun]) -> None:
    with engine.begin() as connection:
        for value in rows:
            setup_store.add_row(connection, *setup_store.key_of(value), date(2020, 1, 1), value, "bench")


def _all_numbers(engine: Engine) -> list[object]:
    """Posting is on, and every number is asked for."""
    with engine.begin() as connection:
        company = setup_store.current(connection).companies[_COMPANY].latest().value
        ids = list(connection.execute(text("SELECT id FROM invoice ORDER BY id")).scalars())
    _set_up(engine, [replace(company, posting=True)])
    return list(numbers_asked(_COMPANY, ids))


def _until(engine: Engine, stage: str, happened: list[object], question: str, run: stand.Running) -> float:
    """Seconds from a stage's first claim to its last end: how soon the relay rings is not what is measured."""
    with engine.begin() as connection:
        record(connection, happened, actor="bench", due_in=0.001)
    stand.wait_until(engine, question, run, 3_600)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT extract(epoch FROM max(w.done_at) - min(c.at)) FROM work w JOIN claim c ON c.work_id = w.id "
                "WHERE w.stage = :stage"
            ),
            {"stage": stage},
        ).scalar_one()
    return float(found)


def _is_quick(what: str, number: int, seconds: float) -> bool:
    rate = number / seconds
    print(f"  {what}, answered at once: {rate:,.0f}/s of {number:,} (goal {_RATE_GOAL:,})", flush=True)
    return rate >= _RATE_GOAL


def _is_no_slower(what: str, number: int, seconds: float, before: int, at_once: float) -> bool:
    """Whether it takes the calls' own time, and one page's work more: the next page is asked for while one is worked on."""
    calls = -(-number // MOST_ROWS)
    work = at_once * MOST_ROWS / before
    ratio = (seconds - work) / calls
    took = f"{seconds:.1f} s for {calls} calls and a page's work of {work:.2f} s"
    print(f"  {what}, each call a second: {took}, ratio {ratio:.2f} (goal {_RATIO_GOAL})", flush=True)
    return ratio <= _RATIO_GOAL


if __name__ == "__main__":
    raise SystemExit(main())
