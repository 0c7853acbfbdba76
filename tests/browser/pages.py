"""The addresses of all pages, made of the application's own routes: a new page is looked at without being named here."""

import re

from fastapi.routing import APIRoute

from ops.console import lists, signing_in
from ops.console.pages import ROUTERS
from ops.desk.register import ACTS
from tests.browser.conftest import Console

_NOT_PAGES = re.compile(r"/strip|/today/part|/healthz|/sign-in.*|/flower/.*|.*\.(csv|xlsx|pdf)|.*/progress")
"""Parts of pages, the door, and what is fetched as a file."""
_SUBJECTS = {
    "payment_id": "SELECT max(id) FROM payment WHERE state = 'settled'",
    "file_id": "SELECT min(id) FROM bank_file",
    "case_id": "SELECT min(id) FROM kk2_case",
    "sha256": "SELECT min(sha256) FROM bank_file",
    "alarm_id": "SELECT min(id) FROM alarm",
    "voucher_id": "SELECT min(id) FROM voucher",
    "job_id": "SELECT min(id) FROM job",
    "which": "SELECT 'refused'",
    "row_id": "SELECT min(id) FROM setup_row WHERE kind = 'client'",
    "difference_id": "SELECT min(id) FROM difference",
    "refund_id": "SELECT min(id) FROM refund",
    "rule_id": "SELECT min(id) FROM payer_rule",
    "scope": "SELECT '100'",
    "name": "SELECT 'kari'",
    "company": "SELECT '100'",
    "day": "SELECT max(booked_on) FROM payment",
}
"""A subject of each kind, for the parameters of the routes."""
_OF_ITS_OWN = {
    "/parked/{payment_id:int}": "SELECT min(id) FROM payment WHERE state = 'parked'",
    "/payers/{payment_id:int}": "SELECT min(id) FROM payment WHERE state = 'parked' AND debit_account IS NOT NULL",
    "/reconciliation/{subject}": "SELECT '100.2026-03-16'",
    "/schedules/{subject}": "SELECT replace(min(name), ' ', '.') FROM schedule",
}
"""Pages whose subject must be a special one."""


def addresses(console: Console) -> list[str]:
    """Give the address of every page, with a subject that is there, and the form of one act of each kind."""
    found: list[str] = []
    for router in (signing_in.router, *ROUTERS, lists.router()):
        found += [
            address
            for route in router.routes
            if isinstance(route, APIRoute)
            and "GET" in (route.methods or ())
            and not _NOT_PAGES.fullmatch(route.path)
            if (address := _filled(console, route.path))
        ]
    found += [f"/{on}/{'100' if act.named else '1'}/{slug}" for (on, slug), act in ACTS.items()]
    return sorted(found)


def _filled(console: Console, path: str) -> str | None:
    """The path with a subject of the town for each parameter; None where the town has none."""
    filled = path
    for name in re.findall(r"\{(\w+)(?::\w+)?\}", path):
        query = _OF_ITS_OWN.get(path, _SUBJECTS.get(name))
        assert query, f"{path}: tests/browser/pages.py knows no subject for {name}"
        subject = console.here.one(query)[0]
        if subject is None:
            return None
        filled = re.sub(rf"\{{{name}(:\w+)?\}}", str(subject), filled)
    return filled
