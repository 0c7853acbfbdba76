"""A case's page: what is owed on a day and why, where it comes from, and what a clerk may correct."""

from collections.abc import Iterator
from datetime import date

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.words import N_
from ops.queries import asking, cases, invoices
from ops.queries.cases import CaseRow
from ops.queries.corrections import Origin, corrections
from pipeline.rates import limitation_day

router = APIRouter()
_ORIGINS = {
    Origin.KK2: N_("KK2's file of cases"),
    Origin.VISMA: N_("a dunning proposal in Visma"),
    Origin.CONVERSION: N_("converted: it was transferred before the bridge"),
    Origin.PERSON: N_("a person"),
    Origin.MERGE: N_("carried over by a merge"),
}


@router.get("/cases/{case_id:int}")
def case(look: Look, case_id: int) -> Response:
    """Show the case as of a day, today if none is asked for."""
    asked = look.request.query_params.get("on", "")
    try:
        on = date.fromisoformat(asked) if asked else None
    except ValueError:
        return look.page("refused.html", 400, sentence=f"on: expected a day, as 2026-01-31; found {asked!r}", back=f"/cases/{case_id}")  # fmt: skip
    with look.reading() as connection:
        on = on or asking.today(connection)
        found = cases.shown(connection, case_id, on) if case_id < 2**63 else None
        if found is None:
            return look.missing(look._(N_("There is no such case.")))
        main = cases.shown(connection, found.case.merged_into, on) if found.case.merged_into else None
        brought = corrections(connection, case_id)
        numbers = invoices.numbers(connection, company=None, client=None, state=None, case_id=case_id)
    open_invoices = [
        claim.due_on for claim in found.balance.claims if claim.kind == "principal" and claim.open
    ]
    return look.page(
        "case.html",
        found=found,
        main=main,
        brought=brought,
        brings={claim.id: claim for claim in brought.claims},
        numbers=numbers,
        origins={origin.value: look._(said) for origin, said in _ORIGINS.items()},
        barred_on=limitation_day(min(open_invoices))
        if open_invoices and found.case.state == "open"
        else None,
        claims_are_open=found.case.state not in {"merged", "recalled"} and look.visitor.may("waive"),
        forms=look.forms("cases", case_id, tuple(_fitting(found.case, has_numbers=bool(numbers)))),
    )


def _fitting(case: CaseRow, *, has_numbers: bool) -> Iterator[str]:
    """The acts that a case of this state has; those on one claim stand beside it."""
    if case.state == "merged":
        yield "unmerge"
    elif case.state != "recalled":
        yield from ("add-cost", "merge")
        if case.closed_on is not None:
            yield "reopen"
        elif case.state == "open":
            yield "close"
    yield "resume" if case.stopped else "stop"
    if has_numbers and case.state != "recalled":
        yield "write-number"
