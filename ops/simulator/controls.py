"""The controls of the simulated Visma, in JSON: faults, periods, what people do by hand, and the ledger to read."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from ops.simulator import people
from ops.simulator.answers import Visma
from ops.simulator.dunning import BadInvoiceError
from ops.simulator.exchange import Leaving, Way
from ops.simulator.faults import BadFaultError, Fault, FaultPlan, from_fields
from ops.simulator.ledger import Booked, NoSuchVoucherError
from ops.simulator.municipality import period
from ops.simulator.people import BadControlError
from ops.simulator.sub_ledger import Item, NoSuchProposalError
from ops.simulator.transactions import NoSuchTransactionError
from schemas.money import decimal_text, from_decimal_text
from schemas.transfer import LedgerTransaction, TransactionKind
from schemas.voucher import LedgerState


def get(visma: Visma, plan: FaultPlan, path: str, query: Mapping[str, str]) -> Leaving:
    """Answer a GET that is not a page."""
    company = query.get("company", "")
    match path:
        case "/health":
            return _json({"visma": visma.facts.version})
        case "/faults":
            return _json([_fault_row(fault) for fault in plan.standing()])
        case "/habits":
            return _json(dataclasses.asdict(visma.collection.habits))
        case "/ledger/vouchers":
            wanted = query.get("reference")
            rows = (ledger_row(row) for row in visma.ledger.all(company) if wanted in (None, row.reference))
            return _json(list(rows))
        case "/ledger/calls":
            return _json({"calls": visma.ledger.calls(query.get("reference", ""))})
        case "/ledger/proposals" | "/ledger/invoices" | "/ledger/transactions":
            return _json(_collection_rows(visma, path.rpartition("/")[2], company, query))
        case "/wsdl/wsinkasso.wsdl" | "/xsd/wsinkasso.xsd":
            content = files("schemas").joinpath(*path.strip("/").split("/")).read_bytes()
            return Leaving(200, "text/xml; charset=utf-8", content, Way.WHOLE)
    return _json({"error": f"no such page: {path}"}, 404)


def post(visma: Visma, plan: FaultPlan, path: str, body: bytes) -> Leaving:
    """Use a control."""
    try:
        asked = json.loads(body or b"{}")
        if path == "/faults":
            for fields in asked if isinstance(asked, list) else [asked]:
                plan.add(from_fields(fields))
            return _json([_fault_row(fault) for fault in plan.standing()])
        if path not in _CONTROLS:
            return _json({"error": f"no such control: {path}"}, 404)
        return _json(*_CONTROLS[path](visma, asked))
    except (NoSuchVoucherError, NoSuchProposalError, NoSuchTransactionError) as missing:
        return _json({"error": str(missing)}, 404)
    except (BadFaultError, BadControlError, BadInvoiceError, ValueError, TypeError, KeyError) as wrong:
        return _json({"error": str(wrong)}, 400)


def delete(plan: FaultPlan, path: str) -> Leaving:
    """Turn the faults off."""
    if path != "/faults":
        return _json({"error": f"no such control: {path}"}, 404)
    plan.clear()
    return _json([])


Asked = Mapping[str, Any]
"""A control's body: JSON, so of any kind until it is used."""


def _set_period(visma: Visma, asked: Asked) -> tuple[object, int]:
    visma.set_period(asked["company"], period(asked["period"]), is_open=bool(asked["open"]))
    return {"open": bool(asked["open"])}, 200


def _by_hand(visma: Visma, asked: Asked) -> tuple[object, int]:
    return ledger_row(people.book_by_hand(visma, asked)), 201


def _set_state(visma: Visma, asked: Asked) -> tuple[object, int]:
    state = LedgerState(asked["state"])
    visma.ledger.set_state(*_voucher(asked), state)
    return {"state": state.value}, 200


def _alter(visma: Visma, asked: Asked) -> tuple[object, int]:
    amounts = {int(line): from_decimal_text(str(amount)) for line, amount in asked["amounts"].items()}
    people.alter(visma, *_voucher(asked), amounts)
    return ledger_row(visma.ledger.voucher(*_voucher(asked))[0]), 200


def _reverse(visma: Visma, asked: Asked) -> tuple[object, int]:
    day = date.fromisoformat(asked["day"])
    return ledger_row(people.reverse(visma, *_voucher(asked), day)), 201


def _propose(visma: Visma, asked: Asked) -> tuple[object, int]:
    number, invoices = people.propose(
        visma,
        str(asked["company"]),
        str(asked["dunning_code"]),
        number=str(asked.get("number", "")),
        approved=bool(asked.get("approved", False)),
        invoices=asked.get("invoices", ()),
        count=int(asked.get("count", 0)),
        day=date.fromisoformat(asked["day"]) if "day" in asked else None,
        seed=int(asked.get("seed", 0)),
    )
    return {"number": number, "invoices": invoices}, 201


def _approve(visma: Visma, asked: Asked) -> tuple[object, int]:
    approved = bool(asked.get("approved", True))
    visma.collection.items.approve(str(asked["company"]), str(asked["number"]), approved=approved)
    return {"approved": approved}, 200


def _transact(visma: Visma, asked: Asked) -> tuple[object, int]:
    texts = {
        name: str(asked[name]) for name in ("text", "registrar", "voucher_type", "reference") if name in asked
    }
    booked, told = people.transact(
        visma,
        str(asked["company"]),
        TransactionKind(asked["kind"]),
        date.fromisoformat(asked["day"]),
        [(str(row["invoice_no"]), from_decimal_text(str(row["amount"]))) for row in asked["rows"]],
        **texts,
    )
    return {**ledger_row(booked), "transactions": told}, 201


def _correct(visma: Visma, asked: Asked) -> tuple[object, int]:
    corrected = visma.collection.transactions.correct(
        str(asked["company"]),
        str(asked["transaction_id"]),
        from_decimal_text(str(asked["amount"])),
        new_id=bool(asked.get("new_id", False)),
    )
    return {"transaction_id": corrected}, 200


def _unmark(visma: Visma, asked: Asked) -> tuple[object, int]:
    visma.collection.items.unmark(str(asked["company"]), str(asked["invoice_no"]))
    return {}, 200


def _set_habits(visma: Visma, asked: Asked) -> tuple[object, int]:
    visma.collection.habits = dataclasses.replace(
        visma.collection.habits, **{name: bool(value) for name, value in asked.items()}
    )
    return dataclasses.asdict(visma.collection.habits), 200


_CONTROLS: dict[str, Callable[[Visma, Asked], tuple[object, int]]] = {
    "/periods": _set_period,
    "/vouchers/by-hand": _by_hand,
    "/vouchers/state": _set_state,
    "/vouchers/alter": _alter,
    "/vouchers/reverse": _reverse,
    "/proposals": _propose,
    "/proposals/approve": _approve,
    "/transactions": _transact,
    "/transactions/correct": _correct,
    "/invoices/unmark": _unmark,
    "/habits": _set_habits,
}


def ledger_row(row: Booked) -> dict[str, object]:
    """A voucher as JSON: amounts as decimal text."""
    return {
        "company": row.company,
        "year": row.year,
        "number": row.number,
        "reference": row.reference,
        "voucher_type": row.voucher_type,
        "registrar": row.registrar,
        "voucher_date": row.voucher_date.isoformat(),
        "total": decimal_text(row.total),
        "lines": row.lines,
        "state": row.state.value,
        "text": row.text,
        "by_hand": row.by_hand,
        "received_at": row.received_at,
        "calls": row.calls,
    }


def _collection_rows(visma: Visma, what: str, company: str, query: Mapping[str, str]) -> list[object]:
    items = visma.collection.items
    if what == "proposals":
        return [dataclasses.asdict(each) for each in items.proposals(company)]
    number = query.get("invoice_no", "")
    if what == "transactions":
        told = visma.collection.transactions.newest(company, number)
        return [_transaction_row(each) for _, each in told]
    found = (
        items.of(company, [number]).values() if number else items.newest(company, query.get("proposal", ""))
    )
    return [_invoice_row(each) for each in found]


def _invoice_row(item: Item) -> dict[str, object]:
    row = dataclasses.asdict(item.invoice)
    for name in ("original", "open_amount", "fees"):
        row[name] = decimal_text(row[name])
    days = {name: row[name].isoformat() for name in ("invoiced_on", "due_on")}
    return {"company": item.company, **row, **days, "case_no": item.case_no}


def _transaction_row(told: LedgerTransaction) -> dict[str, object]:
    row = dataclasses.asdict(told)
    return {**row, "day": told.day.isoformat(), "amount": decimal_text(told.amount), "kind": told.kind.value}


def _voucher(asked: Asked) -> tuple[str, int, int]:
    return str(asked["company"]), int(asked["year"]), int(asked["number"])


def _fault_row(fault: Fault) -> dict[str, object]:
    return dataclasses.asdict(fault)


def _json(value: object, status: int = 200) -> Leaving:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Leaving(status, "application/json; charset=utf-8", body, Way.WHOLE)
