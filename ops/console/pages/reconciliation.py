"""Reconciliation: the month of a company at a glance, a day with its sums and differences, and a difference of the control."""

from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.day_document import document
from ops.desk.reconciliation import day_of, subject_of
from ops.desk.words import N_
from ops.queries import controls, days
from ops.queries.days import Day, DayState
from ops.repairs import Refusal
from pipeline.reconciliation import Between
from workers.store import setup as setup_store

router = APIRouter()
STATES: Mapping[DayState, tuple[str, str]] = {
    DayState.AGREES: ("=", N_("agrees, not signed")),
    DayState.DIFFERS: ("≠", N_("has differences")),
    DayState.EXPLAINED: ("≈", N_("explained, not signed")),
    DayState.UNKNOWN: ("?", N_("Visma has not told all")),
    DayState.SIGNED: ("✓", N_("signed")),
    DayState.CHANGED: ("!", N_("changed since it was signed")),
}
BETWEEN: Mapping[Between, str] = {
    Between.CASES: N_("Bank file less cases"),
    Between.VOUCHERS: N_("Cases less vouchers"),
    Between.VISMA: N_("Our vouchers less Visma's"),
}
_OF_PAYMENTS = {"waiting", "parked", "held", "refused", "known"}
_OF_VOUCHERS = {"approved": "approved", "sending": "sending", "in_doubt": "in_doubt", "voucher_refused": "refused"}  # fmt: skip


@router.get("/reconciliation")
def month(look: Look, company: str = "", month: str = "") -> Response:
    """Show a month: each day that the bank booked, with its three sums and how it stands."""
    with look.reading() as connection:
        known = setup_store.current(connection).companies
        names = {code: dated.latest().value.name for code, dated in sorted(known.items())}
        if not names or (company and company not in names):
            return look.missing(look._(N_("The setup has no such company.")))
        company = company or next(iter(names))
        first = _month(month) or days.newest(connection, company)
        found = days.month(connection, company, first)
        run = controls.last_run(connection, company)
        left = len(controls.differences(connection, company=company, state="open"))
    known_sums = [each.balance.visma for each in found if each.balance.visma is not None]
    return look.page(
        "reconciliation.html",
        companies=names,
        company=company,
        first=first,
        before=(first - timedelta(days=1)).replace(day=1),
        after=(first + timedelta(days=31)).replace(day=1),
        days=found,
        sums=(
            sum(each.balance.bank for each in found),
            sum(each.balance.cases for each in found),
            sum(known_sums) if len(known_sums) == len(found) else None,
        ),
        run=run,
        open=left,
        states=STATES,
        subject_of=subject_of,
    )


@router.get("/reconciliation/{subject}.pdf")
def paper(look: Look, subject: str) -> Response:
    """Give a day as a document to keep."""
    found = _found(look, subject)
    if isinstance(found, Response):
        return found
    name = f"avstemming-{found.facts.day.isoformat()}.pdf"
    return Response(
        document(found), media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


@router.get("/reconciliation/{subject}")
def day(look: Look, subject: str) -> Response:
    """Show a day."""
    found = _found(look, subject)
    if isinstance(found, Response):
        return found
    fitting = ("reopen",) if found.signature else ("sign",)
    return look.page(
        "day.html",
        day=found,
        subject=subject,
        forms=look.forms("reconciliation", subject, fitting),
        states=STATES,
        between=BETWEEN,
        rows_of=lambda kind: _rows_of(kind, found),
    )


@router.get("/differences/{difference_id:int}")
def difference(look: Look, difference_id: int) -> Response:
    """Show a difference of the control."""
    with look.reading() as connection:
        found = controls.difference(connection, difference_id)
    if found is None:
        return look.missing(look._(N_("There is no such difference.")))
    return look.page(
        "difference.html",
        d=found,
        forms=look.forms("differences", difference_id, ("explain",) if found.state == "open" else ()),
    )


def _found(look: Look, subject: str) -> Day | Response:
    try:
        company, of = day_of(subject)
    except Refusal as no:
        return look.missing(str(no))
    with look.reading() as connection:
        found = days.shown(connection, company, of)
    return found or look.missing(look._(N_("Nothing was booked for this company on that day.")))


def _rows_of(kind: str, day: Day) -> str:
    """Where the rows of a place are listed, "" where they are in no list."""
    facts = day.facts
    of_day = {"company": facts.company, "from": facts.day, "to": facts.day}
    if kind in _OF_PAYMENTS:
        return f"/payments?{urlencode({'state': kind, **of_day})}"
    if kind in _OF_VOUCHERS:
        return f"/vouchers?{urlencode({'state': _OF_VOUCHERS[kind], 'company': facts.company})}"
    return "/proposals" if kind == "proposal" else ""


def _month(written: str) -> date | None:
    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError:
        return None
