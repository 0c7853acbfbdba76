"""What must have happened when all is quiet: the oracle's word, on disk before the first process starts."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from ops.demo.standing import Part
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class ExpectedPayment:
    """One payment, by its file and its place in it (from 0).

    `outcome` is settled, parked or held; `reason` is set for parked and held. `case_no` and `parts` are those of a
    settled payment. `suspense`: what of it is posted without a case.
    """

    file: int
    place: int
    amount: Money
    outcome: str
    reason: str
    case_no: str
    parts: tuple[Part, ...]
    suspense: Money
    role: str


@dataclass(frozen=True, slots=True)
class ExpectedCase:
    """Where a case stands in the end; interest is left out of `balance`."""

    case_no: str
    state: str
    balance: Money


@dataclass(frozen=True, slots=True)
class ExpectedVoucher:
    """One voucher of a posting group: the sum of its debits, the number of its lines and of its payments."""

    file: int
    account: str
    booked_on: date
    statement_ref: str
    number: int
    of: int
    total: Money
    lines: int
    payments: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Everything that the oracle knows, in the order of files and places."""

    seed: int
    files: tuple[str, ...]
    payments: tuple[ExpectedPayment, ...]
    cases: tuple[ExpectedCase, ...]
    vouchers: tuple[ExpectedVoucher, ...]


def write(expected: Expected, path: Path) -> None:
    """Keep it as JSON, for the comparison and for people who want to look."""
    text = json.dumps(asdict(expected), default=date.isoformat, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")


def read(path: Path) -> Expected:
    """What `write` wrote."""
    said = json.loads(path.read_text("utf-8"))
    return Expected(
        said["seed"],
        tuple(said["files"]),
        tuple(
            ExpectedPayment(**{**one, "parts": tuple(Part(**part) for part in one["parts"])})
            for one in said["payments"]
        ),
        tuple(ExpectedCase(**one) for one in said["cases"]),
        tuple(
            ExpectedVoucher(**{**one, "booked_on": date.fromisoformat(one["booked_on"])})
            for one in said["vouchers"]
        ),
    )
