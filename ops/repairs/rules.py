"""What a person may do with the rule of a payer: switch it on, switch it off, and say that a proposed one is no rule."""

from collections.abc import Callable

from sqlalchemy import Connection, text

from ops.queries import rules as queries
from ops.queries.rules import RuleRow
from ops.repairs.acts import Done, Person, Refusal, leave, need_reason, too_late
from ops.repairs.payments import release
from pipeline.matching import ASSIGNS_FOR_A_RULE
from schemas.money import Money, in_kroner
from schemas.wording import counted
from workers import archive
from workers.facts.payers import payer_hash
from workers.settings import Settings


def switch_on(
    connection: Connection, payment_id: int, site: Callable[[], Settings], *, person: Person
) -> Done:
    """Switch on the rule that is proposed for the payer of a payment: what finds no case by its KID goes to that case."""
    need_reason(person, "to send a payer's money to one case from now on")
    rule = _proposed(connection, payment_id)
    state = connection.execute(
        text("SELECT state FROM kk2_case WHERE id = :id FOR SHARE"), {"id": rule.case_id}
    ).scalar_one()
    if state != "open":
        raise Refusal(f"case {rule.case_no} is {state}: a rule sends money only to an open case")
    rule_id = _store(connection, rule, site, person, off=False)
    detail = {"case_id": rule.case_id, "payment_id": rule.payment_id, "times": rule.times}
    rings = leave(connection, person, "rule on", f"rule {rule_id}", detail, [])
    return Done(
        rings,
        f"rule {rule_id} is on: what the payer of payment {rule.payment_id} sends without a case goes to {rule.case_no}",
        rule_id,
    )


def turn_down(
    connection: Connection, payment_id: int, site: Callable[[], Settings], *, person: Person
) -> Done:
    """Say that what is proposed for the payer of a payment is no rule: it comes back after as many new assigns."""
    need_reason(person, "to turn a proposed rule down")
    rule = _proposed(connection, payment_id)
    rule_id = _store(connection, rule, site, person, off=True)
    detail = {"case_id": rule.case_id, "payment_id": rule.payment_id, "times": rule.times}
    rings = leave(connection, person, "rule off", f"rule {rule_id}", detail, [])
    return Done(
        rings,
        f"the payer of payment {rule.payment_id} gets no rule, until {counted(ASSIGNS_FOR_A_RULE, 'payment')} more are assigned",
    )


def switch_off(connection: Connection, rule_id: int, *, person: Person) -> Done:
    """Switch a rule off: what its payer sends waits for a person again. What it sent stays where it is."""
    need_reason(person, "to switch a rule off")
    done = connection.execute(
        text(
            "UPDATE payer_rule SET off_at = now(), off_by = :actor WHERE id = :id AND off_at IS NULL RETURNING case_id"
        ),
        {"id": rule_id, "actor": person.actor},
    ).scalar()
    subject = f"rule {rule_id}"
    if done is None:
        raise too_late(connection, subject, "is not there, or is off already")
    sent = connection.execute(
        text("SELECT count(*) FROM payment WHERE rule_id = :id"), {"id": rule_id}
    ).scalar_one()
    rings = leave(connection, person, "rule off", subject, {"case_id": done, "sent": sent}, [])
    return Done(rings, f"{subject} is off; it sent {counted(sent, 'payment')}, which stay where they are")


def release_parked(
    connection: Connection, rule_id: int, payments: int, amount: Money, *, person: Person
) -> Done:
    """Release what waits of a rule's payer: it is matched anew, and the rule sends it to its case.

    `payments` and `amount` are what the person was shown; if something else waits now, nothing is released.
    """
    rule = queries.stored(connection, rule_id)
    if rule is None or rule.state != "on":
        raise too_late(connection, f"rule {rule_id}", "is not on, and sends nothing")
    now = queries.parked(connection, rule)
    if not now.payment_ids:
        raise Refusal(f"nothing waits that rule {rule_id} would send to case {rule.case_no}")
    if (len(now.payment_ids), now.amount) != (payments, amount):
        raise Refusal(
            f"of the rule's payer now wait {counted(len(now.payment_ids), 'payment')}, {in_kroner(now.amount)} kr; "
            f"shown before: {payments}, {in_kroner(amount)} kr: look at them again"
        )
    return release(connection, now.payment_ids, person=person)


def _proposed(connection: Connection, payment_id: int) -> RuleRow:
    rule = queries.of_payer(connection, payment_id)
    if rule is None:
        raise Refusal(
            f"no rule is proposed for the payer of payment {payment_id}: people must have assigned "
            f"{counted(ASSIGNS_FOR_A_RULE, 'payment')} of one account to one case, and none to another"
        )
    return rule


def _store(
    connection: Connection, rule: RuleRow, site: Callable[[], Settings], person: Person, *, off: bool
) -> int:
    """Store the rule under the payer's hash; two who switch the same one on at the same time get one."""
    account = connection.execute(
        text("SELECT debit_account FROM payment WHERE id = :id"), {"id": rule.payment_id}
    ).scalar_one()
    made: int | None = connection.execute(
        text(
            "INSERT INTO payer_rule (company, payer, case_id, payment_id, made_by, reason, off_at, off_by) "
            "VALUES (:company, :payer, :case, :payment, :actor, :reason, CASE WHEN :off THEN now() END, "
            "CASE WHEN :off THEN :actor ELSE '' END) ON CONFLICT (payer) WHERE off_at IS NULL DO NOTHING RETURNING id"
        ),
        {
            "company": rule.company,
            "payer": payer_hash(archive.fingerprint_key(site()), rule.company, account),
            "case": rule.case_id,
            "payment": rule.payment_id,
            "actor": person.actor,
            "reason": person.reason,
            "off": off,
        },
    ).scalar()
    if made is None:
        raise Refusal(f"the payer of payment {rule.payment_id} has a rule that is on: kk2 rule list")
    return made
