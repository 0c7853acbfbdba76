"""A payment's page: why it was split as it was, and what may be done with it."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.words import N_
from ops.why import why

router = APIRouter()
_FITTING = {"parked": ("assign", "release", "refuse"), "held": ("release", "refuse")}


@router.get("/payments/{payment_id:int}")
def payment(look: Look, payment_id: int) -> Response:
    """Show the payment."""
    with look.reading() as connection:
        found = why(connection, payment_id)
    if found is None:
        return look.missing(look._(N_("There is no such payment.")))
    return look.page(
        "payment.html",
        why=found,
        forms=look.forms("payments", payment_id, _FITTING.get(found.payment.state, ())),
    )
