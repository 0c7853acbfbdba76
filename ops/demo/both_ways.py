"""What goes between the bridge and Visma around the bank's files: cases before them, Visma's own bookings and the control after.

Everything is asked for as a person would, by the command line, and done by the workers.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from ops.demo import in_visma, waiting
from ops.demo.expected import Expected
from ops.demo.stack import Stack
from ops.demo.town import COMPANY, Town, ready_name
from schemas.wording import counted

_SECONDS = 90.0
_REASON = "the demo"


@dataclass(frozen=True, slots=True)
class Morning:
    """What came from Visma before the first file. `rows`: of the conversion, by outcome. `seconds`: for both."""

    opened: int
    numbered: int
    rows: Counter[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Evening:
    """What Visma's people had booked. `moved` are transactions that moved an invoice, `ours` came back from our vouchers."""

    moved: int
    corrected: int
    ours: int
    differences: "list[dict[str, Any]]"


def morning(stack: Stack, town: Town) -> tuple[Morning, list[str]]:
    """Convert the cases that were transferred earlier, and import an approved proposal; each difference in words."""
    in_visma.propose(stack.visma, town)
    began = time.monotonic()
    earlier = stack.folder / "earlier.csv"
    in_visma.write_earlier(town, earlier)
    _kk2(stack, "visma", "convert", str(earlier), "--company", COMPANY, "--reason", _REASON)
    _kk2(stack, "case", "import", COMPANY, "--reason", _REASON)
    _at_rest(stack, "cases from Visma have their numbers there")
    seconds = time.monotonic() - began
    rows = Counter(row["outcome"] for row in _lines(stack, "visma", "conversion", "1"))
    found, wanted = in_visma.numbers(stack.visma), _numbers(stack)
    ready = {
        claim.invoice_no for case in town.cases if case.ready for claim in case.claims if claim.invoice_no
    }
    named = [
        f"{ready_name(invoice)}: expected a case, found none" for invoice in sorted(ready - wanted.keys())
    ]
    named += [
        f"{ready_name(invoice)}: expected case {case_no} in Visma, found {found.get(invoice) or 'no number'}"
        for invoice, case_no in wanted.items()
        if found.get(invoice) != case_no
    ]
    named += _otherwise("conversion", _foretold(town), rows)
    return Morning(len(ready & wanted.keys()), sum(map(bool, found.values())), rows, seconds), named


def evening(stack: Stack, town: Town, expected: Expected) -> tuple[Evening, list[str]]:
    """Let Visma's people book and correct, fetch both times, and control both sides; each difference in words."""
    ids = in_visma.book(stack.visma, town)
    _fetch(stack)
    in_visma.correct(stack.visma, town, ids)
    _fetch(stack)
    with stack.engine.connect() as connection:
        rows = connection.execute(text("SELECT state, count(*) FROM ledger_transaction GROUP BY 1")).all()
    states = Counter({row[0]: row[1] for row in rows})
    corrected = sum(1 for moved in town.movements if moved.before)
    wanted = {"applied": len(town.movements), "superseded": corrected, "parked": 0}
    named = _otherwise("transactions from Visma", wanted, Counter({name: states[name] for name in wanted}))
    (report,) = _lines(stack, "visma", "control", "--company", COMPANY, statuses=(0, 1))
    found = report["differences"]
    named += _otherwise("control", _differences(town, expected), Counter(each["kind"] for each in found))
    return Evening(states["applied"], corrected, states["ours"], found), named


def _fetch(stack: Stack) -> None:
    _kk2(stack, "transaction", "fetch", COMPANY, "--reason", _REASON)
    _at_rest(stack, "what happened in Visma is fetched")


def _foretold(town: Town) -> dict[str, int]:
    """What must become of the conversion's rows."""
    rows: Counter[str] = Counter()
    for case in town.cases:
        invoices = 0 if case.ready else sum(1 for claim in case.claims if claim.invoice_no)
        if case.recalled or case.merged_into:
            rows["refused"] += invoices
        elif case.case_no in town.unknown_there:
            rows["not_found"] += invoices
        else:
            rows["differs" if case.case_no in town.differs_there else "done"] += invoices
    return dict(rows)


def _differences(town: Town, expected: Expected) -> dict[str, int]:
    """What the control must find: what is strange in Visma, and all of the last file, whose proposal a held payment stops."""
    last = [payment for payment in expected.payments if payment.file == len(town.files)]
    came = town.files[-1].payments
    return {
        "unknown_invoice": len(town.unknown_there),
        "correction_not_fetched": len(town.differs_there),
        "mark_missing": len(town.differs_there),
        "payment_under_way": len(
            {(p.case_no, part.claim) for p in last for part in p.parts if part.kind == "principal"}
        ),
        "waits": len({(p.account, p.booked_on, p.statement_ref) for p in came}),
    }


def _otherwise(what: str, wanted: dict[str, int], found: Counter[str]) -> list[str]:
    return [
        f"{what}: expected {wanted.get(name, 0)} {name}, found {found[name]}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name, 0) != found[name]
    ]


def _numbers(stack: Stack) -> dict[str, str]:
    """Each invoice that has a case whose number is with Visma, as we believe."""
    with stack.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT i.invoice_no, c.case_no FROM invoice i JOIN kk2_case c ON c.id = i.case_id WHERE i.number_state = 'written'"
            )
        )
        return {row[0]: row[1] for row in rows}


def _at_rest(stack: Stack, what: str) -> None:
    waiting.until(stack, lambda: not waiting.progress(stack).due, seconds=_SECONDS, what=what)


def _lines(stack: Stack, *line: str, statuses: tuple[int, ...] = (0,)) -> "list[dict[str, Any]]":
    return [json.loads(each) for each in _kk2(stack, *line, "--json", statuses=statuses).splitlines()]


def _kk2(stack: Stack, *line: str, statuses: tuple[int, ...] = (0,)) -> str:
    """Run a command as a person would; gives what it printed. Raises `NotQuietError` where it says no."""
    command = [sys.executable, "-m", "ops.cli", *line]
    ended = subprocess.run(
        command, env={**stack.environment, "KK2_ACTOR": "demo"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode not in statuses:
        raise waiting.NotQuietError(
            f"kk2 {' '.join(line)} ended with {ended.returncode}: {ended.stderr.strip()}"
        )
    return ended.stdout


def told(came: Morning, went: Evening) -> list[tuple[str, str]]:
    """Both in words, for the report."""
    return [
        (
            "cases opened from an approved proposal",
            f"{came.opened}, in {came.seconds:.1f} s with the conversion",
        ),
        (
            "conversion of earlier cases",
            ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(came.rows.items())),
        ),
        ("case numbers that Visma has", str(came.numbered)),
        (
            "bookings of Visma's own people fetched",
            f"{went.moved}, of them {went.corrected} corrected there since",
        ),
        ("our own vouchers' lines that came back", f"{went.ours}: known as ours, and not booked again"),
        ("control of both sides", counted(len(went.differences), "difference")),
    ]
