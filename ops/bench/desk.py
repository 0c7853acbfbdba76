"""Measures the desk's page queries on a large site: `python -m ops.bench.desk`.

A throw-away database with a million payments and 100,000 failed deliveries; each named query is asked again and again, warm.
Exit status 1 if one of them misses the goal at the 95th percentile.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, Engine, create_engine, text

from ops import embedded, migrations
from ops.bench import desk_town
from ops.bench.desk_town import Size
from ops.desk import listing
from ops.desk.listing import as_number, as_ore
from ops.desk.register import LISTINGS
from ops.queries import cases, files, payments, search, tallies, vouchers, work
from ops.why import why
from workers.store import tally

GOAL = 0.300
"""Seconds within which a page's query answers, at the 95th percentile."""
_DAY = date(2026, 2, 2)

Query: TypeAlias = Callable[[Connection], object]


def main() -> int:
    """Fill, ask, print; 1 if a query is slower than the goal."""
    arguments = _arguments()
    size = Size(
        payments=arguments.payments, failed=arguments.failed, parked=arguments.payments // 50, cases=arguments.payments // 10
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="kk2-bench-"))
    folder.chmod(0o711)
    try:
        with embedded.start(folder / "servers", durable=False) as servers:
            engine = create_engine(servers.postgres.url)
            _fill(engine, size)
            slow = _ask_all(engine, arguments.times, arguments.only)
            engine.dispose()
        return 1 if slow else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.bench.desk", description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--failed", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", default="", help="ask only the queries whose name has this in it")
    return parser.parse_args()


def _fill(engine: Engine, size: Size) -> None:
    started = time.perf_counter()
    migrations.migrate(engine)
    with engine.begin() as connection:
        desk_town.fill(connection, size)
    with engine.begin() as connection:
        tally.fold(connection, 100_000)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    print(
        f"{size.payments:,} payments, {size.cases:,} cases, {size.failed:,} failed deliveries, {size.parked:,} parked; "
        f"filled in {time.perf_counter() - started:.0f} s",
        flush=True,
    )


def _listed(name: str, **query: str) -> Query:
    which = LISTINGS[name]
    return lambda connection: listing.page(connection, which, listing.read(which, query))


def _searched(q: str) -> Query:
    return lambda connection: search.search(connection, q, number=as_number(q), ore=as_ore(q))


def _trend(connection: Connection) -> None:
    first = _DAY - timedelta(days=60)
    tallies.payments_by_day(connection, first, _DAY)
    tallies.vouchers_by_day(connection, first, _DAY, ("refused", "in_doubt"))
    tallies.parked_since(connection)


NAMED: Mapping[str, Query] = {
    "today: payments by state": tallies.payments_by_state,
    "today: failed by cause": tallies.failed,
    "today: parked by reason": tallies.parked,
    "flow: counts in each box": work.flow,
    "pictures: trends": _trend,
    "payments: newest": _listed("payments"),
    "payments: parked": _listed("payments", state="parked"),
    "payments: refused (few)": _listed("payments", state="refused"),
    "payments: waiting (none)": _listed("payments", state="waiting"),
    "payments: a small company's refused": _listed("payments", state="refused", company="200"),
    "payments: a small company": _listed("payments", company="200"),
    "payments: an amount that 200,000 have": _listed("payments", q="500,00"),
    "payments: a day": _listed("payments", **{"from": _DAY.isoformat(), "to": _DAY.isoformat()}),
    "payments: a file": _listed("payments", file="500"),
    "booked payments: a case": _listed("booked_payments", q="0221-00012345"),
    "payment: why": lambda connection: why(connection, 123_457),
    "parked: with suggestions": lambda connection: payments.parked(connection, company=None, reason=None),
    "vouchers: failed": lambda connection: vouchers.listed(
        connection, state="refused", company=None, code=None, first=None, last=None
    ),
    "vouchers: failed by cause": vouchers.failures,
    "voucher: one": lambda connection: vouchers.shown(connection, 5_000),
    "cases: one": lambda connection: cases.shown(connection, 4_711, _DAY),
    "files: newest": lambda connection: files.listed(connection, state=None),
    "search: KID": _searched("0000012346"),
    "search: amount": _searched("500,00"),
    "search: name": _searched("nordmann, 5"),
    "search: file": _searched("TBOC0500"),
    "search: voucher number": _searched("205000"),
}
"""The queries of the pages, by name. Each registered list's first page is asked besides."""


def _ask_all(engine: Engine, times: int, only: str) -> list[str]:
    queries = dict(NAMED) | {f"list: {name}": _listed(name) for name in LISTINGS}
    everything: list[float] = []
    slow = []
    for name, query in queries.items():
        if only not in name:
            continue
        _ask(engine, query)  # warm
        taken = sorted(_ask(engine, query) for _ in range(times))
        at_95 = _at_95(taken)
        everything += taken
        slow += [name] if at_95 > GOAL else []
        print(
            f"  {name:42} p50 {statistics.median(taken) * 1000:7.1f} ms   p95 {at_95 * 1000:7.1f} ms"
            f"{'   SLOW' if at_95 > GOAL else ''}",
            flush=True,
        )
    print(
        f"  all of them: p95 {_at_95(sorted(everything)) * 1000:.1f} ms (goal {GOAL * 1000:.0f} ms)",
        flush=True,
    )
    return slow


def _ask(engine: Engine, query: Query) -> float:
    """As a page asks: a new transaction that only reads."""
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        started = time.perf_counter()
        query(connection)
        return time.perf_counter() - started


def _at_95(taken: list[float]) -> float:
    return taken[min(len(taken) - 1, int(len(taken) * 0.95))]


if __name__ == "__main__":
    raise SystemExit(main())
