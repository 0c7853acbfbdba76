"""The invented cases as the file that KK2 would send: one JSON record a line, as `kk2 case apply` reads it."""

import json
from collections.abc import Iterable, Iterator

from ops.demo.town import COMPANY, TownCase
from schemas.money import decimal_text


def lines(cases: Iterable[TownCase]) -> str:
    """The whole file: every case of KK2's own with its claims, then what was recalled and merged."""
    cases = tuple(case for case in cases if not case.ready)
    records = [record for case in cases for record in _opened(case)]
    records += [{"record": "recalled", **_key(case)} for case in cases if case.recalled]
    records += [
        {"record": "merge", **_key(case), "into": case.merged_into} for case in cases if case.merged_into
    ]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _key(case: TownCase) -> dict[str, object]:
    return {"company": COMPANY, "client": case.client.code, "case_no": case.case_no}


def _opened(case: TownCase) -> Iterator[dict[str, object]]:
    yield {
        "record": "case",
        **_key(case),
        "account": case.client.ocr_account,
        "kid": case.kid,
        "kids": [claim.kid for claim in case.claims if claim.kid],
        "sub_ledger_type": case.client.sub_ledger_type,
        "customer_no": case.customer_no,
        "debtor": case.debtor,
        "opened_on": case.opened_on.isoformat(),
    }
    for claim in case.claims:
        named = {"invoice_no": claim.invoice_no} if claim.invoice_no else {}
        yield {
            "record": "item",
            **_key(case),
            "id": claim.kk2_id,
            "kind": claim.kind,
            "amount": decimal_text(claim.amount),
            "due_on": claim.due_on.isoformat(),
            **named,
        }
