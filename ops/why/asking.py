"""Find the answer: the payment's case once more by the rule, with the payment and without it, beside what stands."""

from collections import defaultdict
from dataclasses import replace
from importlib.metadata import version
from typing import TypeAlias

from sqlalchemy import Connection, text

from ops.queries import cases, payments, transactions
from ops.queries.cases import Standing
from ops.queries.payments import PaymentDetail
from ops.queries.work import ActRow, acts
from ops.why import interest
from ops.why.answer import InterestSum, Order, Origin, Step, VoucherLineOf, Why
from pipeline import allocation
from pipeline.allocation import CaseFacts, CaseSplit, Incoming
from schemas.case import Kind
from schemas.money import Money
from schemas.schedule import OSLO
from workers.store import setup as setup_store

_Wanted: TypeAlias = dict[tuple[int | None, int | None, str], Money]
"""By case, item and kind: what the rule gives."""

_GIVE = frozenset({"assign", "share out", "undo", "release"})  # what a person says of a payment's case
_RULE = "pipeline.allocation.settle"


def why(connection: Connection, payment_id: int) -> Why | None:
    """Answer for one payment, whatever its state; None if there is none."""
    detail = payments.shown(connection, payment_id)
    if detail is None:
        return None
    told = Why(
        payment=detail.payment,
        origin=_origin(connection, detail),
        found_by=_found_by(connection, detail),
        case_no=detail.payment.case_no,
        before=None,
        moved=(),
        order=None,
        steps=(),
        interest=(),
        takes_back=detail.reverses,
        rule=f"{_RULE}, kk2-visma {version('kk2-visma')}",
        agrees=True,
        share=None,
        shares=(),
        splits=detail.splits,
        lines=_lines(connection, payment_id),
        notes=detail.notes,
        acts=_acts(connection, detail),
    )
    wanted: _Wanted = {}
    if detail.shares:
        told = replace(told, shares=_shares(connection, told, detail, wanted))
    elif detail.payment.state == "settled" and detail.payment.case_id is not None:
        told = _explained(connection, told, detail.payment.case_id, wanted)
    return replace(told, agrees=_agrees(wanted, told))


def _shares(connection: Connection, told: Why, detail: PaymentDetail, wanted: _Wanted) -> tuple[Why, ...]:
    """The answer for each case, with its share and its splits; what is the whole payment's is not said again."""
    found = []
    for share in detail.shares:
        splits = tuple(row for row in told.splits if row.case_id == share.case_id)
        of_case = replace(
            told, case_no=share.case_no, share=share.amount, splits=splits, lines=(), notes=(), acts=()
        )
        mine: _Wanted = {}
        of_case = _explained(connection, of_case, share.case_id, mine)
        found.append(replace(of_case, agrees=_agrees(mine, of_case)))
        wanted |= mine
    return tuple(found)


def _explained(connection: Connection, told: Why, case_id: int, wanted: _Wanted) -> Why:
    """Add the walk: the case as it was when the payment's turn came, and each step. `wanted` gets what the rule gives."""
    standing = cases.standing(connection, case_id)
    facts = standing.facts if standing is not None else None
    mine = next((p for p in facts.payments if p.id == told.payment.id), None) if facts else None
    if standing is None or facts is None or mine is None:
        return told
    for split in allocation.settle(facts).splits:
        if split.payment_id == mine.id:
            key = case_id, split.item_id, split.kind.name.lower()
            wanted[key] = wanted.get(key, 0) + split.amount
    before, upto = interest.around(facts, mine.id)
    walked = {split.payment_id for split in before.splits}
    balance = cases.balance(
        facts._replace(payments=tuple(p for p in facts.payments if p.id in walked)), mine.interest_on
    )
    owed = {
        "principal": balance.principal, "costs": balance.costs, "fee": balance.fee, "interest": balance.interest,
    }  # fmt: skip
    return replace(
        told,
        before=balance,
        moved=tuple(
            each
            for each in transactions.on_case(connection, standing.case.id)
            if each.day <= mine.interest_on
        ),
        order=_order(connection, told, mine, standing) if mine.reverses is None else None,
        steps=_steps(mine, upto, owed),
        interest=_interest(facts, before, upto, mine),
    )


def _interest(
    facts: CaseFacts, before: CaseSplit, upto: CaseSplit, mine: Incoming
) -> tuple[InterestSum, ...]:
    found = interest.sums(facts, before, upto, mine.id)
    return tuple(each for each in found if each.segments or each.covered)


def _steps(mine: Incoming, upto: CaseSplit, owed: dict[str, Money]) -> tuple[Step, ...]:
    covered: dict[Kind, Money] = defaultdict(int)
    for split in upto.splits:
        if split.payment_id == mine.id:
            covered[split.kind] += split.amount
    left = mine.amount
    steps = []
    for kind in (*mine.order, Kind.REST):
        left -= covered[kind]
        if kind is not Kind.REST or covered[kind]:
            name = kind.name.lower()
            steps.append(Step(name, owed.get(name, 0), covered[kind], left))
    return tuple(steps)


def _order(connection: Connection, told: Why, mine: Incoming, standing: Standing) -> Order:
    """The debtor's choice for this payment, else the client's row that was valid on its interest date."""
    kinds = tuple(kind.name.lower() for kind in mine.order)
    choice = next((act for act in told.acts if act.act == "choose order"), None)
    chosen = connection.execute(
        text("SELECT cover_choice FROM payment WHERE id = :id"), {"id": mine.id}
    ).scalar_one()
    if chosen:
        by = f"{choice.actor}: {choice.reason}" if choice else "unknown"
        return Order(kinds, f"the debtor's choice, by {by}", None, None, None)
    case = standing.case
    client = setup_store.current(connection).clients.get((case.company, case.client))
    row_id = standing.client_rows.get(mine.id)
    row = next((r for r in client.rows if r.id == row_id), None) if client else None
    if row is None:
        return Order(kinds, f"client {case.client} has no setup on {mine.interest_on}", None, None, None)
    return Order(kinds, f"client {case.client}", row.id, row.valid_from, row.version)


def _agrees(wanted: _Wanted, told: Why) -> bool:
    """Whether the live splits on cases are what the rule gives now; on a case that the payment is not on they are nothing."""
    left = defaultdict(int, wanted)
    for row in told.splits:
        if row.stands and row.kind != "suspense":
            left[row.case_id, row.item_id, row.kind] -= row.amount
    return not any(left.values())


def _origin(connection: Connection, detail: PaymentDetail) -> Origin:
    row = connection.execute(
        text("SELECT name, sha256 FROM bank_file WHERE id = :id"), {"id": detail.payment.file_id}
    ).one_or_none()
    name, sha256 = (row.name, row.sha256) if row else ("unknown", "unknown")
    return Origin(detail.payment.file_id, name, sha256, detail.payment.line)


def _found_by(connection: Connection, detail: PaymentDetail) -> str:
    """How the payment came to its case, or why it has none."""
    payment = detail.payment
    assigned = connection.execute(
        text(
            "SELECT actor, at FROM journal WHERE event = 'PaymentAssigned' AND (body->>'payment_id')::bigint = :id "
            "ORDER BY id DESC LIMIT 1"
        ),
        {"id": payment.id},
    ).one_or_none()
    last = next((act.act for act in detail.acts if act.act in _GIVE), None)  # the newest is the first
    if last in {"undo", "release"}:
        assigned = None
    if payment.note is not None:
        return payment.note
    if payment.case_no is None:
        return f"in state {payment.state}"
    if assigned is not None:
        what = "shared out" if detail.shares else "assigned"
        return f"{what} by {assigned.actor} on {assigned.at.astimezone(OSLO):%Y-%m-%d at %H:%M}"
    if payment.rule_id is not None:
        return f"rule {payment.rule_id}: what this payer's account sends is for case {payment.case_no}"
    if detail.reverses is not None:
        return f"takes back payment {detail.reverses}: same KID, account and amount"
    return f"KID {payment.kid} on account {payment.account}"


def _lines(connection: Connection, payment_id: int) -> tuple[VoucherLineOf, ...]:
    """The lines that its money is on: the customer's own ones, and those that are sums of many payments."""
    rows = connection.execute(
        text(
            "WITH t AS (SELECT DISTINCT t.voucher_id FROM split s JOIN voucher_split t ON t.split_id = s.id "
            "AND NOT t.released WHERE s.payment_id = :id) "
            "SELECT v.id, v.reference, v.state, v.voucher_no, l.no, l.account, l.text, l.amount, l.customer_no <> '' AS own "
            "FROM t JOIN voucher v ON v.id = t.voucher_id JOIN voucher_line l ON l.voucher_id = v.id "
            "WHERE l.customer_no = '' OR (l.customer_no, l.kid) IN (SELECT c.customer_no, coalesce(p.kid, '') FROM payment p "
            "JOIN split s ON s.payment_id = p.id JOIN kk2_case c ON c.id = s.case_id WHERE p.id = :id) ORDER BY v.id, l.no"
        ),
        {"id": payment_id},
    )
    return tuple(VoucherLineOf(*row) for row in rows)


def _acts(connection: Connection, detail: PaymentDetail) -> tuple[ActRow, ...]:
    """What people did with the payment and with the vouchers that have it, the oldest first."""
    vouchers = sorted({row.voucher_id for row in detail.splits if row.voucher_id is not None})
    of_vouchers = [act for i in vouchers for act in acts(connection, subject=f"voucher {i}", actor=None)]
    return tuple(sorted([*detail.acts, *of_vouchers], key=lambda act: act.id))
