"""The guided demo: three bank files on their way from the folder to Visma, held against the oracle."""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from sqlalchemy import text

from ops.balance import Exit
from ops.demo import both_ways, comparing, finding, practice, report, waiting
from ops.demo import expected as expectation
from ops.demo.bank_files import to_bytes
from ops.demo.expected import Expected
from ops.demo.following import TaskLog
from ops.demo.oracle import foretell
from ops.demo.stack import Stack, running
from ops.demo.staging import balanced, played, wait_for_processes
from ops.demo.town import Town
from ops.demo.towns import demo_town
from schemas.wording import counted

_FILE_SECONDS = 90.0
_EVENT_SECONDS = 5.0
OPERATION_TIMEOUT = 20


def run(*, keep: bool, seed: int, folder: Path | None) -> int:
    """Run the demo; 0 if everything equals the oracle, else 1 with each difference named.

    `keep` leaves it running until Ctrl-C; `folder`, where given, is left behind with all that was made.
    """
    console = report.console()

    def play(place: Path) -> list[str]:
        town = demo_town(seed)
        expected = foretell(town)
        expectation.write(expected, place / "oracle.json")
        console.print(
            f"Fjordvik kommune, invented with seed {seed}: {counted(len(town.cases), 'case')}, "
            f"{counted(len(expected.payments), 'payment')} in {counted(len(town.files), 'bank file')}.\n"
            f"The oracle has written what must become of each: {place / 'oracle.json'}\n",
            highlight=False,
        )
        with running(place, town, {}, operation_timeout=OPERATION_TIMEOUT, faults="") as stack:
            named = show(console, stack, town, expected)
            if keep:
                practice.leave(stack)
                _stay(console, stack)
        return named

    return played(console, folder, play, timed=not keep)


def show(console: Console, stack: Stack, town: Town, expected: Expected) -> list[str]:
    """Drop the files one after the other, then tell and compare; gives each difference from the oracle in words."""
    contents = [to_bytes(file, number) for number, file in enumerate(town.files, start=1)]
    digests = tuple(hashlib.sha256(content).hexdigest() for content in contents)
    log = TaskLog(stack.servers.broker_url)
    wait_for_processes(console, stack, log)
    console.print("Morning: cases from Visma")
    came, named = both_ways.morning(stack, town)
    seconds: list[float] = []
    with _bars(console) as bars:
        for number, (file, content) in enumerate(zip(town.files, contents, strict=True), start=1):
            line = bars.add_task(file.name, total=None, vouchers="")
            stack.drop(file.name, content)
            seconds.append(_settle_down(stack, bars, line, number, file.name))
    console.print("Evening: what Visma's own people booked, and the control of both sides")
    went, more = both_ways.evening(stack, town, expected)
    named += more
    found, rows = finding.payments(stack.engine, digests), finding.vouchers(stack.visma)
    of_cases = finding.cases(stack.engine)
    _drop_again(stack, contents[0])
    named += _not_by_tasks(stack, log, len(town.files), len(rows))
    log.stop()
    named += comparing.payments(expected.payments, found) + comparing.cases(expected.cases, of_cases)
    named += comparing.vouchers(expected.vouchers, rows) + comparing.booked_twice(rows)
    if (found, rows, of_cases) != (
        finding.payments(stack.engine, digests), finding.vouchers(stack.visma), finding.cases(stack.engine),
    ):  # fmt: skip
        named.append("the first file, dropped again under another name, changed something")
    money = balanced(stack)
    named += [] if money.exit_status is Exit.AGREES else [f"kk2 balance ends with {money.exit_status.name}"]
    report.both_ways(console, both_ways.told(came, went), went.differences)
    report.files(console, town, seconds)
    report.outcomes(console, expected, found)
    report.covered(console, found)
    report.vouchers(console, rows)
    report.parked(console, found, _stopped_proposals(stack))
    report.tasks(console, log.succeeded, log.failed)
    report.balance(console, money)
    console.print("The first file dropped again under another name: refused as a copy, nothing changed.\n")
    report.differences(console, named)
    return named


def _settle_down(stack: Stack, bars: Bars, line: TaskID, files: int, name: str) -> float:
    """Show progress until the file has come all the way; gives the seconds."""

    def is_quiet() -> bool:
        now = waiting.progress(stack)
        bars.update(
            line,
            total=now.payments or None,
            completed=now.decided,
            vouchers=f"{now.delivered} of {now.vouchers}",
        )
        return now.is_quiet(files)

    return waiting.until(stack, is_quiet, seconds=_FILE_SECONDS, what=f"{name} is all the way through")


def _not_by_tasks(stack: Stack, log: TaskLog, files: int, count: int) -> list[str]:
    """What the workers' own events do not account for: each file was read, each voucher delivered, by a task of theirs."""
    wanted = {"read": files, "settle": files, "propose": files, "deliver": count}

    def is_told() -> bool:
        return all(log.succeeded[name] >= times for name, times in wanted.items())

    with suppress(waiting.NotQuietError):  # events come a moment after the work
        waiting.until(stack, is_told, seconds=_EVENT_SECONDS, what="the workers' events")
    said = [
        f"the workers' events tell of {counted(log.succeeded[name], 'task')} {name}, there must be {times} or more"
        for name, times in wanted.items()
        if log.succeeded[name] < times
    ]
    return said + [f"task {name} failed {counted(times, 'time')}" for name, times in log.failed.items()]


def _drop_again(stack: Stack, content: bytes) -> None:
    """The same bytes under another name; waits until they are known for a copy."""

    def is_known() -> bool:
        with stack.engine.connect() as connection:
            return bool(
                connection.execute(
                    text("SELECT count(*) FROM journal WHERE event = 'FileSeenAgain'")
                ).scalar_one()
            )

    stack.drop("again.DAT", content)
    waiting.until(stack, is_known, seconds=_FILE_SECONDS, what="the copy is refused")


def _stopped_proposals(stack: Stack) -> list[tuple[str, str]]:
    """Proposals that no policy may approve: reason and note."""
    with stack.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT reason, note FROM work WHERE state = 'parked' AND payment_id IS NULL ORDER BY id")
        )
        return [(row[0], row[1]) for row in rows]


def _stay(console: Console, stack: Stack) -> None:
    """Say where everything is, and keep it running until Ctrl-C."""
    leave_environment(stack)
    console.print(
        f"For you to do: three payments of {practice.NAME} are parked, and Visma refused a voucher of it.\n"
        "[bold]It goes on running; Ctrl-C stops it.[/bold]"
    )
    for what, where in (
        ("console", f"{stack.console}/"),
        ("sign in as", f"{practice.CLERK} or {practice.ADMIN}, password {practice.PASSWORD}"),
        ("Visma, simulated", f"{stack.visma}/"),
        ("Flower", f"{stack.console}/flower/"),
        ("bank folder", stack.inbox),
        ("logs", stack.supervisor.logs),
        (
            "in another terminal",
            f"KK2_FOLDER={stack.folder} {Path(sys.prefix) / 'bin' / 'kk2'} doctor",
        ),
    ):
        console.print(f"{what:<21}{where}", highlight=False, soft_wrap=True)
    with suppress(KeyboardInterrupt):
        while True:
            stack.supervisor.step()
            time.sleep(0.2)


def leave_environment(stack: Stack) -> None:
    """Leave the servers' addresses in the folder, as `kk2 up` does, readable by this user alone: they hold passwords."""
    file = stack.folder / "environment"
    file.touch(0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in stack.environment.items()), "utf-8")


@contextmanager
def _bars(console: Console) -> Iterator[Bars]:
    with Bars(
        TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TextColumn("payments decided,"),
        TextColumn("{task.fields[vouchers]} vouchers in Visma"), TimeElapsedColumn(), console=console,
    ) as bars:  # fmt: skip
        yield bars
    console.print()
