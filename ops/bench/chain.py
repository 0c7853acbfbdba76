"""Measures the chain from file to voucher through the real Celery workers: `python -m ops.bench.chain`.

Each figure of the product is taken in turn with the bare floor (`ops.bench.floor`) on a copy of the same town; the ratio
of a pair is what counts, the median of the pairs is printed. Servers and workers share this machine's cores.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from ops import embedded
from ops.bench import floor, stand, town
from ops.embedded import Servers
from ops.simulator import Simulator

_APPROVED = (
    "SELECT EXISTS (SELECT FROM bank_file) AND EXISTS (SELECT FROM work WHERE stage = 'deliver') "
    "AND NOT EXISTS (SELECT FROM work WHERE state = 'due' AND stage <> 'deliver')"
)
_DELIVERED = (
    "SELECT EXISTS (SELECT FROM voucher) AND NOT EXISTS (SELECT FROM work WHERE state = 'due') "
    "AND NOT EXISTS (SELECT FROM voucher WHERE state <> 'delivered')"
)
_SETTLING = "files,payments,vouchers,clock"
_GOALS = {1: 0.40, 2: 0.75}
_CHAIN_GOAL = 2_000
_SMALL_GOAL = 2.0
_MEMORY_GOAL = 200 * 2**20


@dataclass(frozen=True, slots=True)
class Bench:
    """The stand of one call: servers, where files lie, and how large the town is."""

    servers: Servers
    folder: Path
    cases: int
    payments: int
    counts: bool

    def file(self, payments: int, seed: int) -> Path:
        """A bank file of so many payments, made once."""
        path = self.folder / f"{payments}-{seed}.ocr"
        if not path.exists():
            town.write_file(path, payments, self.cases, seed, number=seed)
        return path


def main() -> int:
    """Measure what is asked for; 1 if a goal is missed."""
    arguments = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="kk2-bench-"))
    folder.chmod(0o711)
    try:
        with (
            Simulator(folder / "visma") as visma,
            embedded.start(folder / "servers", durable=True) as servers,
        ):
            stand.make_template(servers, arguments.cases, visma.url)
            counts = stand.count_statements(servers)
            bench = Bench(servers, folder, arguments.cases, arguments.payments, counts)
            print(
                f"{arguments.cases:,} cases, {arguments.payments:,} payments, median of {arguments.pairs} pairs",
                flush=True,
            )
            met = [_against_the_floor(bench, workers, arguments.pairs) for workers in arguments.workers]
            met.append(_whole_chain(bench))
            met.append(_small_files(bench))
            if arguments.large:
                met.append(_memory(bench, arguments.large))
        return 0 if all(met) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.bench.chain", description=__doc__)
    parser.add_argument("--cases", type=int, default=300_000)
    parser.add_argument("--payments", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument(
        "--large", type=int, default=1_000_000, help="payments of the file for the memory; 0 leaves it out"
    )
    return parser.parse_args()


def _against_the_floor(bench: Bench, workers: int, pairs: int) -> bool:
    ratios, rates, floors, cpus, statements = [], [], [], [], []
    for pair in range(pairs):
        with stand.fresh(bench.servers, f"floor{workers}{pair}") as (engine, _):
            with engine.begin() as connection:
                floor.prepare(connection)
            floors.append(bench.payments / floor.run(engine, bench.file(bench.payments, 1)))
        seconds, cpu, asked = _product(bench, workers, pair)
        rates.append(bench.payments / seconds)
        ratios.append(rates[-1] / floors[-1])
        cpus.append(cpu / bench.payments * 1e6)
        statements.append(asked / bench.payments)
    ratio = statistics.median(ratios)
    print(
        f"  file to approved, {workers} worker process{'es' if workers > 1 else ''}: {ratio:.2f} of the floor "
        f"(goal {_GOALS[workers]:.2f}; {min(ratios):.2f}-{max(ratios):.2f})   {statistics.median(rates):,.0f} payments/s, "
        f"floor {statistics.median(floors):,.0f}   {statistics.median(cpus):.0f} us CPU and "
        f"{statistics.median(statements) or float('nan'):.3f} statements a payment",
        flush=True,
    )
    return ratio >= _GOALS[workers]


def _product(bench: Bench, workers: int, pair: int) -> tuple[float, float, int]:
    with stand.site(
        bench.servers, bench.folder, f"run{workers}{pair}", {f"w{n}": _SETTLING for n in range(workers)}
    ) as (
        engine,
        home,
        run,
    ):
        before, asked = run.cpu(), _statements(bench)
        seconds = _drop(bench.file(bench.payments, 1), home, engine, run, _APPROVED, 300)
        return seconds, run.cpu() - before, _statements(bench) - asked


def _statements(bench: Bench) -> int:
    return stand.statements(bench.servers) if bench.counts else 0


def _drop(file: Path, home: Path, engine: Engine, run: stand.Running, question: str, seconds: float) -> float:
    inbox = home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, inbox / f"{file.name}.part")
    started = time.perf_counter()
    (inbox / f"{file.name}.part").rename(inbox / file.name)
    stand.wait_until(engine, question, run, seconds)
    return time.perf_counter() - started


def _whole_chain(bench: Bench) -> bool:
    with stand.site(
        bench.servers, bench.folder, "whole", {"settling": _SETTLING, "delivering": "delivery"}
    ) as (engine, home, run):
        seconds = _drop(bench.file(bench.payments, 1), home, engine, run, _DELIVERED, 600)
    rate = bench.payments / seconds
    print(
        f"  file to Visma, one settling and one delivering: {rate:,.0f} payments/s (goal {_CHAIN_GOAL:,})",
        flush=True,
    )
    return rate >= _CHAIN_GOAL


def _small_files(bench: Bench) -> bool:
    times: list[float] = []
    workers = {"files": "files,vouchers,clock", "payments": "payments", "delivery": "delivery"}
    with stand.site(bench.servers, bench.folder, "small", workers) as (engine, home, run):
        for number in range(2, 13):
            known = f"(SELECT count(*) FROM bank_file) = {number - 1} AND "
            question = _DELIVERED.replace("SELECT ", f"SELECT {known}", 1)
            times.append(_drop(bench.file(20, number), home, engine, run, question, 60))
    median = statistics.median(times)
    print(
        f"  a file of 20 payments, closed to voucher in Visma: median {median:.2f} s of {len(times)} "
        f"(goal {_SMALL_GOAL} s)",
        flush=True,
    )
    return median < _SMALL_GOAL


def _memory(bench: Bench, payments: int) -> bool:
    with stand.site(bench.servers, bench.folder, "large", {"w1": _SETTLING, "w2": _SETTLING}) as (
        engine,
        home,
        run,
    ):
        seconds = _drop(bench.file(payments, 99), home, engine, run, _APPROVED, 3600)
        run.look()
    who, peak = max(run.peak.items(), key=lambda each: each[1])
    print(
        f"  {payments:,} payments, two worker processes: {payments / seconds:,.0f} payments/s, "
        f"most memory of a process {peak / 2**20:.0f} MiB ({who}; goal 200 MiB)",
        flush=True,
    )
    return peak < _MEMORY_GOAL


if __name__ == "__main__":
    raise SystemExit(main())
