"""Visma: what runs against it for each company, how that went, and what comes next."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.schedules import name_of, subject_of
from ops.desk.words import N_
from ops.queries import schedules, transfers
from workers.clock import BALANCE
from workers.store import setup as setup_store

router = APIRouter()
KINDS = {
    "import": N_("Fetch invoices that are ready for collection"),
    "fetch": N_("Fetch payments and corrections"),
    "control": N_("Control KK2 against Visma"),
    "rest": N_("Propose what no file brought"),
    BALANCE: N_("Prove that the money agrees"),
}
"""What runs by the clock, as people call it."""


@router.get("/visma")
def visma(look: Look) -> Response:
    """Show each company with its schedules and what went between it and Visma."""
    with look.reading() as connection:
        setup = setup_store.current(connection).companies
        names = {code: dated.latest().value.name for code, dated in sorted(setup.items())}
        found = transfers.standing(connection, list(names))
    return look.page("visma.html", companies=names, found=found, kinds=KINDS, subject_of=subject_of)


@router.get("/schedules/{subject}")
def schedule(look: Look, subject: str) -> Response:
    """Show a schedule: what people said of it, and its runs."""
    name = name_of(subject)
    with look.reading() as connection:
        known = {each.name: each for each in schedules.listed(connection)}
        runs = schedules.shown(connection, name)
    if name not in known:
        return look.missing(
            look._(N_("There is no such schedule. The clock makes them with its first tick."))
        )
    found = known[name]
    stands = found.paused_until is not None or found.skips is not None
    fitting = tuple(
        slug
        for slug in ("run", "resume", "pause", "skip")
        if (slug != "resume" or stands) and (slug != "run" or name != BALANCE)
    )
    return look.page(
        "schedule.html",
        schedule=found,
        runs=runs,
        kinds=KINDS,
        forms=look.forms("schedules", subject, fitting),
    )
