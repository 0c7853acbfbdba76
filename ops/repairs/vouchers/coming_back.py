"""Transactions of a voucher that were fetched before a person said which number it has in Visma."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Refusal
from schemas.events import CaseChanged
from schemas.money import in_kroner
from schemas.wording import counted
from workers.facts import cases as case_facts
from workers.saves import transactions as saves

_OF_NUMBER = text(
    "SELECT * FROM (SELECT t.id, t.case_id, t.invoice_no, extract(year FROM t.day) = extract(year FROM v.voucher_on) AS same, "
    "t.invoice_no IN (SELECT l.invoice_no FROM voucher_line l WHERE l.voucher_id = v.id) AS names_ours FROM voucher v "
    "JOIN ledger_transaction t ON t.company = v.company AND t.voucher_no = :number "
    "WHERE v.id = :id AND t.state IN ('applied', 'parked')) f WHERE same OR names_ours ORDER BY id"
)
_LINE_OF = text(
    "SELECT t.id, t.amount, t.voucher_no FROM voucher v JOIN voucher_line l ON l.voucher_id = v.id "
    "JOIN ledger_transaction t ON t.company = v.company AND t.invoice_no = l.invoice_no AND t.amount = l.amount "
    "AND t.day = v.voucher_on AND t.state = 'parked' JOIN work w ON w.transaction_id = t.id AND w.state = 'parked' "
    "AND w.reason = 'voucher_under_way' WHERE v.id = :id AND l.invoice_no <> '' ORDER BY t.id LIMIT 1"
)


def become_ours(connection: Connection, voucher_id: int, number: str) -> tuple[list[object], str]:
    """Let what was fetched of Visma's voucher move nothing any more: our splits have that money, and it counts once.

    Gives the events, and a sentence's end. Comes before the voucher is locked: the company's turn to fetch is first, then
    cases, then vouchers.
    """
    company = connection.execute(
        text("SELECT company FROM voucher WHERE id = :id"), {"id": voucher_id}
    ).scalar_one_or_none()
    if company is None:
        return [], ""
    saves.turn(connection, company)
    asked = {"id": voucher_id, "number": number}
    before = connection.execute(_OF_NUMBER, asked).all()
    case_facts.lock(connection, {row.case_id for row in before if row.case_id is not None})
    found = connection.execute(_OF_NUMBER, asked).all()
    if not found:
        return [], ""
    ids = [row.id for row in found]
    connection.execute(
        text(
            "UPDATE ledger_transaction SET state = 'ours', case_id = NULL, item_id = NULL WHERE id = ANY(:ids)"
        ),
        {"ids": ids},
    )
    connection.execute(
        text(
            "UPDATE work SET state = 'done', done_at = now() WHERE transaction_id = ANY(:ids) AND state = 'parked'"
        ),
        {"ids": ids},
    )
    case_ids = tuple(sorted({row.case_id for row in found if row.case_id is not None}))
    saves.mark(connection, case_ids)
    says = f"; {counted(len(ids), 'transaction')} of it, fetched before, no longer moves an invoice"
    return ([CaseChanged(case_ids)] if case_ids else []), says


def need_its_number(connection: Connection, voucher_id: int, number: str) -> None:
    """Refuse a number that Visma tells of other invoices only: a number mistyped would hide the money of others."""
    found = connection.execute(_OF_NUMBER, {"id": voucher_id, "number": number}).all()
    if found and not any(row.names_ours for row in found):
        raise Refusal(
            f"Visma's voucher {number} is on invoice {found[0].invoice_no}, which voucher {voucher_id} does not name: "
            "look at the number again"
        )


def need_no_sign(connection: Connection, voucher_id: int) -> None:
    """Refuse to call a voucher absent while Visma tells a transaction that is a line of it."""
    sign = connection.execute(_LINE_OF, {"id": voucher_id}).one_or_none()
    if sign is not None:
        raise Refusal(
            f"Visma tells transaction {sign.id} of {in_kroner(sign.amount)} kr in its voucher {sign.voucher_no}, which is a "
            f"line of voucher {voucher_id}: if it is ours, kk2 voucher confirm {voucher_id} {sign.voucher_no}; if it is not, first "
            f"kk2 transaction apply {sign.id}"
        )
