"""Stage `propose`: read the proposal's sums, ask whether policy may approve it, fix its cut, send a part at a time."""

from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection, text

from pipeline import posting
from pipeline.posting import CutFacts
from pipeline.stage import Park, Reason
from schemas import events
from schemas.events import PartReady, VoucherPlan
from schemas.setup import Company, NoSuchSetupError, ParkedPolicy
from workers.facts import proposals
from workers.facts.proposals import FileCounts, Place, Scope, ToCut
from workers.shell import Stand
from workers.store import setup as setup_store

_POLICY = "policy"
_PARTS_AT_ONCE = 20  # of 5,000 payments each: a file of a million is not all in one statement


def propose(stand: Stand) -> None:
    """Cut each company's proposal, or park it for a person with the reason.

    A file of several companies is proposed company by company: one that says no does not stop the others, it gets a
    parked row of its own.
    """
    event = stand.claimed.event
    today = stand.hands.today()
    connection = stand.connection
    if isinstance(event, events.RestDue):
        _ask_anew(stand, "body->>'file_id' IS NULL AND body->>'company' = :of", event.company)
        _wake_files(stand, event.company)
        stop = cut_now(connection, event.company, None, _POLICY, today, send=stand.send)
        if isinstance(stop, Park):
            stand.park(stop.reason, stop.note)
        return
    assert isinstance(event, events.FileSettled)
    proposals.lock_file(connection, event.file_id)
    _ask_anew(stand, "body->>'file_id' = :of", str(event.file_id))
    stops: list[tuple[str, Park]] = []
    for company in proposals.companies_of(connection, event.file_id):
        decision = cut_now(connection, company, event.file_id, _POLICY, today, send=stand.send)
        if isinstance(decision, Park):
            stops.append((company, decision))
    for number, (company, park) in enumerate(stops):
        _park_company(stand, event.file_id, company, park, first=number == 0)
    connection.execute(
        text("UPDATE bank_file SET cut = true WHERE id = :id AND NOT cut"), {"id": event.file_id}
    )


def _ask_anew(stand: Stand, which: str, of: str) -> None:
    """Close an earlier no about the same money: it is asked anew, and a person sees one no and not one an hour."""
    stand.connection.execute(
        text(
            "UPDATE work SET state = 'done', done_at = now() WHERE stage = 'propose' AND state = 'parked' "
            f"AND {which} AND id <> :id"
        ),
        {"of": of, "id": stand.claimed.work_id},
    )


def _wake_files(stand: Stand, company: str) -> None:
    """Ask again for files of which not one payment had a case, or one was held, where that is so no longer."""
    stand.connection.execute(
        text(
            "UPDATE work w SET state = 'due', due_at = now(), rung_at = NULL, reason = NULL, note = NULL "
            "WHERE w.stage = 'propose' AND w.state = 'parked' AND w.body->>'company' = :company AND CASE w.reason "
            "WHEN 'nothing_matched' THEN EXISTS (SELECT FROM payment p WHERE p.file_id = (w.body->>'file_id')::int "
            "AND p.company = :company AND p.state = 'settled') "
            "WHEN 'held_in_file' THEN NOT EXISTS (SELECT FROM payment p WHERE p.file_id = (w.body->>'file_id')::int "
            "AND p.company = :company AND p.state = 'held') ELSE false END"
        ),
        {"company": company},
    )


def cut_now(
    connection: Connection,
    company_code: str,
    file_id: int | None,
    approved_by: str,
    today: date,
    *,
    send: Callable[[list[object]], None],
    only: tuple[Place, ...] = (),
) -> Park | int:
    """Cut a company's proposal and send its parts, or say why not; gives the number of vouchers to be.

    `approved_by` is "policy", or a person, whom no limit stops and who may choose some posting groups (`only`).
    """
    by_person = approved_by != _POLICY
    try:
        company = setup_store.current(connection).companies[company_code].on(today).value
    except (KeyError, NoSuchSetupError):
        return Park(Reason.NO_SETUP, f"company {company_code} has no setup that is valid on {today}")
    scope = _scope(connection, company, file_id, only, by_person=by_person)
    # of two who cut at once, the second finds what the first has left; nobody sends back what is being cut
    proposals.lock_company(connection, company_code)
    day_sum = proposals.day_sum(connection, company_code, today)
    found = proposals.to_cut(connection, scope)
    if not found:
        return 0
    vouchers = tuple(each.sums for each in found)
    counts = (
        FileCounts(0, 0, 0, 0) if file_id is None else proposals.counts(connection, company_code, file_id)
    )
    facts = CutFacts(
        company,
        vouchers,
        day_sum,
        counts.payments,
        counts.matched,
        counts.held,
        counts.usual,
        by_person,
        proposals.sent_back_by(connection, company_code, file_id),
    )
    decision = posting.cut(facts)
    if isinstance(decision, Park):
        return decision
    for first in range(0, len(decision.parts), _PARTS_AT_ONCE):
        send(
            [
                PartReady(company_code, tuple(_plan(found[index]) for index in part), approved_by)
                for part in decision.parts[first : first + _PARTS_AT_ONCE]
            ]
        )
    if not by_person:
        connection.execute(
            text("UPDATE company_day SET absolute = absolute + :sum WHERE company = :company AND day = :day"),
            {"sum": sum(v.absolute for v in vouchers), "company": company_code, "day": today},
        )
    return len(vouchers)


def _scope(
    connection: Connection, company: Company, file_id: int | None, only: tuple[Place, ...], *, by_person: bool
) -> Scope:
    fresh = file_id is not None and not proposals.lock_file(connection, file_id)
    suspense = company.parked_policy is ParkedPolicy.SUSPENSE
    return Scope(company.code, file_id, fresh, suspense, company.payments_per_voucher, by_person, only)


def _plan(cut: ToCut) -> VoucherPlan:
    group = cut.sums.group
    booked_on = group.booked_on.isoformat()
    return VoucherPlan(
        group.account,
        booked_on,
        group.statement_ref,
        cut.sums.number,
        cut.sums.of,
        booked_on,
        cut.payment_ids,
    )


def _park_company(stand: Stand, file_id: int, company: str, park: Park, *, first: bool) -> None:
    """The file's own row parks for the first company that says no; each further one gets a row beside it."""
    if first:
        stand.park(park.reason, f"{company}: {park.note}")
        stand.connection.execute(
            text(
                "UPDATE work SET body = body || jsonb_build_object('company', CAST(:company AS text)) WHERE id = :id"
            ),
            {"company": company, "id": stand.claimed.work_id},
        )
        return
    stand.connection.execute(
        text(
            "INSERT INTO work (event_id, stage, part, body, state, due_at, reason, note) VALUES (:event, 'propose', :company, "
            "jsonb_build_object('file_id', CAST(:file AS int), 'company', CAST(:company AS text)), 'parked', now(), :reason, :note)"
        ),
        {
            "event": stand.claimed.event_id,
            "company": company,
            "file": file_id,
            "reason": park.reason.value,
            "note": f"{company}: {park.note}",
        },
    )
