"""Merge a case into another of the same debtor (kumulasjon), carrying over what is owed, and part them again."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, text

from ops.queries import cases as queries
from ops.queries.cases import Owed
from ops.repairs import case_records
from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late
from ops.repairs.case_records import Corrected
from pipeline.allocation import CaseFacts
from schemas.case import CaseState, Kind, OpenItem
from schemas.money import Money, in_kroner


def merge(connection: Connection, case_id: int, into_id: int, *, person: Person) -> Done:
    """Merge a case: it stands as closed, its KID leads to the main case, and what is owed of its claims is owed there.

    What its payments covered stays covered where it is. Interest that was taken or waived is not asked for again, and
    interest on what is paid, which no claim can carry, is let go: the sentence and the audit say how much.
    """
    need_reason(person, "to merge a case")
    case, main = case_records.lock(connection, case_id, into_id)
    merged = case.stands.case
    if merged.state == "merged":
        raise too_late(connection, case.subject, f"is merged already, into case id:{merged.merged_into}")
    case_records.open_to_correction(case)
    case_records.open_to_correction(main)
    _fit(case, main)
    _one_account(connection, case, main)
    if merged.being_settled or main.stands.case.being_settled:
        raise Refusal(f"{case.name} or {main.name} is being settled again: merge them in a moment")
    carried = _carried(connection, case, main)
    merged_now = case.record("merge", into_no=main.stands.case.case_no)
    happened = case_records.take(connection, [*carried.records, merged_now])
    detail = {"into": into_id, "carried": carried.claims, "interest_let_go": carried.let_go}
    rings = leave(connection, person, "merge case", case.subject, detail, happened)
    lost = f"; {in_kroner(carried.let_go)} kr of interest on what is paid is let go" if carried.let_go else ""
    return Done(
        rings,
        f"{case.name} is merged into {main.name}, which owes {in_kroner(carried.amount)} kr of it{lost}",
    )


def unmerge(connection: Connection, case_id: int, *, person: Person) -> Done:
    """Part a merged case again: what a person's merge carried over is its own once more. Payments stay where they are."""
    need_reason(person, "to part a merged case")
    into = connection.execute(
        text("SELECT merged_into FROM kk2_case WHERE id = :id"), {"id": case_id}
    ).scalar()
    case, main = case_records.lock(connection, case_id, into or case_id)
    main_id = main.stands.case.id
    if into is None or case.stands.case.merged_into != main_id:
        raise too_late(connection, case.subject, "is not merged")
    if main.stands.case.state == "merged":
        raise Refusal(f"{main.name}, into which it went, is merged itself: part that one first")
    _by_a_person(connection, case, main_id)
    happened = case_records.take(connection, [case.record("unmerge")])
    rings = leave(connection, person, "unmerge case", case.subject, {"from": main_id}, happened)
    return Done(
        rings, f"{case.name} is parted from {main.name}; payments stay on the case that they were split on"
    )


def _fit(case: Corrected, main: Corrected) -> None:
    one, other = case.stands.case, main.stands.case
    if one.id == other.id:
        raise Refusal(f"{case.name} cannot be merged into itself")
    if (one.company, one.client) != (other.company, other.client):
        raise Refusal(
            f"{main.name} is of {other.company}/{other.client}, {case.name} of {one.company}/{one.client}: merge within one client"
        )
    if one.customer_no != other.customer_no:
        raise Refusal(
            f"{main.name} is customer {other.customer_no}'s, {case.name} is customer {one.customer_no}'s: merge one debtor's cases"
        )


@dataclass(slots=True)
class _Carried:
    """What the main case gets: each claim with what is left of it, and the interest of it that is not owed a second time.

    `let_go`: interest that had run on what is paid by now, and that no claim of the main case can carry.
    """

    records: list[dict[str, object]] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    amount: Money = 0
    let_go: Money = 0


def _carried(connection: Connection, case: Corrected, main: Corrected) -> _Carried:
    facts, today = case.stands.facts, case.today
    there = {item.invoice_no for item in main.stands.facts.items if item.kind is Kind.PRINCIPAL} - {""}
    interest = {claim.item_id: claim.interest for claim in queries.balance(facts, today).claims}
    whole = queries.balance(facts, _last_day(facts, today)).claims
    left = [(claim, _left(claim, facts)) for claim in whole if claim.invoice_no not in there]
    ids = case_records.new_ids(connection, "item", len(left))
    carried = _Carried()
    for (claim, amount), new in zip(left, ids, strict=True):
        item = OpenItem(
            claim.item_id, Kind[claim.kind.upper()], max(amount, 0), claim.due_on, claim.invoice_no
        )
        owed_anew = _interest_anew(facts, item, today) if amount > 0 else 0
        too_much = owed_anew - interest[claim.item_id]
        carried.let_go += max(-too_much, 0)
        if amount <= 0:
            continue
        kk2_id = f"{new}:{claim.item_id}"
        of = {"kind": int(item.kind), "amount": amount, "day": item.due_on, "invoice_no": item.invoice_no}
        carried.records.append(main.record("item", kk2_id=kk2_id, **of))
        carried.claims.append(kk2_id)
        carried.amount += amount
        if too_much > 0:
            (waiver,) = case_records.new_ids(connection, "waiver", 1)
            why = f"interest taken or waived on {case.name} before it was merged"
            of = {"kind": int(Kind.INTEREST), "amount": too_much, "day": today, "reason": why}
            carried.records.append(main.record("waiver", kk2_id=waiver, item_kk2_id=kk2_id, **of))
    return carried


def _left(claim: Owed, facts: CaseFacts) -> Money:
    """What payments and waivers left of a claim; what Visma moved on its invoice follows the invoice by itself."""
    return claim.open - claim.credit - sum(m.amount for m in facts.movements if m.item_id == claim.item_id)


def _interest_anew(facts: CaseFacts, item: OpenItem, day: date) -> Money:
    """The interest on a day of a claim that is carried over, from its due date."""
    moved = tuple(m for m in facts.movements if m.item_id == item.id)
    alone = facts._replace(items=(item,), waivers=(), payments=(), movements=moved, state=CaseState.OPEN)
    return queries.balance(alone, day).interest


def _last_day(facts: CaseFacts, today: date) -> date:
    """A day on which all that the case has is known, also a waiver or movement that is dated ahead."""
    days = (
        [w.day for w in facts.waivers]
        + [m.day for m in facts.movements]
        + [p.interest_on for p in facts.payments]
    )
    return max([today, *days])


def _one_account(connection: Connection, case: Corrected, main: Corrected) -> None:
    """Refuse where the two stand in different sub-ledger accounts: payments would be posted to the wrong one."""
    accounts = connection.execute(
        text("SELECT DISTINCT sub_ledger_account FROM kk2_case WHERE id = ANY(:ids) ORDER BY 1"),
        {"ids": [case.stands.case.id, main.stands.case.id]},
    ).scalars()
    found = list(accounts)
    if len(found) > 1:
        raise Refusal(
            f"{case.name} and {main.name} stand in sub-ledger accounts {' and '.join(found)}: payments on one case go to one account"
        )


def _by_a_person(connection: Connection, case: Corrected, main_id: int) -> None:
    """Refuse where KK2 merged: it gave the main case claims of its own, which only its file takes back."""
    last = connection.execute(
        text(
            "SELECT act, (detail->>'into')::bigint FROM audit WHERE subject = :subject AND act IN ('merge case', 'unmerge case') "
            "ORDER BY id DESC LIMIT 1"
        ),
        {"subject": case.subject},
    ).one_or_none()
    if last is None or tuple(last) != ("merge case", main_id):
        raise Refusal(
            f"{case.name} was merged by KK2, with claims of its own on the main case: KK2's file parts it"
        )
