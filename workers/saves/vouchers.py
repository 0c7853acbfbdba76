"""Save approved vouchers: head, lines, and which splits they took, by COPY in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection

from pipeline.posting import VoucherFacts
from schemas.case import Kind
from schemas.money import Money
from schemas.voucher import Voucher
from workers.store.bulk import copy, take_ids


@dataclass(frozen=True, slots=True)
class Approved:
    """A voucher with what it was made from."""

    voucher: Voucher
    facts: VoucherFacts
    installation: str
    company_row: int
    approved_by: str


_HEAD = (
    "id", "reference", "company", "installation", "account", "booked_on", "statement_ref", "number", "of", "voucher_on",
    "voucher_type", "registrar", "division", "approve", "text", "total", "moved", "lines", "payments",
    "company_row", "approved_by", "state",
)  # fmt: skip
_LINE = (
    "voucher_id",
    "no",
    "account",
    "text",
    "amount",
    "tax_code",
    "dimensions",
    "customer_no",
    "invoice_no",
    "kid",
)


def put_in_suspense(connection: Connection, parked: Sequence[tuple[int, Money]]) -> list[int]:
    """Give parked payments a split without a case; gives the ids of the splits, in order."""
    ids = list(take_ids(connection, "split", len(parked)))
    copy(
        connection,
        "split",
        ("id", "payment_id", "kind", "amount", "corrects", "held"),
        (
            (i, payment_id, int(Kind.SUSPENSE), amount, False, False)
            for i, (payment_id, amount) in zip(ids, parked, strict=True)
        ),
    )
    return ids


def save(connection: Connection, approved: Sequence[Approved]) -> list[int]:
    """Write vouchers; gives their ids. The database refuses an unbalanced one, and a split that another voucher has."""
    ids = list(take_ids(connection, "voucher", len(approved)))
    copy(
        connection,
        "voucher",
        [f'"{c}"' for c in _HEAD],
        (_head(i, a) for i, a in zip(ids, approved, strict=True)),
    )
    copy(
        connection,
        "voucher_line",
        _LINE,
        (
            (
                i,
                no,
                n.account,
                n.text,
                n.amount,
                n.tax_code,
                _array(n.dimensions),
                n.customer_no,
                n.invoice_no,
                n.kid,
            )
            for i, a in zip(ids, approved, strict=True)
            for no, n in enumerate(a.voucher.lines, 1)
        ),
    )
    copy(
        connection,
        "voucher_split",
        ("voucher_id", "split_id"),
        (
            (i, split.split_id)
            for i, a in zip(ids, approved, strict=True)
            for payment in a.facts.payments
            for split in payment.splits
        ),
    )
    return ids


@lru_cache(maxsize=1024)
def _array(texts: tuple[str, ...]) -> str:
    """Write a text array as COPY wants it; the same few sets of dimensions stand on every line."""
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return "{" + ",".join(quoted) + "}"


def _head(voucher_id: int, approved: Approved) -> tuple[object, ...]:
    voucher, facts = approved.voucher, approved.facts
    group = facts.group
    return (
        voucher_id,
        voucher.reference,
        voucher.company,
        approved.installation,
        group.account,
        group.booked_on,
        group.statement_ref,
        facts.number,
        facts.of,
        voucher.voucher_date,
        voucher.voucher_type,
        voucher.registrar,
        voucher.division,
        voucher.approve,
        voucher.text,
        voucher.total,
        sum(split.amount for payment in facts.payments for split in payment.splits),
        len(voucher.lines),
        len(facts.payments),
        approved.company_row,
        approved.approved_by,
        "approved",
    )
