"""A payment's page: why it was split as it was, and what may be done with it."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.words import N_
from ops.queries import payments
from ops.queries.booked import may_go_back
from ops.queries.rules import masked
from ops.why import Why, why
from ops.why.record import RecordLine, record
from workers.archive import ArchiveError
from workers.settings import SettingsError, settings

router = APIRouter()
FITTING = {
    "parked": ("assign", "split", "release", "refuse", "refund", "comment"),
    "held": ("release", "refuse", "comment"),
    "settled": ("assign", "split", "order", "undo", "refund", "comment"),
}
"""The acts that fit a payment in a state, in the order in which they are shown."""
_PLACES = ("first", "second", "third", "fourth")


@router.get("/payments/{payment_id:int}")
def payment(look: Look, payment_id: int) -> Response:
    """Show the payment."""
    with look.reading() as connection:
        found = why(connection, payment_id)
        detail = payments.shown(connection, payment_id)
        back = may_go_back(connection, payment_id)
    if found is None or detail is None:
        return look.missing(look._(N_("There is no such payment.")))
    kinds = found.order.kinds if found.order else ()
    unfit = {slug for slug, fits in (("order", kinds), ("undo", back)) if not fits}
    fitting = [slug for slug in FITTING.get(found.payment.state, ("comment",)) if slug not in unfit]
    return look.page(
        "payment.html",
        why=found,
        text=detail.text,
        payer=masked(detail.debit_account),
        taken_back_by=detail.taken_back_by,
        record=_record(found),
        notes=detail.notes,
        forms=look.forms("payments", payment_id, fitting, dict(zip(_PLACES, kinds, strict=False))),
    )


def _record(found: Why) -> tuple[RecordLine, ...] | None:
    """The bank's lines; None where this process does not reach the archive."""
    try:
        return record(settings(), found.origin)
    except (ArchiveError, SettingsError):
        return None
