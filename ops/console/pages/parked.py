"""Payments that wait for a person, with the cases that they may be for; and one of them, with a search for its case."""

from shlex import quote
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look, Looking
from ops.console.pages.payments import FITTING
from ops.desk.payments import REASONS
from ops.desk.words import N_
from ops.queries import payments
from ops.queries.payments import Parked
from ops.queries.suggestions import cases_like

router = APIRouter()
_ON_A_PAGE = 25
_NO_CASE = {"unknown_account", "held_twin", "before_cut_over"}


@router.get("/parked")
def parked(look: Look, company: str = "", reason: str = "") -> Response:
    """Show what waits, the oldest first, by reason."""
    if "\0" in company or (reason and reason not in REASONS):
        return look.page("refused.html", 400, sentence=look._(N_("There is no such reason.")), back="/parked")
    with look.reading() as connection:
        found = payments.parked(connection, company=company or None, reason=reason or None, most=_ON_A_PAGE)
        sums = payments.parked_sums(connection, company or None)
    query = urlencode([(name, value) for name, value in (("company", company), ("reason", reason)) if value])
    address = f"/parked?{query}" if query else "/parked"
    # after an act the next payment is in focus; after the last one, what is first in the list then
    after = [f"{address}#p-{each.payment.id}" for each in found[1:]] + [address]
    return look.page(
        "parked.html",
        waiting=[(each, to, _offers(look, each)) for each, to in zip(found, after, strict=False)],
        sums=sums,
        number=sum(number for why, number, _ in sums if reason in {"", why}),
        company=company,
        reason=reason,
        reasons=REASONS,
        command="kk2 payment parked"
        + "".join(f" --{n} {quote(v)}" for n, v in (("company", company), ("reason", reason)) if v),
    )


@router.get("/parked/{payment_id:int}")
def one(look: Look, payment_id: int, q: str = "") -> Response:
    """Show one payment that waits, and the cases that somebody looks for."""
    q = q.replace("\0", "")[:100]
    with look.reading() as connection:
        found = payments.parked(connection, company=None, reason=None, payment_id=payment_id, most=1)
        each = next(iter(found), None)
        likes = cases_like(connection, each.payment.company, q) if each else ()
    if each is None:
        return look.missing(look._(N_("This payment waits for nobody any more.")))
    return look.page(
        "parked_one.html",
        each=each,
        offers=_offers(look, each),
        q=q,
        likes=likes,
        forms=look.forms("payments", payment_id, FITTING.get(each.payment.state, ())),
    )


def _offers(look: Looking, each: Parked) -> dict[str, bool]:
    """What may be offered: to give it to a case, and to reject a suggestion."""
    assigns = (
        look.visitor.may("assign") and each.payment.state == "parked" and each.payment.reason not in _NO_CASE
    )
    return {
        "assign": assigns,
        "reject": look.visitor.may("reject suggestion"),
        "original": each.payment.amount < 0,
    }
