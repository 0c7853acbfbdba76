"""What a person may do with a transaction from Visma: decide it again, let it move an invoice, set it aside; or fetch now.

Locks: the company's turn to fetch, then cases by id. So no fetch decides the same transaction meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, close, leave, need_company, need_reason, too_late
from schemas.events import CaseChanged, FetchDue
from schemas.money import Money, in_kroner
from schemas.setup import NoSuchSetupError
from schemas.wording import counted
from workers.facts import cases as case_facts
from workers.facts.terms import Terms
from workers.saves import transactions as saves
from workers.shell.moving import decide_again
from workers.store import setup as setup_store

_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class _Transaction:
    id: int
    company: str
    state: str
    amount: Money
    invoice_no: str
    case_id: int | None
    work_id: int | None

    @property
    def name(self) -> str:
        return f"transaction {self.id}"


def fetch_now(connection: Connection, company: str, *, person: Person) -> Done:
    """Ask Visma now for what happened to a company's invoices, or all companies' (""), without waiting for the clock."""
    setup = setup_store.current(connection)
    if company:
        need_company(connection, company)
    asked = [
        code
        for code, rows in sorted(setup.companies.items())
        if company in ("", code)
        and setup.installations[rows.latest().value.installation].latest().value.transacts
    ]
    if not asked:
        whose = f"company {company}" if company else "all companies"
        raise Refusal(
            f"Visma can't be asked what happened to the invoices of {whose}: the setup says transacts = false"
        )
    named = ", ".join(asked)
    rings = leave(connection, person, "fetch", f"company {named}", {}, [FetchDue(code) for code in asked])
    return Done(rings, f"Visma is asked what happened to the invoices of company {named}")


def retry(connection: Connection, transaction_ids: Sequence[int], *, person: Person) -> Done:
    """Decide parked transactions anew, by what is known today; none named: all of them."""
    found = connection.execute(
        text(
            "SELECT id, company FROM ledger_transaction WHERE state = 'parked' AND (:all OR id = ANY(:ids)) ORDER BY id"
        ),
        {"all": not transaction_ids, "ids": list(transaction_ids)},
    ).all()
    missing = sorted(set(transaction_ids) - {row.id for row in found})
    if missing:
        raise Refusal(f"transaction {missing[0]} is not parked, or not there")
    setup = setup_store.current(connection)
    cases: set[int] = set()
    for company in sorted({row.company for row in found}):
        saves.turn(connection, company)
        last = 0
        while True:
            only = [row.id for row in found if row.company == company]
            last, moved = decide_again(connection, company, setup, after=last, most=_AT_A_TIME, only=only)
            cases |= moved.case_ids
            if not last:
                break
    still = connection.execute(
        text("SELECT count(*) FROM ledger_transaction WHERE state = 'parked' AND id = ANY(:ids)"),
        {"ids": [row.id for row in found]},
    ).scalar_one()
    subject = f"transaction {found[0].id}" if len(found) == 1 else counted(len(found), "transaction")
    rings = leave(
        connection, person, "decide again", subject, {"still_parked": still}, _changed(sorted(cases))
    )
    return Done(rings, f"{counted(len(found), 'transaction')} decided again, {still} of them still parked")


def apply(connection: Connection, transaction_id: int, item_id: int | None, *, person: Person) -> Done:
    """Let a parked transaction, or one set aside, move an invoice: the item that is named, or that of its invoice number.

    So may one of a voucher that a restore lost, once a person said that none here will be it.
    """
    transaction, case_id, item = _on_item(connection, transaction_id, item_id)
    if transaction.state not in {"parked", "set_aside"} and not _let_go(connection, transaction):
        raise too_late(
            connection,
            transaction.name,
            f"is {transaction.state}, and only a parked one can move an invoice by hand",
        )
    _write(connection, transaction, "applied", case_id, item)
    detail = {"case_id": case_id, "item_id": item, "was": transaction.state}
    rings = leave(connection, person, "apply", transaction.name, detail, _changed([case_id]))
    return Done(
        rings,
        f"{transaction.name}, {in_kroner(transaction.amount)} kr, moves item {item} of case id:{case_id}",
    )


def _let_go(connection: Connection, transaction: _Transaction) -> bool:
    return transaction.state == "ours" and bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM ledger_transaction t JOIN orphan o ON o.company = t.company AND o.ended = 'apart' "
                "AND (o.reference = t.reference OR (o.voucher_no = t.voucher_no "
                "AND extract(year FROM o.voucher_on) = extract(year FROM t.day))) WHERE t.id = :id)"
            ),
            {"id": transaction.id},
        ).scalar_one()
    )


def set_aside(connection: Connection, transaction_id: int, *, person: Person) -> Done:
    """Say that a parked or applied transaction moves nothing here; a correction of it by Visma is decided anew."""
    need_reason(person, "to set a transaction aside")
    transaction = _lock(connection, transaction_id)
    if transaction.state not in {"parked", "applied"}:
        raise too_late(
            connection,
            transaction.name,
            f"is {transaction.state}, and only a parked or applied one can be set aside",
        )
    _write(connection, transaction, "set_aside", None, None)
    touched = [] if transaction.case_id is None else [transaction.case_id]
    rings = leave(
        connection, person, "set aside", transaction.name, {"was": transaction.state}, _changed(touched)
    )
    return Done(
        rings, f"{transaction.name}, {in_kroner(transaction.amount)} kr, is set aside and moves nothing"
    )


def _changed(case_ids: Sequence[int]) -> list[object]:
    return [CaseChanged(tuple(case_ids))] if case_ids else []


def _lock(connection: Connection, transaction_id: int) -> _Transaction:
    """Lock what decides about a transaction: its company's turn, then its case, and read it."""
    query = text(
        "SELECT t.id, t.company, t.state, t.amount, t.invoice_no, t.case_id, w.id FROM ledger_transaction t "
        "LEFT JOIN work w ON w.transaction_id = t.id AND w.state = 'parked' WHERE t.id = :id"
    )
    row = connection.execute(query, {"id": transaction_id}).one_or_none()
    if row is None:
        raise Refusal(f"there is no transaction {transaction_id}")
    saves.turn(connection, row.company)
    again = connection.execute(query, {"id": transaction_id}).one()
    case_facts.lock(connection, [] if again.case_id is None else [again.case_id])
    return _Transaction(*again)


def _on_item(
    connection: Connection, transaction_id: int, item_id: int | None
) -> tuple[_Transaction, int, int]:
    """The transaction under lock, with the case and the principal that it is to move."""
    transaction = _lock(connection, transaction_id)
    row = connection.execute(
        text(
            "SELECT i.id, i.case_id, c.client, t.day FROM item i JOIN kk2_case c ON c.id = i.case_id "
            "JOIN ledger_transaction t ON t.id = :id AND t.company = c.company "
            "WHERE i.kind = 1 AND i.withdrawn_at IS NULL AND CASE WHEN CAST(:item AS bigint) IS NULL "
            "THEN i.invoice_no = t.invoice_no AND i.invoice_no <> '' ELSE i.id = :item END "
            "ORDER BY c.state = 'merged', c.state = 'recalled', i.id LIMIT 1 FOR NO KEY UPDATE OF c"
        ),
        {"id": transaction_id, "item": item_id},
    ).one_or_none()
    if row is None:
        what = f"item {item_id} is no invoice" if item_id else f"no case has invoice {transaction.invoice_no}"
        raise Refusal(f"{what} of company {transaction.company}: name one with --item")
    try:
        Terms(setup_store.current(connection)).on(transaction.company, row.client, row.day)
    except NoSuchSetupError as error:
        raise Refusal(str(error)) from None
    return transaction, row.case_id, row.id


def _write(
    connection: Connection, transaction: _Transaction, state: str, case_id: int | None, item_id: int | None
) -> None:
    connection.execute(
        text("UPDATE ledger_transaction SET state = :state, case_id = :case, item_id = :item WHERE id = :id"),
        {"state": state, "case": case_id, "item": item_id, "id": transaction.id},
    )
    close(connection, [transaction.work_id] if transaction.work_id else [])
    saves.mark(connection, {each for each in (case_id, transaction.case_id) if each is not None})
