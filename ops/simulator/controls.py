"""The controls of the simulated Visma, in JSON: faults, periods, what a person does by hand, and the ledger to read."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import date
from importlib.resources import files

from lxml import etree

from ops.simulator.answers import Visma
from ops.simulator.contract import element
from ops.simulator.exchange import Leaving, Way
from ops.simulator.faults import BadFaultError, Fault, FaultPlan, from_fields
from ops.simulator.ledger import Booked, Entry, NoSuchVoucherError
from ops.simulator.municipality import period
from schemas.money import decimal_text, from_decimal_text, in_kroner
from schemas.voucher import LedgerState


class BadControlError(ValueError):
    """A control was used wrongly; the sentence says how."""


def get(visma: Visma, plan: FaultPlan, path: str, query: Mapping[str, str]) -> Leaving:
    """Answer a GET that is not a page."""
    if path == "/health":
        return _json({"visma": visma.facts.version})
    if path == "/faults":
        return _json([_fault_row(fault) for fault in plan.standing()])
    if path == "/ledger/vouchers":
        rows = visma.ledger.all(query.get("company", ""))
        wanted = query.get("reference")
        return _json([ledger_row(row) for row in rows if wanted in (None, row.reference)])
    if path == "/ledger/calls":
        return _json({"calls": visma.ledger.calls(query.get("reference", ""))})
    if path in ("/wsdl/wsinkasso.wsdl", "/xsd/wsinkasso.xsd"):
        content = files("schemas").joinpath(*path.strip("/").split("/")).read_bytes()
        return Leaving(200, "text/xml; charset=utf-8", content, Way.WHOLE)
    return _json({"error": f"no such page: {path}"}, 404)


def post(visma: Visma, plan: FaultPlan, path: str, body: bytes) -> Leaving:
    """Use a control."""
    try:
        asked = json.loads(body or b"{}")
        match path:
            case "/faults":
                for fault in [
                    from_fields(fields) for fields in (asked if isinstance(asked, list) else [asked])
                ]:
                    plan.add(fault)
                return _json([_fault_row(fault) for fault in plan.standing()])
            case "/periods":
                visma.set_period(asked["company"], period(asked["period"]), is_open=bool(asked["open"]))
                return _json({"open": bool(asked["open"])})
            case "/vouchers/by-hand":
                return _json(ledger_row(book_by_hand(visma, asked)), 201)
            case "/vouchers/state":
                state = LedgerState(asked["state"])
                visma.ledger.set_state(asked["company"], int(asked["year"]), int(asked["number"]), state)
                return _json({"state": state.value})
    except (BadFaultError, BadControlError, ValueError, TypeError, KeyError) as wrong:
        return _json({"error": str(wrong)}, 400)
    except NoSuchVoucherError as missing:
        return _json({"error": str(missing)}, 404)
    return _json({"error": f"no such control: {path}"}, 404)


def delete(plan: FaultPlan, path: str) -> Leaving:
    """Turn the faults off."""
    if path != "/faults":
        return _json({"error": f"no such control: {path}"}, 404)
    plan.clear()
    return _json([])


def book_by_hand(visma: Visma, asked: Mapping[str, object]) -> Booked:
    """What a person in Visma registers. Lines: `account`, `amount` (decimal text), `text`, `invoiceNo`, `customerNo`."""
    day = date.fromisoformat(str(asked["voucher_date"]))
    lines = asked["lines"]
    if not isinstance(lines, list) or not lines:
        raise BadControlError("a voucher has lines")
    amounts = [from_decimal_text(str(line["amount"])) for line in lines]
    if sum(amounts):
        raise BadControlError(f"debits and credits differ by {in_kroner(sum(amounts))} kr")
    company, reference = str(asked["company"]), str(asked.get("reference", ""))
    if company not in {each.code for each in visma.facts.companies}:
        raise BadControlError(f"company {company} does not exist")
    voucher_type, registrar = str(asked.get("voucher_type", "BI")), str(asked.get("registrar", "KARI"))
    entry = Entry(
        company=company,
        year=day.year,
        reference=reference,
        voucher_type=voucher_type,
        registrar=registrar,
        voucher_date=day,
        total=sum(amount for amount in amounts if amount > 0),
        lines=len(lines),
        state=LedgerState.REGISTERED,
        text=str(asked.get("text", "")),
        by_hand=True,
        body=_by_hand_body(lines),
    )
    return visma.ledger.book([entry], deduplicates=False)[0]


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


def _by_hand_body(lines: list[Mapping[str, object]]) -> bytes:
    voucher = element("voucher", ())
    for line in lines:
        names = ("account", "text", "amount", "customerNo", "invoiceNo", "kid")
        voucher.append(element("line", tuple((name, str(line[name])) for name in names if name in line)))
    return etree.tostring(voucher)


def _fault_row(fault: Fault) -> dict[str, object]:
    return dataclasses.asdict(fault)


def _json(value: object, status: int = 200) -> Leaving:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Leaving(status, "application/json; charset=utf-8", body, Way.WHOLE)
