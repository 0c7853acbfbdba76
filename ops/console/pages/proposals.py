"""The posting proposals: of each company, and of one with its lines, to approve, send back or take up."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from ops.console.looking import Look, Looking
from ops.desk import proposals as desk
from ops.desk.listing import as_number
from ops.desk.words import N_
from ops.queries import correcting, looks, previews, proposals
from ops.repairs import Refusal
from schemas.setup import NoSuchSetupError

router = APIRouter()
_MOST_VOUCHERS = 20


@router.get("/proposals")
def all_proposals(look: Look) -> Response:
    """Show the proposal of each company, or in each of them a client's part."""
    with look.reading() as connection:
        clients = proposals.clients_of(connection)
        client = _client(look, clients)
        found = [
            proposals.proposal(connection, company, None, client=client)
            for company in proposals.companies_with_proposals(connection, client)
        ]
        news = {each.company: looks.since(connection, look.visitor.name, each) for each in found}
    return look.page("proposals.html", proposals=found, news=news, clients=clients, client=client)


def _client(look: Looking, known: tuple[str, ...]) -> str | None:
    """The client that is asked for; one that the setup lacks is none, as an empty page would look like good news."""
    asked = look.request.query_params.get("client", "").strip()
    return asked if asked in known else None


@router.get("/proposals/{company}")
def proposal(look: Look, company: str) -> Response:
    """Show a company's proposal, or that of one file, or of it the chosen sums of the bank statement, or a client's part."""
    query = look.request.query_params
    file_id = as_number(query.get("file", "")) if len(query.get("file", "")) < 10 else None
    try:
        only = desk.places(" ".join(query.getlist("group")))
    except Refusal as no:
        return look.page("refused.html", 422, sentence=str(no), back="/proposals")
    with look.reading() as connection:
        if company not in proposals.companies_with_proposals(connection):
            return look.missing(look._(N_("There is no such company.")))
        clients = proposals.clients_of(connection, company)
        client = _client(look, clients)
        whole = proposals.proposal(connection, company, file_id, client=client)
        shown = proposals.proposal(connection, company, file_id, only, client) if only else whole
        try:
            vouchers = previews.preview(connection, company, file_id, _MOST_VOUCHERS, only, client)
        except NoSuchSetupError:
            vouchers = ()
        eyes = correcting.four_eyes(connection, company, file_id, whole.absolute)
        corrected = correcting.corrected(connection, company, file_id, client)
        news = looks.since(connection, look.visitor.name, whole)
    return look.page(
        "proposal.html",
        whole=whole,
        shown=shown,
        chosen=set(only),
        clients=clients,
        client=client,
        vouchers=vouchers,
        eyes=eyes,
        corrected=corrected,
        news=news,
        backs=[
            (back, look.forms("proposals", company, ("take-up",), {"file": str(back.file_id or "")}))
            for back in whole.sent_back
        ],
        may_approve=look.visitor.may("approve") and not client,
        forms=[]
        if client
        else look.forms("proposals", company, ("send-back",), {"file": str(file_id or "")}),
    )


@router.post("/proposals/{company}/seen")
def seen(look: Look, company: str) -> Response:
    """Keep that the visitor has seen the company's proposal; it changes nothing for anybody else."""
    with look.desk.engine.begin() as connection:
        if company not in proposals.companies_with_proposals(connection):
            return look.missing(look._(N_("There is no such company.")))
        looks.seen(connection, look.visitor.name, proposals.proposal(connection, company, None))
    return RedirectResponse(f"/proposals/{company}", 303)
