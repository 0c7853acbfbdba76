"""What did happen: payments and cases from the product's database, vouchers from Visma's own ledger over HTTP."""

import json
import urllib.request
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text

from ops.demo.expected import ExpectedCase
from ops.demo.standing import Part
from schemas.money import Money, from_decimal_text

_KINDS = ("", "principal", "costs", "fee", "interest", "rest", "suspense")
_SECONDS = 10.0
# a case that the import opened goes by its invoice: the product has found it a number of its own
_NAME = (
    "coalesce((SELECT 'invoice ' || o.invoice_no FROM invoice o WHERE o.case_id = c.id AND o.state = 'opened' LIMIT 1), "
    "c.case_no, '')"
)


@dataclass(frozen=True, slots=True)
class FoundPayment:
    """A payment as the product has it; the fields are those of `ExpectedPayment`, `note` is for people."""

    file: int
    place: int
    amount: Money
    outcome: str
    reason: str
    case_no: str
    parts: tuple[Part, ...]
    suspense: Money
    note: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A voucher as Visma has it."""

    number: int
    voucher_date: date
    reference: str
    text: str
    total: Money
    lines: int
    state: str
    calls: int


def payments(engine: Engine, digests: tuple[str, ...]) -> list[FoundPayment]:
    """All payments of the files with these sha256, in the order of the files and of their lines."""
    with engine.connect() as connection:
        parts: dict[int, list[Part]] = defaultdict(list)
        suspense: dict[int, Money] = defaultdict(int)
        for payment_id, claim, kind, amount in connection.execute(
            text(
                "SELECT s.payment_id, coalesce(i.kk2_id, ''), s.kind, sum(s.amount)::bigint FROM split s "
                "LEFT JOIN item i ON i.id = s.item_id WHERE s.superseded_by IS NULL "
                "GROUP BY 1, 2, 3 HAVING sum(s.amount) <> 0"
            )
        ):
            if _KINDS[kind] == "suspense":
                suspense[payment_id] = amount
            else:
                parts[payment_id].append(Part(claim, _KINDS[kind], amount))
        rows = connection.execute(
            text(
                "SELECT f.sha256, row_number() OVER (PARTITION BY p.file_id ORDER BY p.line) - 1, p.amount, p.state, "
                f"coalesce(w.reason, ''), {_NAME}, p.id, coalesce(w.note, '') FROM payment p "
                "JOIN bank_file f ON f.id = p.file_id LEFT JOIN kk2_case c ON c.id = p.case_id AND p.state = 'settled' "
                "LEFT JOIN work w ON w.payment_id = p.id AND w.state = 'parked' ORDER BY f.id, p.line"
            )
        )
        numbers = {digest: number for number, digest in enumerate(digests, start=1)}
        return [
            FoundPayment(
                numbers.get(row[0], 0), row[1], row[2], row[3], row[4], row[5],
                tuple(sorted(parts[row[6]], key=_by_kind)), suspense[row[6]], row[7],
            )
            for row in rows
        ]  # fmt: skip


def in_order(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Parts in one order, whoever made them."""
    return tuple(sorted(parts, key=_by_kind))


def cases(engine: Engine) -> list[ExpectedCase]:
    """All cases, with their state and balance."""
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT {_NAME}, state, balance FROM kk2_case c ORDER BY 1"))
        return [ExpectedCase(*row) for row in rows]


def vouchers(visma: str) -> list[LedgerRow]:
    """What we have booked in the simulated Visma at the address `visma`, oldest first."""
    with urllib.request.urlopen(f"{visma}/ledger/vouchers", timeout=_SECONDS) as answer:  # noqa: S310 - our own loopback
        said = json.loads(answer.read())
    return [
        LedgerRow(
            row["number"], date.fromisoformat(row["voucher_date"]), row["reference"], row["text"],
            from_decimal_text(row["total"]), row["lines"], row["state"], row["calls"],
        )
        for row in said
        if not row["by_hand"]
    ]  # fmt: skip


def _by_kind(part: Part) -> tuple[int, str]:
    return _KINDS.index(part.kind), part.claim
