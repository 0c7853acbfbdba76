"""Correct what a case owes: a cost or fee that a person adds, a waiver (ettergivelse), and each taken back again."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.queries import cases as queries
from ops.repairs import case_records
from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late
from ops.repairs.case_records import Corrected
from schemas.case import Kind
from schemas.money import Money, in_kroner
from workers.store.cases import BY_THE_DESK


@dataclass(frozen=True, slots=True)
class Claim:
    """A cost or fee that a person adds to a case; without a day it is due today."""

    kind: Kind
    amount: Money
    due_on: date | None


@dataclass(frozen=True, slots=True)
class LetGo:
    """What is waived of an item from a day on. `amount` None: all that is owed of it on that day.

    `kind`: INTEREST for the interest of an invoice, else the item's own.
    """

    item_id: int
    kind: Kind
    amount: Money | None
    day: date | None


@dataclass(frozen=True, slots=True)
class _Row:
    """An item or a waiver as it stands."""

    kk2_id: str
    amount: Money
    gone: bool


def add_cost(connection: Connection, case_id: int, claim: Claim, *, person: Person) -> Done:
    """Add a cost or fee to a case; `reason` says what it is for. The same one twice is refused: the second click adds nothing."""
    need_reason(person, "to add a cost or fee")
    (case,) = case_records.lock(connection, case_id)
    case_records.open_to_correction(case)
    if claim.kind not in {Kind.COSTS, Kind.FEE}:
        raise Refusal(
            "only costs and fees are added here: invoices come from Visma or KK2, interest is computed"
        )
    if claim.amount <= 0:
        raise Refusal(f"a cost or fee is above 0; this is {in_kroner(claim.amount)} kr")
    due_on = claim.due_on or case.today
    _not_twice(connection, case, claim, due_on, person)
    (new,) = case_records.new_ids(connection, "item", 1)
    of = {"kind": int(claim.kind), "amount": claim.amount, "day": due_on, "invoice_no": ""}
    happened = case_records.take(connection, [case.record("item", kk2_id=new, **of)])
    detail = {"id": new, "kind": int(claim.kind), "amount": claim.amount, "due_on": str(due_on)}
    rings = leave(connection, person, "add cost", case.subject, detail, happened)
    what = f"{claim.kind.name.lower()} of {in_kroner(claim.amount)} kr, due on {due_on}"
    return Done(rings, f"{case.name} owes {what} more")


def withdraw(connection: Connection, case_id: int, item_id: int, *, person: Person) -> Done:
    """Take back a cost or fee that a person added, with its waivers. What KK2 and Visma claim is theirs to take back."""
    need_reason(person, "to withdraw a cost or fee")
    (case,) = case_records.lock(connection, case_id)
    case_records.open_to_correction(case)
    item = _row(connection, "item", case, item_id)
    if item.gone:
        raise too_late(connection, case.subject, f"has item {item_id} withdrawn already")
    if not item.kk2_id.startswith(BY_THE_DESK):
        raise Refusal(
            f"item {item_id} of {case.name} was not added by a person: KK2's file withdraws it, or waive it"
        )
    if item.kk2_id.count(":") > 1:
        raise Refusal(f"item {item_id} of {case.name} was carried over by a merge: unmerge, or waive it")
    happened = case_records.take(connection, [case.record("withdrawn_item", kk2_id=item.kk2_id)])
    rings = leave(connection, person, "withdraw item", case.subject, {"id": item.kk2_id}, happened)
    return Done(rings, f"item {item_id} of {in_kroner(item.amount)} kr is taken back from {case.name}")


def waive(connection: Connection, case_id: int, let_go: LetGo, *, person: Person) -> Done:
    """Let part of a claim go, at most what is owed of it on the day. Lowers what is owed; is never bank money."""
    need_reason(person, "to waive")
    (case,) = case_records.lock(connection, case_id)
    case_records.open_to_correction(case)
    item = _row(connection, "item", case, let_go.item_id)
    day = let_go.day or case.today
    if day > case.today:
        raise Refusal(f"a waiver counts from a day that has come: {day} has not")
    owed = _owed(case, let_go, day)
    amount = owed if let_go.amount is None else let_go.amount
    part = f"{let_go.kind.name.lower()} of item {let_go.item_id}"
    _not_waived_twice(connection, case, let_go, amount, day, person)
    if not 0 < amount <= owed:
        raise Refusal(
            f"on {day} {case.name} owes {in_kroner(owed)} kr of {part}: that much at most can be waived"
            f"{'' if let_go.amount is None else f', not {in_kroner(amount)} kr'}"
        )
    (new,) = case_records.new_ids(connection, "waiver", 1)
    of = {"item_kk2_id": item.kk2_id, "kind": int(let_go.kind), "amount": amount, "day": day}
    record = case.record("waiver", kk2_id=new, reason=person.reason[:200], **of)
    happened = case_records.take(connection, [record])
    detail = {"id": new, "item": item.kk2_id, "kind": int(let_go.kind), "amount": amount, "day": str(day)}
    rings = leave(connection, person, "waive", case.subject, detail, happened)
    return Done(rings, f"{in_kroner(amount)} kr {part} are waived on {case.name} from {day}")


def withdraw_waiver(connection: Connection, case_id: int, waiver_id: int, *, person: Person) -> Done:
    """Take back a waiver that a person gave: it is owed again."""
    need_reason(person, "to withdraw a waiver")
    (case,) = case_records.lock(connection, case_id)
    case_records.open_to_correction(case)
    waiver = _row(connection, "waiver", case, waiver_id)
    if waiver.gone:
        raise too_late(connection, case.subject, f"has waiver {waiver_id} withdrawn already")
    if not waiver.kk2_id.startswith(BY_THE_DESK):
        raise Refusal(f"waiver {waiver_id} of {case.name} was given in KK2: KK2's file withdraws it")
    happened = case_records.take(connection, [case.record("withdrawn_waiver", kk2_id=waiver.kk2_id)])
    rings = leave(connection, person, "withdraw waiver", case.subject, {"id": waiver.kk2_id}, happened)
    return Done(rings, f"{in_kroner(waiver.amount)} kr that were waived on {case.name} are owed again")


def _row(connection: Connection, table: str, case: Corrected, row_id: int) -> _Row:
    query = {
        "item": "SELECT kk2_id, amount, withdrawn_at IS NOT NULL FROM item WHERE id = :id AND case_id = :case",
        "waiver": "SELECT kk2_id, amount, withdrawn_at IS NOT NULL FROM waiver WHERE id = :id AND case_id = :case",
    }[table]
    found = connection.execute(text(query), {"id": row_id, "case": case.stands.case.id}).one_or_none()
    if found is None:
        raise Refusal(f"{case.name} has no {table} {row_id}: kk2 case show names them")
    return _Row(*found)


def _owed(case: Corrected, let_go: LetGo, day: date) -> Money:
    """What is owed of an item, or of its interest, on a day; refuses a part that the item does not have."""
    for claim in queries.balance(case.stands.facts, day).claims:
        if claim.item_id != let_go.item_id:
            continue
        if claim.kind == let_go.kind.name.lower():
            return claim.open
        if let_go.kind is Kind.INTEREST and claim.kind == "principal":
            return claim.interest
        raise Refusal(
            f"item {let_go.item_id} of {case.name} is {claim.kind}: it has no {let_go.kind.name.lower()}"
        )
    raise Refusal(f"item {let_go.item_id} of {case.name} is withdrawn: nothing of it is owed")


def _not_twice(connection: Connection, case: Corrected, claim: Claim, due_on: date, person: Person) -> None:
    alike = connection.execute(
        text(
            "SELECT i.id FROM item i JOIN audit a ON a.subject = :subject AND a.act = 'add cost' AND a.reason = :reason "
            "AND a.detail->>'id' = i.kk2_id WHERE i.case_id = :case AND i.withdrawn_at IS NULL "
            "AND (i.kind, i.amount, i.due_on) = (:kind, :amount, :due)"
        ),
        {
            "subject": case.subject,
            "reason": person.reason,
            "case": case.stands.case.id,
            "kind": int(claim.kind),
            "amount": claim.amount,
            "due": due_on,
        },
    ).scalar()
    if alike is not None:
        raise too_late(
            connection,
            case.subject,
            f"has it already, for the same reason: item {alike} (say how a second one differs)",
        )


def _not_waived_twice(
    connection: Connection, case: Corrected, let_go: LetGo, amount: Money, day: date, person: Person
) -> None:
    alike = connection.execute(
        text(
            "SELECT id FROM waiver WHERE case_id = :case AND item_id = :item AND kind = :kind AND day = :day "
            "AND reason = :reason AND (amount = :amount OR :whole) AND withdrawn_at IS NULL"
        ),
        {
            "case": case.stands.case.id,
            "item": let_go.item_id,
            "kind": int(let_go.kind),
            "day": day,
            "reason": person.reason[:200],
            "amount": amount,
            "whole": let_go.amount is None,
        },
    ).scalar()
    if alike is not None:
        raise too_late(
            connection,
            case.subject,
            f"has it already, for the same reason: waiver {alike} (say how a second one differs)",
        )
