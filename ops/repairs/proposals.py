"""Approve a company's proposal: exactly what the person was shown, by somebody who may."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from ops.queries import asking
from ops.queries.correcting import FourEyes, four_eyes
from ops.queries.proposals import Proposal, proposal, scope_of, subject_of
from ops.repairs.acts import Done, Person, Refusal, close, leave
from pipeline.stage import Park
from schemas.money import in_kroner
from schemas.schedule import OSLO
from schemas.wording import counted
from workers.facts.proposals import CHOSEN, Place, Scope, lock_company
from workers.journal import Ring, record
from workers.shell import proposing
from workers.store.bulk import rows


def approve(
    connection: Connection,
    company: str,
    file_id: int | None,
    digest: str,
    *,
    person: Person,
    only: tuple[Place, ...] = (),
) -> Done:
    """Cut the proposal, or of it the chosen groups, and send its parts, if it still is what `digest` says.

    A person passes every limit but four eyes, and does not approve what somebody sent back.
    """
    found = scope_of(connection, company, file_id, only)
    if found is None:
        raise Refusal(f"company {company} has no setup that is valid today")
    scope, _ = found
    alone(connection, company)
    shown = proposal(connection, company, file_id, only)
    _not_sent_back(shown, file_id)
    _same(shown, digest)
    if not shown.payments:
        raise Refusal(f"company {company} has nothing to approve")
    _nothing_dirty(connection, scope)
    # a part is under the limits of the whole: else who corrected it would approve it piece by piece
    absolute = proposal(connection, company, file_id).absolute if only else shown.absolute
    eyes = four_eyes(connection, company, file_id, absolute)
    _two_people(eyes, person)
    rings: list[Ring] = []

    def send(happened: Sequence[object]) -> None:
        rings.extend(record(connection, happened, actor=person.actor))

    today = asking.today(connection)
    vouchers = proposing.cut_now(connection, company, file_id, person.actor, today, send=send, only=only)
    if isinstance(vouchers, Park):
        raise Refusal(vouchers.note)
    # what came in while we cut was not shown
    _same(proposal(connection, company, file_id, only), digest)
    _close_parked(connection, scope)
    detail = {"file_id": file_id, "digest": digest, "payments": shown.payments, "amount": shown.amount}
    detail |= {"groups": len(shown.groups)} if only else {}
    # counted with what the same person approves later today: else file by file would pass the limit
    detail |= {"alone": shown.absolute} if eyes.last and eyes.last.actor == person.actor else {}
    rings += leave(connection, person, "approve", subject_of(company), detail, [])
    what = f"{counted(shown.payments, 'payment')}, {in_kroner(shown.amount)} kr, {shown.parked} of them to suspense"
    return Done(tuple(rings), f"company {company}: {counted(vouchers, 'voucher')} approved ({what})")


def alone(connection: Connection, company: str) -> None:
    """One person decides about a company's proposal at a time, and none while an earlier approval is made into vouchers."""
    lock_company(connection, company)
    # its payments still stand in the proposal: who sent them back now would be told that nothing of them is posted
    going = connection.execute(
        text(
            "SELECT count(*) FROM work WHERE stage = 'approve' AND state = 'due' AND body->>'company' = :company"
        ),
        {"company": company},
    ).scalar_one()
    if going:
        raise Refusal(
            f"an approval of company {company} is being made into vouchers: show it again in a moment"
        )


def _not_sent_back(shown: Proposal, file_id: int | None) -> None:
    for back in shown.sent_back:
        if back.file_id in (None, file_id):
            raise Refusal(
                f"sent back by {back.actor} on {back.at.astimezone(OSLO):%Y-%m-%d at %H:%M}: {back.reason}; take it up first"
            )


def _same(now: Proposal, digest: str) -> None:
    """Refuse with the difference when the proposal is another than the one that was shown."""
    if now.digest == digest:
        return
    parts = digest.split(":")
    if len(parts) != 4 or not all(part.lstrip("-").isdigit() for part in parts[1:]):
        raise Refusal("the digest is not one that `proposal show` prints: show the proposal, then approve it")
    payments, amount, parked = (int(part) for part in parts[1:])
    if (payments, amount, parked) == (now.payments, now.amount, now.parked):
        raise Refusal(
            f"the proposal has changed: as many payments and the same sum ({in_kroner(now.amount)} kr), but other splits or "
            "another setup: show it again"
        )
    then = f"{counted(payments, 'payment')}, {in_kroner(amount)} kr, {parked} parked"
    is_now = f"{counted(now.payments, 'payment')}, {in_kroner(now.amount)} kr, {now.parked} parked"
    by = f"{now.payments - payments:+d} in number, {in_kroner(now.amount - amount)} kr"
    raise Refusal(f"the proposal has changed: shown before: {then}; now {is_now} (by {by}): show it again")


def _nothing_dirty(connection: Connection, scope: Scope) -> None:
    dirty = rows(
        connection,
        "SELECT count(DISTINCT c.id) FROM kk2_case c JOIN split x ON x.case_id = c.id AND x.superseded_by IS NULL "
        f"JOIN payment p ON p.id = x.payment_id WHERE c.dirty AND ({scope.where()})",
        scope.values(),
    )[0][0]
    if dirty:
        raise Refusal(
            f"still being settled again: {counted(dirty, 'case')} of the proposal; show it again in a moment"
        )


def _two_people(eyes: FourEyes, person: Person) -> None:
    """Over the limit, the last who corrected a payment or a case of the proposal does not approve it too."""
    if eyes.forbids(person.actor) and eyes.alone:
        raise Refusal(
            f"with the {in_kroner(eyes.alone)} kr that you corrected and approved alone today, the proposal is over the four-eyes "
            f"limit of {in_kroner(eyes.limit)} kr and you were the last to correct it: another person approves it"
        )
    if eyes.forbids(person.actor):
        raise Refusal(
            f"the proposal is over the four-eyes limit of {in_kroner(eyes.limit)} kr and you were the last to correct it: "
            "another person approves it"
        )


def _close_parked(connection: Connection, scope: Scope) -> None:
    """Close what waited for this approval: each file of which nothing is left, or all that the company's approval covers."""
    left: list[int] = []
    if scope.only:
        found = rows(
            connection,
            f"SELECT DISTINCT p.file_id FROM payment p WHERE {replace(scope, only=()).where()} AND NOT {CHOSEN}",
            scope.values(),
        )
        left = [row[0] for row in found]
    waiting = connection.execute(
        text(
            "SELECT id FROM work WHERE stage = 'propose' AND state = 'parked' AND body->>'company' = :company "
            "AND (CAST(:file AS int) IS NULL OR (body->>'file_id')::int = :file) "
            "AND coalesce((body->>'file_id')::int <> ALL(:left), cardinality(:left) = 0) "
            "AND reason <> 'sent_back' ORDER BY id FOR UPDATE"
        ),
        {"company": scope.company, "file": scope.file_id, "left": left},
    )
    close(connection, [row[0] for row in waiting])
