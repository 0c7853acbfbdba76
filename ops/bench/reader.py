"""Measures the OCR giro reader against netsgiro: `python -m ops.bench.reader [--payments N] [--pairs N] [--whole]`.

Every figure is a ratio of two measurements taken in turn in one run, the median of five pairs, each in a process of its
own whose start is not counted. netsgiro needs 40 s and 1.3 GiB for a million payments, so that it reads a file of
50,000 here and the ratio is of the time per payment; `--whole` lets it read the whole file once and says how its time
per payment changes.
"""

import argparse
import contextlib
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ops.bank_writer import generate

_SMALL, _PEER = 10_000, 50_000
_WARM = 5_000_000
"""Bytes under which a file is read three times, for else the start of the process would count."""

_GOALS = {"batches": 60.0, "rows": 40.0, "json": 8.0}
_GROWTH_GOAL, _MEMORY_GOAL_MIB = 1.2, 64.0
_NAMES = {"batches": "to column batches", "rows": "to rows ready for COPY", "json": "kk2 read --json"}


def main() -> int:
    """Measure, print the table, and 1 if a goal is missed."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        files = {count: Path(folder) / f"{count}.ocr" for count in (_SMALL, _PEER, arguments.payments)}
        for count, path in files.items():
            with path.open("wb") as out:
                generate(count, 1, out)
        return _compare(files, arguments.payments, arguments.pairs, whole=arguments.whole)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.bench.reader", description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--whole", action="store_true", help="let netsgiro read the whole file once, too")
    parser.add_argument("--alone", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        what, file = arguments.alone
        print(json.dumps(_measure_here(what, Path(file))))
        raise SystemExit(0)
    return arguments


def _compare(files: dict[int, Path], payments: int, pairs: int, *, whole: bool) -> int:
    empty = _memory("empty", files[_SMALL])
    is_met = True
    print(f"{payments:,} payments, median of {pairs} pairs; netsgiro.parse on {_PEER:,} of them")
    for what, goal in _GOALS.items():
        ratios, seconds, peers = [], [], []
        for _ in range(pairs):
            peer = _seconds("netsgiro", files[_PEER]) / _PEER
            ours = _seconds(what, files[payments])
            ratios.append(peer / (ours / payments))
            seconds.append(ours)
            peers.append(peer)
        ratio = statistics.median(ratios)
        is_met &= ratio >= goal
        print(
            f"  {_NAMES[what]:<28} {ratio:6.1f} x netsgiro (goal {goal:.0f})   {statistics.median(seconds):6.2f} s"
            f"   spread {min(ratios):.1f}-{max(ratios):.1f}   netsgiro {statistics.median(peers) * 1e6:.1f} us/payment"
        )
    growths = []
    for _ in range(pairs):
        small = _seconds("batches", files[_SMALL]) / _SMALL
        growths.append(_seconds("batches", files[payments]) / payments / small)
    growth = statistics.median(growths)
    memory = _memory("batches", files[payments]) - empty
    is_met &= growth <= _GROWTH_GOAL and memory <= _MEMORY_GOAL_MIB
    print(f"  time per payment, to that of {_SMALL:,}   {growth:6.2f} (goal at most {_GROWTH_GOAL})")
    print(f"  memory over an empty interpreter {memory:6.1f} MiB (goal at most {_MEMORY_GOAL_MIB:.0f})")
    slices = _memory("slices", files[payments]) - empty
    print(f"  the same with positions and cuts {slices:6.1f} MiB")
    if whole:
        at_once = _seconds("netsgiro", files[payments])
        print(
            f"  netsgiro on the whole file       {at_once:6.1f} s, {at_once / payments * 1e6:.1f} us/payment,"
            f" {_memory('netsgiro', files[payments]) - empty:.0f} MiB"
        )
    return 0 if is_met else 1


def _seconds(what: str, path: Path) -> float:
    return _alone(what, path)["seconds"]


def _memory(what: str, path: Path) -> float:
    return _alone(what, path)["mib"]


def _alone(what: str, path: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "ops.bench.reader", "--alone", what, str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured


def _measure_here(what: str, path: Path) -> dict[str, float]:
    """CPU seconds (of a small file the least of three) and the peak of memory."""
    work = _WORK[what]()
    rounds = 3 if path.stat().st_size < _WARM else 1
    if rounds == 1 and what != "netsgiro":
        work(path.with_name(f"{_SMALL}.ocr"))
    seconds = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        work(path)
        seconds.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": min(seconds), "mib": peak}


def _empty() -> Callable[[Path], object]:
    return lambda path: path


def _netsgiro() -> Callable[[Path], object]:
    import netsgiro

    return lambda path: netsgiro.parse(path.read_text(encoding="latin-1"))


def _reader(take: str) -> Callable[[], Callable[[Path], object]]:
    """A way to read a whole file: `take` says what of it."""

    def ready() -> Callable[[Path], object]:
        from pipeline.formats import DEFAULT, Refusal, read

        def work(path: Path) -> int:
            with path.open("rb") as stream:
                reading = read(stream, options=DEFAULT)
                assert not isinstance(reading, Refusal), reading.faults[0]
                if take == "slices":
                    reading.positions()
                    reading.cuts(1_000)
                count = 0
                for batch in reading.batches():
                    count += len(batch)
                    if take == "rows":
                        deque(batch.rows(), maxlen=0)
                return count

        return work

    return ready


def _json_lines() -> Callable[[Path], object]:
    from ops.reading import print_reading

    def work(path: Path) -> int:
        with Path("/dev/null").open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            return print_reading(path, as_json=True, payments=False, encoding=None)

    return work


_WORK: dict[str, Callable[[], Callable[[Path], object]]] = {
    "empty": _empty,
    "netsgiro": _netsgiro,
    "batches": _reader("batches"),
    "rows": _reader("rows"),
    "slices": _reader("slices"),
    "json": _json_lines,
}


if __name__ == "__main__":
    raise SystemExit(main())
