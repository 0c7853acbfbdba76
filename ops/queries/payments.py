"""Payments: where each is, and for those that wait for a person, which case they are perhaps for."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, ask
from ops.queries.refunds import RefundRow, refunds
from ops.queries.rules import masked
from ops.queries.suggestions import suggestions
from ops.queries.work import ActRow, acts
from pipeline.matching import Suggestion
from schemas.case import Kind
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment in a list. `reason` and `note` say why it waits for a person, None where it does not.

    `rule_id`: the rule of the payer that found its case, None where a KID or a person did.
    """

    id: int
    file_id: int
    line: int
    account: str
    booked_on: date
    interest_on: date
    statement_ref: str | None
    amount: Money
    kid: str | None
    company: str | None
    state: str
    case_id: int | None
    case_no: str | None
    reason: str | None
    note: str | None
    since: datetime | None
    rule_id: int | None


@dataclass(frozen=True, slots=True)
class Parked:
    """A payment that waits for a person, what of it stands on the suspense account, and cases to choose from.

    `payer`: the last digits of the account that it came from; `text`: what the bank brought with it.
    """

    payment: PaymentRow
    in_suspense: Money
    suggestions: tuple[Suggestion, ...]
    payer: str
    text: str


@dataclass(frozen=True, slots=True)
class SplitRow:
    """What the payment covers, now (`stands`) or before. `voucher_id`: who has taken it, None for the proposal."""

    id: int
    kind: str
    item_id: int | None
    invoice_no: str | None
    case_id: int | None
    case_no: str | None
    amount: Money
    corrects: bool
    stands: bool
    voucher_id: int | None
    voucher_state: str | None
    voucher_no: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """What of a payment that a person shared over cases is one case's."""

    case_id: int
    case_no: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody said of a payment; may hold personal data."""

    id: int
    at: datetime
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """One payment with all of it. `shares` is empty for one that is on one case, or on none."""

    payment: PaymentRow
    debit_account: str | None
    reference: str | None
    text: str | None
    reverses: int | None
    taken_back_by: int | None
    shares: tuple[Share, ...]
    splits: tuple[SplitRow, ...]
    suggestions: tuple[Suggestion, ...]
    notes: tuple[Note, ...]
    refunds: tuple[RefundRow, ...]
    acts: tuple[ActRow, ...]


_SAID = (
    "nullif(concat_ws(' / ', p.debtor, p.text, "
    "(SELECT 'KID ' || string_agg(e->>0, ', ') FROM jsonb_array_elements(p.kids) e)), '')"
)
"""What the bank brought with a payment: who paid, the text, and its KIDs where it has several."""

_ROW = (
    "SELECT p.id, p.file_id, p.line, p.account, p.booked_on, p.interest_on, p.statement_ref, p.amount, p.kid, p.company, p.state, "
    "p.case_id, c.case_no, w.reason, w.note, w.made_at AS since, p.rule_id FROM payment p LEFT JOIN kk2_case c ON c.id = p.case_id "
    "LEFT JOIN work w ON w.payment_id = p.id AND w.state = 'parked' AND w.payment_id IS NOT NULL"
)


def listed(
    connection: Connection,
    *,
    state: str | None,
    company: str | None,
    file_id: int | None,
    kid: str | None,
    case_id: int | None,
    amount: Money | None,
    first: date | None,
    last: date | None,
    most: int = MOST,
) -> tuple[PaymentRow, ...]:
    """Payments, the newest first; `first` and `last` are booked dates."""
    conditions = [
        ("p.state = :state", "state", state),
        ("p.company = :company", "company", company),
        ("p.file_id = :file", "file", file_id),
        ("p.kid = :kid", "kid", kid),
        (
            "(p.case_id = :case OR p.id IN (SELECT payment_id FROM payment_share WHERE case_id = :case))",
            "case",
            case_id,
        ),
        ("p.amount = :amount", "amount", amount),
        ("p.booked_on >= :first", "first", first),
        ("p.booked_on <= :last", "last", last),
    ]
    return tuple(PaymentRow(*row) for row in ask(connection, _ROW, conditions, "p.id DESC", most))


def parked(
    connection: Connection,
    *,
    company: str | None,
    reason: str | None,
    payment_id: int | None = None,
    most: int = 50,
) -> tuple[Parked, ...]:
    """Payments that wait for a person, the oldest first, each with the cases that something points to."""
    conditions = [
        ("w.state = :parked", "parked", "parked"),
        ("p.company = :company", "company", company),
        ("w.reason = :reason", "reason", reason),
        ("p.id = :id", "id", payment_id),
    ]
    found = [PaymentRow(*row) for row in ask(connection, _ROW, conditions, "w.made_at, p.id", most)]
    may_be = suggestions(connection, [row.id for row in found])
    in_suspense: dict[int, Money] = {
        row.payment_id: row.amount
        for row in connection.execute(
            text(
                "SELECT payment_id, sum(amount)::bigint AS amount FROM split WHERE payment_id = ANY(:ids) AND kind = 6 "
                "AND superseded_by IS NULL GROUP BY 1"
            ),
            {"ids": [row.id for row in found]},
        )
    }
    said = {
        row.id: (masked(row.debit_account), row.text or "")
        for row in connection.execute(
            text(f"SELECT id, debit_account, {_SAID} AS text FROM payment p WHERE id = ANY(:ids)"),
            {"ids": [row.id for row in found]},
        )
    }
    return tuple(
        Parked(row, in_suspense.get(row.id, 0), may_be.get(row.id, ()), *said[row.id]) for row in found
    )


def parked_sums(connection: Connection, company: str | None) -> tuple[tuple[str, int, Money], ...]:
    """What waits for a person by reason: its number and its sum, the most first."""
    rows = connection.execute(
        text(
            "SELECT w.reason, count(*), sum(p.amount)::bigint FROM work w JOIN payment p ON p.id = w.payment_id "
            "WHERE w.state = 'parked' AND (CAST(:company AS text) IS NULL OR p.company = :company) GROUP BY 1 ORDER BY 2 DESC, 1"
        ),
        {"company": company},
    )
    return tuple((row[0], row[1], row[2]) for row in rows)


def shown(connection: Connection, payment_id: int) -> PaymentDetail | None:
    """One payment; None if there is none."""
    found = ask(connection, _ROW, [("p.id = :id", "id", payment_id)], "w.id NULLS FIRST", 1)
    if not found:
        return None
    row = PaymentRow(*found[0])
    extra = connection.execute(
        text(
            f"SELECT debit_account, reference, {_SAID} AS text, reverses, (SELECT min(r.id) FROM payment r WHERE r.reverses = p.id "
            "AND r.state = 'settled') AS taken_back_by FROM payment p WHERE id = :id"
        ),
        {"id": payment_id},
    ).one()
    may_be = suggestions(connection, [payment_id]) if row.state == "parked" else {}
    return PaymentDetail(
        row,
        extra.debit_account,
        extra.reference,
        extra.text,
        extra.reverses,
        extra.taken_back_by,
        _shares(connection, payment_id),
        splits(connection, payment_id),
        may_be.get(payment_id, ()),
        _notes(connection, payment_id),
        refunds(connection, company=None, state=None, payment_id=payment_id),
        acts(connection, subject=f"payment {payment_id}", actor=None),
    )


def _shares(connection: Connection, payment_id: int) -> tuple[Share, ...]:
    found = connection.execute(
        text(
            "SELECT c.id, c.case_no, s.amount FROM payment_share s JOIN kk2_case c ON c.id = s.case_id "
            "WHERE s.payment_id = :id ORDER BY c.case_no, c.id"
        ),
        {"id": payment_id},
    )
    return tuple(Share(*row) for row in found)


def _notes(connection: Connection, payment_id: int) -> tuple[Note, ...]:
    """The oldest first."""
    found = connection.execute(
        text("SELECT id, at, actor, text FROM payment_note WHERE payment_id = :id ORDER BY id"),
        {"id": payment_id},
    )
    return tuple(Note(*row) for row in found)


def splits(connection: Connection, payment_id: int) -> tuple[SplitRow, ...]:
    """Every split that the payment ever had, in the order in which they were made."""
    rows = connection.execute(
        text(
            "SELECT s.id, s.kind, s.item_id, i.invoice_no, c.id AS case_id, c.case_no, s.amount, s.corrects, s.superseded_by IS NULL AS stands, "
            "v.id AS voucher_id, v.state AS voucher_state, v.voucher_no FROM split s LEFT JOIN item i ON i.id = s.item_id "
            "LEFT JOIN kk2_case c ON c.id = s.case_id LEFT JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
            "LEFT JOIN voucher v ON v.id = t.voucher_id WHERE s.payment_id = :id ORDER BY s.id"
        ),
        {"id": payment_id},
    )
    return tuple(SplitRow(row.id, Kind(row.kind).name.lower(), *row[2:]) for row in rows)
