"""`make demo-kill`: fifty SIGKILLs while bank files go through; in the end every øre is where the oracle said."""

import hashlib
import statistics
import time
from pathlib import Path

from rich.console import Console
from sqlalchemy import text

from ops.balance import Exit
from ops.demo import comparing, finding, report, waiting
from ops.demo import expected as expectation
from ops.demo.bank_files import to_bytes
from ops.demo.expected import Expected
from ops.demo.following import TaskLog
from ops.demo.killing import Killer
from ops.demo.oracle import foretell
from ops.demo.stack import Stack, running
from ops.demo.staging import balanced, played, wait_for_processes
from ops.demo.town import Town
from ops.demo.towns import kill_town
from schemas.wording import counted

_SETTINGS = {
    "KK2_RING_AGAIN_AFTER": "3",
    "KK2_RING_ANYWAY_AFTER": "15",
    "KK2_VISIBILITY_TIMEOUT": "15",
    "KK2_BEAT_INTERVAL": "2",
    "KK2_SCHEDULE_REST": "every 10 s",
}
_OPERATION_TIMEOUT = 3
# Calls take a while, so that kills fall into them, before Visma has booked and after; and now and then an answer is lost.
_FAULTS = ",".join(
    f"{kind}:operation=RegisterVouchers:{how}"
    for kind, how in (
        ("slow", "seconds=0.3:probability=0.3"),
        ("commit_then_slow", "seconds=0.3:probability=0.4"),
        ("lose_answer_after_booking", "probability=0.05"),
    )
)


def run(seed: int, kills: int = 50, limit: int = 600, folder: Path | None = None) -> int:
    """Kill `kills` times within `limit` seconds; 0 if nothing is lost, nothing double, and the money agrees."""
    console = report.console()
    began = time.monotonic()

    def play(place: Path) -> list[str]:
        town = kill_town(seed, max(kills, 2))
        expected = foretell(town)
        expectation.write(expected, place / "oracle.json")
        console.print(
            f"Seed {seed}: {counted(kills, 'SIGKILL')} while {counted(len(town.files), 'file')} with "
            f"{counted(len(expected.payments), 'payment')} on {counted(len(town.cases), 'case')} come in, to a Visma\n"
            f"that takes its time and loses an answer now and then. The oracle has written {place / 'oracle.json'}.",
            highlight=False,
        )
        with running(place, town, _SETTINGS, operation_timeout=_OPERATION_TIMEOUT, faults=_FAULTS) as stack:
            log = TaskLog(stack.servers.broker_url)
            wait_for_processes(console, stack, log)
            log.stop()
            killer = Killer(stack, seed, kills)
            digests = _drive(console, stack, town, killer, limit - (time.monotonic() - began))
            return _tell(console, stack, expected, digests, killer)

    return played(console, folder, play, timed=True)


def _drive(console: Console, stack: Stack, town: Town, killer: Killer, seconds: float) -> tuple[str, ...]:
    """Drop the files in step with the kills, until all are dropped, all kills are done and all is quiet."""
    contents = [to_bytes(file, number) for number, file in enumerate(town.files, start=1)]
    dropped, told, is_busy = 0, 0, False

    def is_over() -> bool:
        nonlocal dropped, told, is_busy
        killer.step(is_busy=is_busy)
        if killer.done >= told + 10:
            told = killer.done
            console.print(f"  {counted(told, 'kill')}, {counted(dropped, 'file')} dropped", highlight=False)
        now = waiting.progress(stack)
        is_busy = not now.is_quiet(dropped)
        if dropped == len(contents):
            over = killer.done >= killer.wanted and killer.all_back() and now.is_quiet(dropped)
            return over and not _free_splits(stack)
        # A kill a file; and a file takes back payments of the one before it, which must have been read and settled.
        if dropped <= killer.done and now.files >= dropped and now.payments == now.decided:
            stack.drop(town.files[dropped].name, contents[dropped])
            dropped += 1
            killer.arm()
        return False

    waiting.until(stack, is_over, seconds=seconds, what="all is quiet")
    return tuple(hashlib.sha256(content).hexdigest() for content in contents)


def _free_splits(stack: Stack) -> int:
    """Splits that no voucher has taken: what was repaired waits for the next proposal of the rest."""
    with stack.engine.connect() as connection:
        return int(
            connection.execute(
                text(
                    "SELECT count(*) FROM split s WHERE s.superseded_by IS NULL AND NOT EXISTS "
                    "(SELECT FROM voucher_split v WHERE v.split_id = s.id AND NOT v.released)"
                )
            ).scalar_one()
        )


def _tell(
    console: Console, stack: Stack, expected: Expected, digests: tuple[str, ...], killer: Killer
) -> list[str]:
    """Compare with the oracle and tell how it went."""
    found, rows = finding.payments(stack.engine, digests), finding.vouchers(stack.visma)
    lost = {(p.file, p.place) for p in expected.payments} - {(p.file, p.place) for p in found}
    twice = comparing.booked_twice(rows)
    named = comparing.payments(expected.payments, found) + twice
    named += comparing.cases(expected.cases, finding.cases(stack.engine))
    money = balanced(stack)
    named += [] if money.exit_status is Exit.AGREES else [f"kk2 balance ends with {money.exit_status.name}"]
    report.kills(
        console, killer.killed, {one.name: one.restarts for one in stack.supervisor.status().processes}
    )
    every = sorted(seconds for of_one in killer.recovered.values() for seconds in of_one)
    if every:
        console.print(
            f"{killer.busy} of {killer.done} fell into open work. Until a killed server answered, or a new process stood: "
            f"median {statistics.median(every):.1f} s, longest {every[-1]:.1f} s.\n",
            highlight=False,
        )
    report.outcomes(console, expected, found)
    report.balance(console, money)
    doubled = len(found) - len({(p.file, p.place) for p in found}) + len(twice)
    doubts, resent = _doubts(stack)
    console.print(
        f"In doubt on the way, and asked for: {counted(doubts, 'voucher')}; not there, and sent again: {resent}."
    )
    console.print(
        f"{counted(killer.done, 'kill')}, {counted(len(rows), 'voucher')} in Visma: lost {len(lost)}, double {doubled}."
    )
    report.differences(console, named)
    return named


def _doubts(stack: Stack) -> tuple[int, int]:
    """How many vouchers had a call that ended without an answer, and how often Visma then did not have one."""
    with stack.engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT count(DISTINCT body->>'voucher_id') FILTER (WHERE event = 'VoucherInDoubt'), count(*) FILTER (WHERE event = 'VoucherAbsent') "
                "FROM journal"
            )
        ).one()
        return row[0], row[1]
