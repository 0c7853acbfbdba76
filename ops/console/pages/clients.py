"""Clients: a row of the setup with all that its key ever said, the next row, and the setup held against Visma."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.words import N_
from ops.queries import asking
from ops.queries.setup import SetupRow, history
from ops.setup_text import written
from ops.setup_trial import trial
from pipeline.readiness import Weight
from schemas.setup import Installation
from workers.accounting import connect
from workers.secrets import resolve
from workers.store import setup as setup_store

router = APIRouter()
WEIGHTS = {
    Weight.REFUSED: N_("Visma would refuse it"),
    Weight.UNKNOWN: N_("Visma does not tell"),
    Weight.HINT: N_("Nothing is refused; see whether it is meant so"),
}


@router.get("/clients/{row_id:int}")
def row(look: Look, row_id: int) -> Response:
    """Show a row, its history, and a form for the next one."""
    with look.reading() as connection:
        found = history(connection, row_id)
        today = asking.today(connection)
    this = next((each for each in found if each.id == row_id), None)
    if this is None:
        return look.missing(look._(N_("There is no such row of the setup.")))
    admin = look.visitor.may("client apply")
    next_row = written(this.kind, this.value, max(today, this.valid_from), secrets=admin)
    return look.page(
        "setup_row.html",
        row=this,
        text=written(this.kind, this.value, this.valid_from, secrets=False),
        history=found,
        company=_company(this),
        may_test=admin,
        forms=look.forms("clients", row_id, ("new-row",), {"setup": next_row}),
    )


@router.get("/clients/{row_id:int}/test")
def test(look: Look, row_id: int) -> Response:
    """Ask Visma what it has, and show what it would refuse of the setup; nothing is changed anywhere."""
    if not look.visitor.may("client apply"):
        return look.page("refused.html", 403, sentence=look._(N_("Your roles do not have this act.")), back=f"/clients/{row_id}")  # fmt: skip
    with look.reading() as connection:
        found = history(connection, row_id)
        setup = setup_store.current(connection)
        today = asking.today(connection)
    if not found:
        return look.missing(look._(N_("There is no such row of the setup.")))
    company = _company(found[0])
    lacks = trial(
        setup,
        lambda installation: connect(installation, resolve),
        today,
        company=company,
    )
    return look.page("setup_test.html", row_id=row_id, company=company, lacks=lacks, weights=WEIGHTS)


def _company(row: SetupRow) -> str | None:
    """The company that a row is about; None for an installation, which all of its companies share."""
    if isinstance(row.value, Installation):
        return None
    return str(getattr(row.value, "company", "") or row.key)
