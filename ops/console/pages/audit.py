"""The proof that nothing of the audit was changed or taken away."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console import lists
from ops.console.lists import not_for
from ops.console.looking import Look
from ops.desk.audit import AUDIT
from workers import audit

router = APIRouter()


@router.get("/audit")
def shown(look: Look) -> Response:
    """Show the acts, with the way to the proof."""
    return lists.show(look, AUDIT, "audit.html")


@router.get("/audit/verified")
def verified(look: Look) -> Response:
    """Walk the whole chain now, and say what was found."""
    if not AUDIT.for_roles(look.visitor.roles):
        return not_for(look)
    with look.reading() as connection:
        broken = audit.verify(connection)
    return look.page("verified.html", 200 if broken is None else 500, broken=broken)
