"""Money that belongs to somebody else: overpayments, what is to be paid back, and parked money by its age."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from ops.console.looking import Look
from ops.desk.words import N_
from ops.queries import refunds

router = APIRouter()


@router.get("/overpayments")
def overpayments(look: Look, company: str = "") -> Response:
    """Show what is more than was owed, the oldest first, and what is done about it."""
    if "\0" in company:
        return look.missing(look._(N_("There is no such company.")))
    chosen = company.strip() or None
    with look.reading() as connection:
        overpaid = refunds.overpaid(connection, company=chosen, client=None)
        proposed = refunds.refunds(connection, company=chosen, state="proposed", payment_id=None)
        paid = refunds.refunds(connection, company=chosen, state="done", payment_id=None)
        ages = refunds.ageing(connection, company=chosen)
    return look.page(
        "overpayments.html",
        company=company.strip(),
        overpaid=[(each, look.visitor.may("propose refund")) for each in overpaid],
        rest=sum(each.rest - each.refunded for each in overpaid),
        proposed=[(each, look.forms("refunds", each.id, ("paid", "withdraw"))) for each in proposed],
        to_pay=sum(each.amount for each in proposed),
        paid=paid[-50:][::-1],
        ages=ages,
    )


@router.get("/refunds/{refund_id:int}")
def refund(refund_id: int) -> Response:
    """Go to where refunds are listed."""
    return RedirectResponse(f"/overpayments#refund-{refund_id}", 303)
