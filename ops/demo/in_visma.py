"""What stands in the simulated Visma, at the address `visma`, before the first file, and what its people book after the last."""

import csv
import json
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from ops.demo.town import COMPANY, MORE_THERE, Claim, Town, TownCase
from schemas.money import decimal_text

DUNNING_CODE = "PWS"
PROPOSAL = "P-1001"
_EARLIER = "P-1000"  # never approved: its invoices were transferred before there was a web service
_SECONDS = 30.0


def propose(visma: str, town: Town) -> None:
    """The invoices of an approved proposal, and those that were transferred earlier."""
    ready = [_invoice(case, claim) for case, claim in _invoices(town) if case.ready]
    earlier = [
        _invoice(case, claim, more=MORE_THERE if case.case_no in town.differs_there else 0)
        for case, claim in _invoices(town)
        if not case.ready and case.case_no not in town.unknown_there
    ]
    for number, invoices, approved in ((_EARLIER, earlier, False), (PROPOSAL, ready, True)):
        said = {
            "company": COMPANY, "dunning_code": DUNNING_CODE, "number": number, "approved": approved,
            "invoices": invoices,
        }  # fmt: skip
        post(visma, "/proposals", said)


def book(visma: str, town: Town) -> list[str]:
    """All movements, each in a voucher of its own, with the amount as it was first booked; gives Visma's ids."""
    ids: list[str] = []
    for moved in town.movements:
        said = {
            "company": COMPANY, "kind": moved.kind, "day": moved.day.isoformat(), "text": "Kundereskontro",
            "rows": [{"invoice_no": moved.invoice_no, "amount": decimal_text(moved.before or moved.amount)}],
        }  # fmt: skip
        ids += post(visma, "/transactions", said)["transactions"]
    return ids


def correct(visma: str, town: Town, ids: list[str]) -> None:
    """What was first booked with another amount is corrected, under the same id."""
    for moved, transaction_id in zip(town.movements, ids, strict=True):
        if moved.before:
            said = {
                "company": COMPANY, "transaction_id": transaction_id, "amount": decimal_text(moved.amount),
            }  # fmt: skip
            post(visma, "/transactions/correct", said)


def numbers(visma: str) -> dict[str, str]:
    """Each invoice that Visma has, with the case number that stands on it there."""
    asked = f"{visma}/ledger/invoices?company={COMPANY}"
    with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310 - our own loopback
        return {row["invoice_no"]: row["case_no"] for row in json.loads(answer.read())}


def write_earlier(town: Town, path: Path) -> None:
    """The file of cases transferred earlier, as a spreadsheet saves it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(("Saksnummer", "Kundenummer", "Fakturanummer", "KID", "Beløp"))
        for case, claim in _invoices(town):
            if not case.ready:
                amount = decimal_text(claim.amount).replace(".", ",")
                rows.writerow((case.case_no, case.customer_no, claim.invoice_no, claim.kid, amount))


def _invoices(town: Town) -> Iterator[tuple[TownCase, Claim]]:
    return ((case, claim) for case in town.cases for claim in case.claims if claim.invoice_no)


def _invoice(case: TownCase, claim: Claim, *, more: int = 0) -> dict[str, object]:
    fees = sum(each.amount for each in case.claims if each.kind == "fee") if case.ready else 0
    return {
        "invoice_no": claim.invoice_no, "customer_no": case.customer_no, "name": case.debtor,
        "address": ["Storgata 1", "9999 Fjordvik"], "sub_ledger_type": case.client.sub_ledger_type,
        "client": case.client.code, "kid": claim.kid, "due_on": claim.due_on.isoformat(),
        "original": decimal_text(claim.amount + more), "reminders": 1, "fees": decimal_text(fees),
    }  # fmt: skip


def post(visma: str, path: str, said: Mapping[str, object]) -> "dict[str, list[str]]":
    asked = urllib.request.Request(  # noqa: S310 - our own loopback
        f"{visma}{path}", json.dumps(said).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310
        made: dict[str, list[str]] = json.loads(answer.read())
    return made
