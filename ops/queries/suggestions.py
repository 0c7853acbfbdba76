"""Which cases a parked payment is perhaps for: near KIDs, exact amounts, the payer's earlier payments."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, text

from pipeline import matching
from pipeline.matching import PossibleCase, Suggestion, SuggestionFacts
from schemas.case import CaseState
from schemas.kid import Kid, near
from schemas.money import Money
from workers.store import setup as setup_store
from workers.store.bulk import rows

_OF_AN_AMOUNT = 20  # so many cases with the same balance point to none of them


@dataclass(slots=True)
class _Payment:
    """A parked payment, and what points to which case."""

    id: int
    account: str
    kid: Kid | None
    amount: Money
    company: str
    debit_account: str | None
    interest_on: date
    near_kids: dict[int, Kid] = field(default_factory=dict)
    paid_before: dict[int, int] = field(default_factory=dict)
    by_amount: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)

    @property
    def cases(self) -> set[int]:
        return (self.near_kids.keys() | self.paid_before.keys() | self.by_amount) - self.rejected


def suggestions(connection: Connection, payment_ids: Sequence[int]) -> dict[int, tuple[Suggestion, ...]]:
    """By payment: at most five cases, the most likely first. A handful of statements for all payments together."""
    payments = [
        _Payment(*row)
        for row in rows(
            connection,
            "SELECT id, account, kid, amount, company, debit_account, interest_on FROM payment "
            "WHERE id = ANY(%(ids)s) AND company IS NOT NULL AND amount > 0",
            {"ids": list(payment_ids)},
        )
    ]
    _near_kids(connection, payments)
    _paid_before(connection, payments)
    _by_amount(connection, payments)
    _rejected(connection, payments)
    known = _possible(connection, sorted({case for payment in payments for case in payment.cases}))
    return {payment.id: _of(payment, known) for payment in payments}


def _near_kids(connection: Connection, payments: Sequence[_Payment]) -> None:
    setup = setup_store.current(connection)
    wanted: dict[tuple[str, Kid], list[_Payment]] = defaultdict(list)
    for payment in payments:
        accounts = setup.accounts.get(payment.account)
        if payment.kid and accounts is not None:
            for kid in near(payment.kid, accounts.on(payment.interest_on).value.kid_agreements):
                wanted[payment.account, kid].append(payment)
    found = rows(
        connection,
        "SELECT k.account, k.kid, coalesce(c.merged_into, c.id), c.company FROM unnest(%(accounts)s::text[], %(kids)s::text[]) "
        "AS t(account, kid) JOIN case_kid k ON k.account = t.account AND k.kid = t.kid JOIN kk2_case c ON c.id = k.case_id",
        {"accounts": [account for account, _ in wanted], "kids": [kid for _, kid in wanted]},
    )
    for account, kid, case_id, company in found:
        for payment in wanted[account, kid]:
            if payment.company == company:
                payment.near_kids[case_id] = kid


def _paid_before(connection: Connection, payments: Sequence[_Payment]) -> None:
    found = rows(
        connection,
        "SELECT p.debit_account, p.company, p.case_id, count(*) FROM payment p WHERE p.state = 'settled' AND p.amount > 0 "
        "AND p.debit_account = ANY(%(accounts)s) GROUP BY 1, 2, 3",
        {"accounts": [payment.debit_account for payment in payments if payment.debit_account]},
    )
    for debit_account, company, case_id, times in found:
        for payment in payments:
            if (payment.debit_account, payment.company) == (debit_account, company):
                payment.paid_before[case_id] = times


def _by_amount(connection: Connection, payments: Sequence[_Payment]) -> None:
    found = rows(
        connection,
        "SELECT c.company, c.balance, array_agg(c.id) FROM kk2_case c WHERE c.balance = ANY(%(amounts)s) "
        "AND c.state IN ('open', 'closed_with_rest') GROUP BY 1, 2 HAVING count(*) <= %(most)s",
        {"amounts": [payment.amount for payment in payments], "most": _OF_AN_AMOUNT},
    )
    for company, amount, case_ids in found:
        for payment in payments:
            if (payment.company, payment.amount) == (company, amount):
                payment.by_amount |= set(case_ids)


def _rejected(connection: Connection, payments: Sequence[_Payment]) -> None:
    by_id = {payment.id: payment for payment in payments}
    for payment_id, case_id in rows(
        connection,
        "SELECT payment_id, case_id FROM rejected_suggestion WHERE payment_id = ANY(%(ids)s)",
        {"ids": list(by_id)},
    ):
        by_id[payment_id].rejected.add(case_id)


def _possible(connection: Connection, case_ids: Sequence[int]) -> dict[int, PossibleCase]:
    """The cases with what is open on each of their invoices."""
    if not case_ids:
        return {}
    found = rows(
        connection,
        "SELECT c.id, c.case_no, c.state, c.balance, coalesce((SELECT array_agg(i.amount "
        "- coalesce((SELECT sum(w.amount) FROM waiver w WHERE w.item_id = i.id AND w.kind = 1 AND w.withdrawn_at IS NULL), 0) "
        "- coalesce((SELECT sum(s.amount) FROM split s WHERE s.case_id = c.id AND s.item_id = i.id AND s.kind = 1 "
        "AND s.superseded_by IS NULL), 0) "
        "+ coalesce((SELECT sum(m.amount) FROM ledger_transaction m WHERE m.case_id = c.id AND m.item_id = i.id "
        "AND m.state = 'applied'), 0)) FROM item i WHERE i.case_id = c.id AND i.kind = 1 AND i.withdrawn_at IS NULL), '{}') "
        "FROM kk2_case c WHERE c.id = ANY(%(ids)s)",
        {"ids": list(case_ids)},
    )
    return {
        row[0]: PossibleCase(
            row[0], row[1], CaseState(row[2]), tuple(int(a) for a in row[4] if a > 0), row[3], 0, None
        )
        for row in found
    }


def _of(payment: _Payment, known: dict[int, PossibleCase]) -> tuple[Suggestion, ...]:
    cases = tuple(
        PossibleCase(
            case.case_id,
            case.case_no,
            case.state,
            case.open_invoices,
            case.balance,
            payment.paid_before.get(case.case_id, 0),
            payment.near_kids.get(case.case_id),
        )
        for case_id in sorted(payment.cases)
        if (case := known.get(case_id)) is not None
    )
    return matching.suggest(SuggestionFacts(payment.amount, cases))


@dataclass(frozen=True, slots=True)
class CaseLike:
    """A case that somebody looked for, to give a payment to."""

    id: int
    case_no: str
    client: str
    customer_no: str
    debtor_name: str
    state: str
    balance: Money


_LIKE = (
    "c.case_no LIKE :begins",
    "c.id IN (SELECT case_id FROM case_kid WHERE kid = :q)",
    "c.customer_no = :q",
    "c.id IN (SELECT case_id FROM item WHERE invoice_no = :q AND withdrawn_at IS NULL)",
    "lower(c.debtor_name) LIKE lower(:begins)",
)


def cases_like(connection: Connection, company: str | None, q: str, most: int = 20) -> tuple[CaseLike, ...]:
    """A company's cases by how number or debtor's name begins, by KID, customer or invoice number; of each kind some."""
    if len(q.strip()) < 2:
        return ()
    plain = q.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = {"q": q.strip(), "begins": f"{plain}%", "company": company, "most": most}
    found = {
        row.id: CaseLike(*row)
        for like in _LIKE
        for row in connection.execute(
            text(
                "SELECT c.id, c.case_no, c.client, c.customer_no, c.debtor_name, c.state, c.balance FROM kk2_case c "
                f"WHERE c.company = :company AND {like} ORDER BY c.case_no, c.id LIMIT :most"
            ),
            {
                name: value
                for name, value in values.items()
                if name in {"company", "most"} or f":{name}" in like
            },
        )
    }
    return tuple(found.values())[:most]
