"""Rules of payers: proposed, on and off; and one, with what it would have done."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.words import N_
from ops.queries import asking
from ops.queries import rules as queries
from schemas.money import decimal_text

router = APIRouter()
_MOST_DAYS = 3650
_FITTING = {"open": ("switch-on", "turn-down")}


@router.get("/rules")
def rules(look: Look) -> Response:
    """Show all rules, by their state."""
    with look.reading() as connection:
        found = queries.rules(connection)
    by_state = [
        (state, [rule for rule in found if rule.state == state]) for state in ("proposed", "on", "off")
    ]
    return look.page("rules.html", by_state=by_state)


@router.get("/rules/{rule_id:int}")
def rule(look: Look, rule_id: int, days: int = queries.TRIAL_DAYS) -> Response:
    """Show a rule that is stored, with what it says of the last days."""
    return _show(look, rule_id, None, days)


@router.get("/payers/{payment_id:int}")
def payer(look: Look, payment_id: int, days: int = queries.TRIAL_DAYS) -> Response:
    """Show the rule that is proposed for a payment's payer, with what it would have done."""
    return _show(look, None, payment_id, days)


def _show(look: Look, rule_id: int | None, payment_id: int | None, days: int) -> Response:
    days = min(max(days, 1), _MOST_DAYS)
    with look.reading() as connection:
        found = queries.shown(
            connection, rule_id=rule_id, payment_id=payment_id, today=asking.today(connection), days=days
        )
    if found is None:
        return look.missing(
            look._(N_("There is no such rule: it is switched on already, or people assigned otherwise."))
        )
    forms = (
        look.forms("payers", payment_id, _FITTING.get(found.rule.case_state, ("turn-down",)))
        if rule_id is None
        else look.forms("rules", rule_id, ("switch-off",) if found.rule.state == "on" else ())
    )
    if found.rule.state == "on" and found.parked.payment_ids:
        shown = {"payments": str(len(found.parked.payment_ids)), "amount": decimal_text(found.parked.amount)}
        forms = [*look.forms("rules", rule_id, ("release",), shown), *forms]
    line = f"kk2 rule show {rule_id}" if rule_id is not None else f"kk2 rule show --payer-of {payment_id}"
    counts = {name: sum(row.outcome == name for row in found.trial) for name in queries.OUTCOMES}
    return look.page(
        "rule.html",
        found=found,
        days=days,
        forms=forms,
        counts=counts,
        command=f"{line} --days {days}",
    )
