"""A voucher's page, the failed deliveries by cause, and a job that sends many of them again."""

from datetime import date

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from ops.console.looking import Look
from ops.desk import vouchers as desk
from ops.desk.listing import BadQuestion
from ops.desk.words import N_
from ops.queries import jobs, pauses, vouchers
from ops.repairs import ALL, Refusal
from ops.repairs import vouchers as repairs
from schemas.money import decimal_text
from schemas.voucher import VoucherState

router = APIRouter()
_FITTING = {
    VoucherState.REFUSED: ("retry", "correct", "discard"),
    VoucherState.IN_DOUBT: ("ask", "confirm", "absent"),
    VoucherState.APPROVED: ("retry", "correct", "discard"),
    VoucherState.VOID: ("restore",),
}
_RETRIED = {"refused", "gave_up"}


@router.get("/vouchers/{voucher_id:int}")
def voucher(look: Look, voucher_id: int) -> Response:
    """Show the voucher, every attempt to bring it to Visma, and what may be done with it."""
    with look.reading() as connection:
        found = vouchers.shown(connection, voucher_id)
    if found is None:
        return look.missing(look._(N_("There is no such voucher.")))
    fitting = _FITTING.get(VoucherState(found.voucher.state), ())
    return look.page("voucher.html", found=found, forms=look.forms("vouchers", voucher_id, fitting))


@router.get("/failed")
def failed(look: Look) -> Response:
    """Show what is not delivered by cause, and on top who has stopped delivery until when."""
    with look.reading() as connection:
        stops = pauses.standing(connection)
        return look.page(
            "failed.html",
            failures=vouchers.failures(connection),
            stops=[(stop, look.forms("delivery", _subject(stop.scope), ("start",))) for stop in stops],
            scopes=[_subject(scope) for scope in pauses.scopes(connection)],
            retried=_RETRIED,
            may_stop=look.visitor.may("stop delivery"),
            may_retry=look.visitor.may("retry all"),
        )


@router.get("/failed/{which}")
def retry_all(look: Look, which: str) -> Response:
    """Show how many failed vouchers, and how much, would be sent again, before they are."""
    try:
        asked = _asked(look, which)
        with look.reading() as connection:
            number, total = repairs.matching(connection, asked)
    except (BadQuestion, Refusal) as bad:
        return look.page("refused.html", 400, sentence=str(bad), back="/failed")
    values = {"company": asked.company, "code": asked.code, "first": asked.first, "last": asked.last}
    given = {name: str(value or "") for name, value in values.items()}
    forms = look.forms("failed", which, ("retry-all",))
    return look.page(
        "retry_all.html", which=which, given=given, number=number, total=total, ore=decimal_text(total),
        form=forms[0] if forms else None,
    )  # fmt: skip


@router.get("/delivery/{scope}")
def delivery(scope: str) -> Response:  # noqa: ARG001 - the path has it
    """Go to where delivery is stopped and started, whatever of it was."""
    return RedirectResponse("/failed", 303)


@router.get("/jobs/{job_id:int}")
def job(look: Look, job_id: int) -> Response:
    """Show how far a job is."""
    return _job(look, job_id, whole=True)


@router.get("/jobs/{job_id:int}/progress")
def progress(look: Look, job_id: int) -> Response:
    """The job's progress alone."""
    return _job(look, job_id, whole=False)


def _job(look: Look, job_id: int, *, whole: bool) -> Response:
    with look.reading() as connection:
        found = jobs.shown(connection, job_id)
    if found is None:
        return look.missing(look._(N_("There is no such job.")))
    if not whole:
        return look.fragment("job_progress.html", job=found)
    fitting = ("stop",) if found.results.get(jobs.TO_COME) else ()
    return look.page("job.html", job=found, forms=look.forms("jobs", job_id, fitting))


def _subject(scope: str) -> str:
    return desk.EVERYTHING if scope == ALL else scope


def _asked(look: Look, which: str) -> repairs.Which:
    query = look.request.query_params
    days = []
    for name in ("first", "last"):
        try:
            days.append(date.fromisoformat(query[name]) if query.get(name) else None)
        except ValueError:
            raise BadQuestion(f"{name}: expected a day, as 2026-01-31; found {query[name]!r}") from None
    return desk.which_of(which, query.get("company"), query.get("code"), *days)
